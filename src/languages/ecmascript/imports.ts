/** `import`, `export ... from`, `require()` and `import()` of a literal, in TypeScript and JavaScript. */
import {
  childOfType,
  childrenOf,
  type Import,
  type ImportedName,
  lineOf,
  nodesOfType,
} from "../import-finder.ts";
import type { Node } from "../parser.ts";
import {
  enclosingFolders,
  joinPath,
  manifestsNamed,
  parentFolder,
  type Resolver,
  type SourceTree,
  stringOf,
  stringsIn,
  tableEntries,
  valueAt,
} from "../source-tree.ts";

const noBinding: ImportedName = { local: "", imported: "*" };

/** Imports of TypeScript and JavaScript, type-only ones included. */
export function ecmascriptImports(root: Node): Import[] {
  // Calls are many, and few of them import.
  const calls = /\brequire\s*\(|\bimport\s*\(/.test(root.text) ? ["call_expression"] : [];
  const types = ["import_statement", "export_statement", ...calls];
  return nodesOfType(root, types).flatMap((node) => {
    const found = node.type === "call_expression" ? calledImport(node) : declaredImport(node);
    if (found === null) return [];
    const { specifier, names } = found;
    const reexport = node.type === "export_statement";
    return [{ specifier, names, line: lineOf(node), reexport }];
  });
}

type Found = Pick<Import, "specifier" | "names"> | null;

function declaredImport(node: Node): Found {
  const required = childOfType(node, "import_require_clause");
  const specifier = literal((required ?? node).childForFieldName("source"));
  if (specifier === null) return null;
  if (required !== null) {
    const local = childOfType(required, "identifier")?.text ?? "";
    return { specifier, names: [{ local, imported: "*" }] };
  }
  const clauses = childrenOf(node).flatMap((child) =>
    child.type === "import_clause" ? childrenOf(child) : [child],
  );
  const names = clauses.flatMap(bindings);
  if (names.length > 0) return { specifier, names };
  const all = node.type === "export_statement" ? { local: "*", imported: "*" } : noBinding;
  return { specifier, names: [all] };
}

/** The names a clause binds. */
function bindings(clause: Node): ImportedName[] {
  switch (clause.type) {
    case "identifier":
      return [{ local: clause.text, imported: "default" }];
    case "namespace_import":
    case "namespace_export":
      return [{ local: childrenOf(clause)[0]?.text ?? "", imported: "*" }];
    case "named_imports":
    case "export_clause":
      return childrenOf(clause).flatMap((specifier) => {
        const name = specifier.childForFieldName("name");
        if (name === null) return [];
        const imported = unquoted(name.text);
        return [
          { local: unquoted(specifier.childForFieldName("alias")?.text ?? imported), imported },
        ];
      });
    default:
      return [];
  }
}

/** `require("x")` or `import("x")`, and what a declaration around it makes of the result. */
function calledImport(node: Node): Found {
  const callee = node.childForFieldName("function");
  if (callee?.type !== "import" && callee?.text !== "require") return null;
  const argument = node.childForFieldName("arguments")?.namedChild(0) ?? null;
  const specifier = literal(argument);
  if (specifier === null) return null;
  let outer = node.parent;
  while (outer?.type === "await_expression" || outer?.type === "parenthesized_expression") {
    outer = outer.parent;
  }
  const target = outer?.type === "variable_declarator" ? outer.childForFieldName("name") : null;
  return { specifier, names: target === null ? [noBinding] : destructured(target) };
}

function destructured(target: Node): ImportedName[] {
  if (target.type === "identifier") return [{ local: target.text, imported: "*" }];
  const names = childrenOf(target).flatMap((part) => {
    if (part.type === "shorthand_property_identifier_pattern") {
      return [{ local: part.text, imported: part.text }];
    }
    const key = part.childForFieldName("key");
    const value = part.childForFieldName("value");
    return key === null || value?.type !== "identifier"
      ? []
      : [{ local: value.text, imported: unquoted(key.text) }];
  });
  return names.length > 0 ? names : [noBinding];
}

/** The text of a string literal without substitutions. */
function literal(node: Node | null): string | null {
  if (node?.type !== "string" && node?.type !== "template_string") return null;
  if (childOfType(node, "template_substitution") !== null) return null;
  return unquoted(node.text);
}

function unquoted(text: string): string {
  return /^(["'`])(.*)\1$/s.exec(text)?.[2] ?? text;
}

// ------------------------------------------------------------
//  * TypeScript and JavaScript: relative paths with guessed extensions, `paths` and `baseUrl` of the
// nearest tsconfig, and packages of the same repository by name, through `exports` or what they
// are built from.

const extensions = [".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/** What a compiled extension is written as. */
const sourceOf: Record<string, string[]> = {
  ".js": [".ts", ".tsx", ".jsx", ".d.ts"],
  ".jsx": [".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

interface Package {
  folder: string;
  table: unknown;
}

export function ecmascriptResolver(tree: SourceTree): Resolver {
  const packages = new Map<string, Package>();
  const byFolder = new Map<string, Package>();
  for (const found of manifestsNamed(tree, ["package.json"], JSON.parse)) {
    byFolder.set(found.folder, found);
    const name = stringOf(valueAt(found.table, "name"));
    if (name !== null) packages.set(name, found);
  }
  const configs = new Map<string, PathRules>();
  for (const { folder, table } of manifestsNamed(tree, configNames, Bun.JSONC.parse)) {
    const rules = pathRules(folder, table);
    if (rules !== null) configs.set(folder, rules);
  }

  const named = (specifier: string): string | null => {
    const [, name = "", rest = ""] = /^(@[^/]+\/[^/]+|[^/]+)(\/.*)?$/.exec(specifier) ?? [];
    const found = packages.get(name);
    return found === undefined ? null : packageFile(tree, found, rest);
  };
  const resolve = (from: string, specifier: string): string | null => {
    const folder = parentFolder(from);
    if (/^\.\.?(\/|$)/.test(specifier))
      return moduleFile(tree, joinPath(folder, specifier), byFolder);
    if (specifier.startsWith("/")) return null;
    if (specifier.startsWith("#")) {
      const own = enclosingFolders(folder).find((one) => byFolder.has(one));
      const found = own === undefined ? undefined : byFolder.get(own);
      return found === undefined
        ? null
        : mappedFile(tree, found.folder, valueAt(found.table, "imports"), specifier);
    }
    for (const one of enclosingFolders(folder)) {
      for (const path of configs.get(one)?.(specifier) ?? []) {
        const file = moduleFile(tree, path, byFolder);
        if (file !== null) return file;
      }
    }
    return named(specifier);
  };
  return (from, { specifier }) => {
    const file = resolve(from, specifier.replace(/[?].*$/, ""));
    return file === null || file === from ? [] : [file];
  };
}

/** A file by the path an import gives: as it is, with an extension, or a folder's index. */
function moduleFile(
  tree: SourceTree,
  path: string | null,
  packages: ReadonlyMap<string, Package>,
): string | null {
  if (path === null) return null;
  const file = path === "" ? null : plainFile(tree, path);
  if (file !== null) return file;
  const own = path === "" ? undefined : packages.get(path);
  const main = own === undefined ? null : packageFile(tree, own, "");
  return main ?? plainFile(tree, path === "" ? "index" : `${path}/index`);
}

function plainFile(tree: SourceTree, path: string): string | null {
  if (tree.files.has(path)) return path;
  const extension = /\.[cm]?jsx?$/.exec(path)?.[0] ?? "";
  const written = (sourceOf[extension] ?? []).map((to) => path.slice(0, -extension.length) + to);
  const guessed = extensions.map((extra) => path + extra);
  return [...written, ...guessed].find((file) => tree.files.has(file)) ?? null;
}

/** A subpath of a package of this repository ("" its entry, else `/...`). */
function packageFile(tree: SourceTree, { folder, table }: Package, subpath: string): string | null {
  const exported = valueAt(table, "exports");
  if (exported !== undefined) {
    const whole =
      typeof exported === "string" || tableEntries(exported).every(([k]) => k[0] !== ".");
    const map = whole ? { ".": exported } : exported;
    const file = mappedFile(tree, folder, map, `.${subpath}`);
    if (file !== null) return file;
  }
  const stated = ["source", "types", "module", "main"].map((key) => stringOf(valueAt(table, key)));
  const paths = subpath === "" ? [...stated, "src/index", "index"] : [subpath, `src${subpath}`];
  for (const path of paths) {
    const file = path === null ? null : sourceFile(tree, folder, path);
    if (file !== null) return file;
  }
  return null;
}

/** The file a key of an `exports` or `imports` table leads to, `*` and conditions included. */
function mappedFile(tree: SourceTree, folder: string, map: unknown, key: string): string | null {
  for (const [pattern, value] of tableEntries(map)) {
    const star = wildcardMatch(pattern, key);
    if (star === null) continue;
    for (const target of conditionTargets(value)) {
      const file = sourceFile(tree, folder, target.replaceAll("*", star));
      if (file !== null) return file;
    }
  }
  return null;
}

/** The targets in nested conditions, as deep as anybody nests them. */
function conditionTargets(value: unknown, depth = 8): string[] {
  if (typeof value === "string") return [value];
  if (depth === 0) return [];
  return Object.values(Object(value) as object).flatMap((inner) =>
    conditionTargets(inner, depth - 1),
  );
}

/** A path in a package; what is built (`dist/x.js`) is looked for where it is built from. */
function sourceFile(tree: SourceTree, folder: string, path: string): string | null {
  const clean = path.replace(/^\.?\//, "").replace(/\.d\.([cm]?)ts$/, ".$1js");
  const sources = [clean, clean.replace(/^(dist|build|lib|out)\//, "src/")];
  sources.push(...sources.map((one) => one.replace(/^src\/(esm|cjs|types)\//, "src/")));
  for (const source of sources) {
    const base = joinPath(folder, source);
    if (base === null) continue;
    const file = plainFile(tree, base) ?? plainFile(tree, `${base}/index`);
    if (file !== null) return file;
  }
  return null;
}

type PathRules = (specifier: string) => (string | null)[];

const configNames = ["tsconfig.base.json", "tsconfig.json", "jsconfig.json"];

function pathRules(folder: string, table: unknown): PathRules | null {
  const options = valueAt(table, "compilerOptions");
  const baseUrl = stringOf(valueAt(options, "baseUrl"));
  const paths = tableEntries(valueAt(options, "paths"));
  if (baseUrl === null && paths.length === 0) return null;
  const base = baseUrl ?? ".";
  return (specifier) => {
    const mapped = paths.flatMap(([pattern, targets]) => {
      const star = wildcardMatch(pattern, specifier);
      return star === null
        ? []
        : stringsIn(targets).map((target) => joinPath(folder, base, target.replaceAll("*", star)));
    });
    return baseUrl === null ? mapped : [...mapped, joinPath(folder, base, specifier)];
  };
}

/** What the `*` of a pattern stands for; "" for a pattern without one that is the text itself. */
function wildcardMatch(pattern: string, specifier: string): string | null {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === specifier ? "" : null;
  return specifier.length >= before.length + after.length &&
    specifier.startsWith(before) &&
    specifier.endsWith(after)
    ? specifier.slice(before.length, specifier.length - after.length)
    : null;
}
