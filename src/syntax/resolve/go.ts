/** Go: a package is a folder, found by the module path of the nearest `go.mod` that fits. */
import { dirname, join, type Resolver, type Tree } from "./tree.ts";

export function goResolver(tree: Tree): Resolver {
  const modules: { path: string; folder: string }[] = [];
  for (const [path, text] of tree.manifests) {
    const name = /^\s*module\s+"?([^\s"]+)/m.exec(text)?.[1];
    if (name !== undefined && /(^|\/)go\.mod$/.test(path)) {
      modules.push({ path: name, folder: dirname(path) });
    }
  }
  modules.sort((a, b) => b.path.length - a.path.length);
  return (_from, { specifier }) => {
    for (const { path, folder } of modules) {
      if (specifier !== path && !specifier.startsWith(`${path}/`)) continue;
      const inside = join(folder, specifier.slice(path.length));
      const files = inside === null ? [] : goFiles(tree, inside, false);
      if (files.length > 0) return files;
    }
    return [];
  };
}

/** The other files of a file's package; tests only for a test. */
export function goNeighbours(tree: Tree, path: string): string[] {
  return goFiles(tree, dirname(path), path.endsWith("_test.go")).filter((file) => file !== path);
}

function goFiles(tree: Tree, folder: string, tests: boolean): string[] {
  return (tree.folders.get(folder) ?? [])
    .filter((name) => name.endsWith(".go") && (tests || !name.endsWith("_test.go")))
    .map((name) => (folder === "" ? name : `${folder}/${name}`));
}
