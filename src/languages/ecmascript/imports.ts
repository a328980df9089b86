/** Imports of TypeScript and JavaScript, and their resolution. */
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
  type ImportRules,
  joinTreePath,
  manifestsNamed,
  parentFolder,
  type SourceTree,
  stringOf,
  stringsIn,
  tableEntries,
  valueAt,
} from "../source-tree.ts";

const noBinding: ImportedName = { local: "", imported: "*" };

/** Finds `import`, `export ... from`, and `require()` and `import()` of a literal; type-only imports too. */
export function ecmascriptImports(root: Node): Import[] {
  // Calls are visited only in files that may contain an importing one.
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

/** Module and names of an import; null for a node that is not one. */
type ImportBinding = Pick<Import, "specifier" | "names"> | null;

function declaredImport(node: Node): ImportBinding {
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

/** Names that an import or export clause binds. */
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

/** Import by `require("x")` or `import("x")`, with the names that an enclosing declaration binds. */
function calledImport(node: Node): ImportBinding {
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

/** Content of a string literal without substitutions; null for any other node. */
function literal(node: Node | null): string | null {
  if (node?.type !== "string" && node?.type !== "template_string") return null;
  if (childOfType(node, "template_substitution") !== null) return null;
  return unquoted(node.text);
}

function unquoted(text: string): string {
  return /^(["'`])(.*)\1$/s.exec(text)?.[2] ?? text;
}

const extensions = [".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/** Source extensions by the compiled extension that an import may name. */
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

/**
 * Resolves relative paths with missing or compiled extensions, `paths` and `baseUrl` of the nearest
 * tsconfig, `#imports`, and packages of the same repository by name: through `exports`, the entry points of
 * `package.json`, or the sources that a built file comes from.
 */
export function ecmascriptImportRules(tree: SourceTree): ImportRules {
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
  const locate = (from: string, specifier: string): string | null => {
    const folder = parentFolder(from);
    if (/^\.\.?(\/|$)/.test(specifier))
      return moduleFile(tree, joinTreePath(folder, specifier), byFolder);
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
  return {
    resolve(from, { specifier }) {
      const file = locate(from, specifier.replace(/[?].*$/, ""));
      return file === null || file === from ? [] : [file];
    },
  };
}

/** File of an imported path: as written, with an extension, a package's entry, or a folder's index. */
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

/** File of a subpath of a package ("" is its entry, else `/...`). */
function packageFile(tree: SourceTree, { folder, table }: Package, subpath: string): string | null {
  const exported = valueAt(table, "exports");
  if (exported !== undefined) {
    const isEntry =
      typeof exported === "string" || tableEntries(exported).every(([k]) => k[0] !== ".");
    const map = isEntry ? { ".": exported } : exported;
    const file = mappedFile(tree, folder, map, `.${subpath}`);
    if (file !== null) return file;
  }
  const entryPoints = ["source", "types", "module", "main"].map((key) =>
    stringOf(valueAt(table, key)),
  );
  const paths =
    subpath === "" ? [...entryPoints, "src/index", "index"] : [subpath, `src${subpath}`];
  for (const path of paths) {
    const file = path === null ? null : sourceFile(tree, folder, path);
    if (file !== null) return file;
  }
  return null;
}

/** File that a key of an `exports` or `imports` table maps to, with `*` patterns and conditions. */
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

/** Targets in nested conditions, at most `depth` levels deep. */
function conditionTargets(value: unknown, depth = 8): string[] {
  if (typeof value === "string") return [value];
  if (depth === 0) return [];
  return Object.values(Object(value) as object).flatMap((inner) =>
    conditionTargets(inner, depth - 1),
  );
}

/** File of a path in a package; a built file (`dist/x.js`) resolves to its source (`src/x.ts`). */
function sourceFile(tree: SourceTree, folder: string, path: string): string | null {
  const clean = path.replace(/^\.?\//, "").replace(/\.d\.([cm]?)ts$/, ".$1js");
  const sources = [clean, clean.replace(/^(dist|build|lib|out)\//, "src/")];
  sources.push(...sources.map((one) => one.replace(/^src\/(esm|cjs|types)\//, "src/")));
  for (const source of sources) {
    const base = joinTreePath(folder, source);
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
        : stringsIn(targets).map((target) =>
            joinTreePath(folder, base, target.replaceAll("*", star)),
          );
    });
    return baseUrl === null ? mapped : [...mapped, joinTreePath(folder, base, specifier)];
  };
}

/** Text that the `*` of a pattern matches; "" for an equal pattern without `*`; null without a match. */
function wildcardMatch(pattern: string, specifier: string): string | null {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === specifier ? "" : null;
  return specifier.length >= before.length + after.length &&
    specifier.startsWith(before) &&
    specifier.endsWith(after)
    ? specifier.slice(before.length, specifier.length - after.length)
    : null;
}
