/** Imports of Python, and their resolution. */
import {
  childOfType,
  type Import,
  type ImportedName,
  lineOf,
  nodesOfType,
} from "../import-finder.ts";
import type { Node } from "../parser.ts";
import {
  childPath,
  enclosingFolders,
  type ImportRules,
  joinTreePath,
  manifestsNamed,
  parentFolder,
  type Resolver,
  type SourceTree,
  stringOf,
  stringsIn,
  valueAt,
} from "../source-tree.ts";

/**
 * Finds `import a.b as c` and `from ..a import b as c` at any depth. Imports of an `__init__.py` are
 * re-exports.
 */
export function pythonImports(root: Node, path: string): Import[] {
  const reexport = /(^|\/)__init__\.pyi?$/.test(path);
  return nodesOfType(root, ["import_statement", "import_from_statement"]).flatMap((node) => {
    const line = lineOf(node);
    const named = node.childrenForFieldName("name").filter((child) => child !== null);
    if (node.type === "import_statement") {
      return named.map((child) => {
        const { local, imported } = nameOf(child);
        return { specifier: imported, names: [{ local, imported: "*" }], line, reexport };
      });
    }
    const specifier = node.childForFieldName("module_name")?.text.replace(/\s/g, "") ?? "";
    const all = childOfType(node, "wildcard_import") !== null;
    const names = all ? [{ local: "*", imported: "*" }] : named.map(nameOf);
    return [{ specifier, names, line, reexport }];
  });
}

function nameOf(node: Node): ImportedName {
  const imported = (node.childForFieldName("name") ?? node).text.replace(/\s/g, "");
  return { local: node.childForFieldName("alias")?.text ?? imported, imported };
}

/**
 * Resolves relative imports by their dots, absolute ones below import roots: the roots that manifests
 * declare, `src`, the parents of top-level packages, and the folder of the importing file.
 */
export function pythonImportRules(tree: SourceTree): ImportRules {
  return {
    resolve: moduleResolver(tree),
    neighbours: (path) => conftestFiles(tree, path),
    loadedWith: (path) => packageFiles(tree, path),
  };
}

function moduleResolver(tree: SourceTree): Resolver {
  const roots = rootsOf(tree);
  const rootsBySegment = new Map<string, string[]>();
  const rootsWith = (segment: string): string[] => {
    const known = rootsBySegment.get(segment);
    if (known !== undefined) return known;
    const found = roots.filter((root) => hasModule(tree, childPath(root, segment)));
    rootsBySegment.set(segment, found);
    return found;
  };

  /** Path of a module without extension (`a/b` for `a.b`), below the import root nearest to the importer. */
  const locate = (folder: string, specifier: string): string | null => {
    const dots = /^\.+/.exec(specifier)?.[0].length ?? 0;
    const parts = specifier.slice(dots).split(".").filter(Boolean);
    if (dots > 0) return joinTreePath(folder, "../".repeat(dots - 1), ...parts);
    const own = enclosingFolders(folder).find(
      (one) => !tree.files.has(childPath(one, "__init__.py")),
    );
    const candidates = [...rootsWith(parts[0] ?? "")];
    candidates.sort((a, b) => distance(folder, a) - distance(folder, b));
    const paths = [...candidates, own ?? folder].map((root) => childPath(root, parts.join("/")));
    return paths.find((path) => hasModule(tree, path)) ?? null;
  };
  const located = new Map<string, Map<string, string | null>>();
  const locateOnce = (folder: string, specifier: string): string | null => {
    const here = located.get(folder) ?? new Map<string, string | null>();
    located.set(folder, here);
    let path = here.get(specifier);
    if (path === undefined) {
      path = locate(folder, specifier);
      here.set(specifier, path);
    }
    return path;
  };

  return (from, { specifier, names }) => {
    const path = locateOnce(parentFolder(from), specifier);
    if (path === null) return [];
    const holdsModules = tree.folders.has(path);
    const found = new Set<string>();
    for (const { imported } of names) {
      const inside = holdsModules && imported !== "*" ? childPath(path, imported) : null;
      const file = (inside && moduleFile(tree, inside)) ?? moduleFile(tree, path);
      if (file !== null) found.add(file);
    }
    found.delete(from);
    return [...found];
  };
}

