/** Imports of Go, and their resolution. */
import { type Import, lineOf, nodesOfType } from "../import-finder.ts";
import type { Node } from "../parser.ts";
import {
  childPath,
  type ImportRules,
  joinTreePath,
  parentFolder,
  type Resolver,
  type SourceTree,
} from "../source-tree.ts";

/** Finds `import name "path"`; each import binds a whole package. */
export function goImports(root: Node): Import[] {
  return nodesOfType(root, ["import_spec"]).map((node) => {
    const specifier = (node.childForFieldName("path")?.text ?? "").slice(1, -1);
    const alias = node.childForFieldName("name")?.text ?? packageName(specifier);
    const local = alias === "_" ? "" : alias === "." ? "*" : alias;
    const names = [{ local, imported: "*" }];
    return { specifier, names, line: lineOf(node), reexport: false };
  });
}

/** Conventional name of a package: its last path segment, or the one before a major version. */
function packageName(path: string): string {
  const parts = path.split("/");
  const last = parts.at(-1) ?? "";
  const named =
    /^v\d+$/.test(last) && parts.length > 1 ? parts.at(-2) : last.replace(/\.v\d+$/, "");
  return named ?? last;
}

/**
 * Resolves a package to the files of its folder, by the longest matching module path of a `go.mod`. Files of a
 * package are neighbours; test files only of test files.
 */
export function goImportRules(tree: SourceTree): ImportRules {
  return {
    resolve: packageResolver(tree),
    neighbours: (path) =>
      goFiles(tree, parentFolder(path), path.endsWith("_test.go")).filter((file) => file !== path),
  };
}

function packageResolver(tree: SourceTree): Resolver {
  const modules: { path: string; folder: string }[] = [];
  for (const [path, text] of tree.manifests) {
    const name = /^\s*module\s+"?([^\s"]+)/m.exec(text)?.[1];
    if (name !== undefined && /(^|\/)go\.mod$/.test(path)) {
      modules.push({ path: name, folder: parentFolder(path) });
    }
  }
  modules.sort((a, b) => b.path.length - a.path.length);
  return (_from, { specifier }) => {
    for (const { path, folder } of modules) {
      if (specifier !== path && !specifier.startsWith(`${path}/`)) continue;
      const inside = joinTreePath(folder, specifier.slice(path.length));
      const files = inside === null ? [] : goFiles(tree, inside, false);
      if (files.length > 0) return files;
    }
    return [];
  };
}

function goFiles(tree: SourceTree, folder: string, includeTests: boolean): string[] {
  return (tree.folders.get(folder) ?? [])
    .filter((name) => name.endsWith(".go") && (includeTests || !name.endsWith("_test.go")))
    .map((name) => childPath(folder, name));
}
