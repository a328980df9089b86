/**
 * TypeScript and JavaScript: relative paths with guessed extensions, `paths` and `baseUrl` of the
 * nearest tsconfig, and packages of the same repository by name, through `exports` or what they
 * are built from.
 */
import {
  at,
  dirname,
  entries,
  join,
  manifestsNamed,
  type Resolver,
  type Tree,
  text,
  texts,
  upwards,
} from "./tree.ts";

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

export function ecmascriptResolver(tree: Tree): Resolver {
  const packages = new Map<string, Package>();
  const byFolder = new Map<string, Package>();
  for (const found of manifestsNamed(tree, ["package.json"], JSON.parse)) {
    byFolder.set(found.folder, found);
    const name = text(at(found.table, "name"));
    if (name !== null) packages.set(name, found);
  }
  const configs = new Map<string, PathRules>();
  for (const { folder, table } of manifestsNamed(tree, configNames, Bun.JSONC.parse)) {
    const rules = rulesOf(folder, table);
    if (rules !== null) configs.set(folder, rules);
  }

  const named = (specifier: string): string | null => {
    const [, name = "", rest = ""] = /^(@[^/]+\/[^/]+|[^/]+)(\/.*)?$/.exec(specifier) ?? [];
    const found = packages.get(name);
    return found === undefined ? null : inPackage(tree, found, rest);
  };
  const resolve = (from: string, specifier: string): string | null => {
    const folder = dirname(from);
    if (/^\.\.?(\/|$)/.test(specifier)) return fileAt(tree, join(folder, specifier), byFolder);
    if (specifier.startsWith("/")) return null;
    if (specifier.startsWith("#")) {
      const own = upwards(folder).find((one) => byFolder.has(one));
      const found = own === undefined ? undefined : byFolder.get(own);
      return found === undefined
        ? null
        : targetOf(tree, found.folder, at(found.table, "imports"), specifier);
    }
    for (const one of upwards(folder)) {
      for (const path of configs.get(one)?.(specifier) ?? []) {
        const file = fileAt(tree, path, byFolder);
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
function fileAt(
  tree: Tree,
  path: string | null,
  packages: ReadonlyMap<string, Package>,
): string | null {
  if (path === null) return null;
  const file = path === "" ? null : plainFile(tree, path);
  if (file !== null) return file;
  const own = path === "" ? undefined : packages.get(path);
  const main = own === undefined ? null : inPackage(tree, own, "");
  return main ?? plainFile(tree, path === "" ? "index" : `${path}/index`);
}

function plainFile(tree: Tree, path: string): string | null {
  if (tree.files.has(path)) return path;
  const extension = /\.[cm]?jsx?$/.exec(path)?.[0] ?? "";
  const written = (sourceOf[extension] ?? []).map((to) => path.slice(0, -extension.length) + to);
  const guessed = extensions.map((extra) => path + extra);
  return [...written, ...guessed].find((file) => tree.files.has(file)) ?? null;
}

/** A subpath of a package of this repository ("" its entry, else `/...`). */
function inPackage(tree: Tree, { folder, table }: Package, subpath: string): string | null {
  const exported = at(table, "exports");
  if (exported !== undefined) {
    const whole = typeof exported === "string" || entries(exported).every(([k]) => k[0] !== ".");
    const map = whole ? { ".": exported } : exported;
    const file = targetOf(tree, folder, map, `.${subpath}`);
    if (file !== null) return file;
  }
  const stated = ["source", "types", "module", "main"].map((key) => text(at(table, key)));
  const paths = subpath === "" ? [...stated, "src/index", "index"] : [subpath, `src${subpath}`];
  for (const path of paths) {
    const file = path === null ? null : builtFrom(tree, folder, path);
    if (file !== null) return file;
  }
  return null;
}

/** The file a key of an `exports` or `imports` table leads to, `*` and conditions included. */
function targetOf(tree: Tree, folder: string, map: unknown, key: string): string | null {
  for (const [pattern, value] of entries(map)) {
    const star = matched(pattern, key);
    if (star === null) continue;
    for (const target of strings(value)) {
      const file = builtFrom(tree, folder, target.replaceAll("*", star));
      if (file !== null) return file;
    }
  }
  return null;
}

/** The targets in nested conditions, as deep as anybody nests them. */
function strings(value: unknown, depth = 8): string[] {
  if (typeof value === "string") return [value];
  if (depth === 0) return [];
  return Object.values(Object(value) as object).flatMap((inner) => strings(inner, depth - 1));
}

/** A path in a package; what is built (`dist/x.js`) is looked for where it is built from. */
function builtFrom(tree: Tree, folder: string, path: string): string | null {
  const clean = path.replace(/^\.?\//, "").replace(/\.d\.([cm]?)ts$/, ".$1js");
  const sources = [clean, clean.replace(/^(dist|build|lib|out)\//, "src/")];
  sources.push(...sources.map((one) => one.replace(/^src\/(esm|cjs|types)\//, "src/")));
  for (const source of sources) {
    const base = join(folder, source);
    if (base === null) continue;
    const file = plainFile(tree, base) ?? plainFile(tree, `${base}/index`);
    if (file !== null) return file;
  }
  return null;
}

type PathRules = (specifier: string) => (string | null)[];

const configNames = ["tsconfig.base.json", "tsconfig.json", "jsconfig.json"];

function rulesOf(folder: string, table: unknown): PathRules | null {
  const options = at(table, "compilerOptions");
  const baseUrl = text(at(options, "baseUrl"));
  const paths = entries(at(options, "paths"));
  if (baseUrl === null && paths.length === 0) return null;
  const base = baseUrl ?? ".";
  return (specifier) => {
    const mapped = paths.flatMap(([pattern, targets]) => {
      const star = matched(pattern, specifier);
      return star === null
        ? []
        : texts(targets).map((target) => join(folder, base, target.replaceAll("*", star)));
    });
    return baseUrl === null ? mapped : [...mapped, join(folder, base, specifier)];
  };
}

/** What the `*` of a pattern stands for; "" for a pattern without one that is the text itself. */
function matched(pattern: string, specifier: string): string | null {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === specifier ? "" : null;
  return specifier.length >= before.length + after.length &&
    specifier.startsWith(before) &&
    specifier.endsWith(after)
    ? specifier.slice(before.length, specifier.length - after.length)
    : null;
}