/** Steps from one folder to another through their nearest common ancestor. */
function distance(from: string, to: string): number {
  const around = enclosingFolders(from);
  const down = enclosingFolders(to);
  const common = down.findIndex((folder) => around.includes(folder));
  return around.indexOf(down[common] ?? "") + common;
}

/** File of a module: a package's `__init__.py`, or `a.py`. */
function moduleFile(tree: SourceTree, path: string): string | null {
  const inside = tree.folders.has(path) ? ["__init__.py", "__init__.pyi"] : [];
  const files = inside.map((name) => childPath(path, name));
  if (path !== "") files.push(`${path}.py`, `${path}.pyi`);
  return files.find((file) => tree.files.has(file)) ?? null;
}

/** True for a module, or a folder that is a namespace package. */
function hasModule(tree: SourceTree, path: string): boolean {
  return moduleFile(tree, path) !== null || tree.folders.has(path);
}

/** Import roots, longest path first. */
function rootsOf(tree: SourceTree): string[] {
  const roots = new Set<string>(["", "src"]);
  const add = (folder: string, inside: string): void => {
    const root = joinTreePath(folder, inside);
    if (root !== null) roots.add(root);
  };
  for (const { folder, table } of manifestsNamed(tree, ["pyproject.toml"], Bun.TOML.parse)) {
    add(folder, "");
    add(folder, "src");
    const setuptools = valueAt(table, "tool", "setuptools");
    for (const path of stringsIn(valueAt(setuptools, "packages", "find", "where")))
      add(folder, path);
    const root = stringOf(valueAt(setuptools, "package-dir", ""));
    if (root !== null) add(folder, root);
    const poetry = valueAt(table, "tool", "poetry", "packages");
    for (const part of Array.isArray(poetry) ? poetry : []) {
      add(folder, stringOf(valueAt(part, "from")) ?? "");
    }
    const pytest = valueAt(table, "tool", "pytest", "ini_options", "pythonpath");
    for (const path of stringsIn(pytest)) add(folder, path);
  }
  for (const { folder, table } of manifestsNamed(tree, ["setup.cfg"], (source) => source)) {
    add(folder, "");
    add(folder, "src");
    const where = /^\s*where\s*=\s*(\S+)/m.exec(String(table))?.[1];
    if (where !== undefined) add(folder, where);
    const packageDir = /^\s*package_dir\s*=\s*=?\s*(\S+)\s*$/m.exec(String(table))?.[1];
    if (packageDir !== undefined) add(folder, packageDir.replace(/^=/, ""));
  }
  for (const [folder, names] of tree.folders) {
    if (folder === "" || !names.includes("__init__.py")) continue;
    const parent = parentFolder(folder);
    if (!tree.files.has(childPath(parent, "__init__.py"))) roots.add(parent);
  }
  return [...roots].sort((a, b) => b.length - a.length);
}

/** The `conftest.py` files that pytest loads before a test. */
function conftestFiles(tree: SourceTree, path: string): string[] {
  if (!/(^|\/)(test_[^/]*|[^/]*_test|conftest)\.py$/.test(path)) return [];
  return enclosingFolders(parentFolder(path))
    .map((folder) => childPath(folder, "conftest.py"))
    .filter((file) => file !== path && tree.files.has(file));
}

/** The `__init__.py` files of the packages that contain a file. */
function packageFiles(tree: SourceTree, path: string): string[] {
  return enclosingFolders(parentFolder(path))
    .map((folder) => childPath(folder, "__init__.py"))
    .filter((file) => file !== path && tree.files.has(file));
}
