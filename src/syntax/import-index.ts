/** From an import to the files it names. Pure: knows the paths of a tree and the text of its manifests. */
import type { Import } from "./imports.ts";

/** Files whose text the index wants, by name. */
export const manifestNames: ReadonlySet<string> = new Set([
  "go.mod",
  "Cargo.toml",
  "package.json",
  "tsconfig.json",
  "jsconfig.json",
  "pyproject.toml",
  "setup.cfg",
]);

export interface ImportIndex {
  /** Files of the tree that an import names; none when it leads outside. */
  resolve(from: string, imported: Import): string[];
  /** Files linked to one without an import: its package, in Go and Java. Itself left out. */
  neighbours(path: string): string[];
}

/** An index over the files of a tree, given as `/`-separated paths, and its manifests' texts by path. */
export function importIndex(
  paths: Iterable<string>,
  manifests: ReadonlyMap<string, string>,
): ImportIndex {
  void paths;
  void manifests;
  return { resolve: () => [], neighbours: () => [] };
}
