/** Import graph of a tree and the dependents of a change. Pure. */

import type { Import } from "./import-finder.ts";
import type { ImportIndex } from "./import-index.ts";

export interface ImportGraph {
  /** Files that a file imports, or uses without an import (`ImportIndex.neighbours`). */
  uses(path: string): ReadonlySet<string>;
  /** Files that import a file, or use it without an import. */
  usedBy(path: string): ReadonlySet<string>;
  /**
   * Files that reach a changed file in at most `depth` steps (default: any number). A changed file is
   * included only when it depends on another changed file or on itself through a cycle.
   */
  dependentsOf(changed: Iterable<string>, depth?: number): Set<string>;
}

interface ImportingFile {
  path: string;
  imports: readonly Import[];
}

const none: ReadonlySet<string> = new Set();

/** Builds the graph of files and their imports. */
export function importGraph(files: Iterable<ImportingFile>, index: ImportIndex): ImportGraph {
  const uses = new Map<string, Set<string>>();
  const usedBy = new Map<string, Set<string>>();
  const loadedWith = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const targets = imports.flatMap((one) => index.resolve(path, one));
    uses.set(path, new Set([...targets, ...index.neighbours(path)]));
    for (const target of uses.get(path) ?? none) addTo(usedBy, target, path);
    for (const outer of index.loadedWith(path)) addTo(loadedWith, outer, path);
  }
  return {
    uses: (path) => uses.get(path) ?? none,
    usedBy: (path) => usedBy.get(path) ?? none,
    dependentsOf(changed, depth = Number.POSITIVE_INFINITY) {
      const seeds = new Set(changed);
      // A package's `__init__.py` is loaded with each of its files, but its own imports are not followed:
      // one that imports every module would make every file depend on every other.
      const found = new Set([...seeds].flatMap((path) => [...(loadedWith.get(path) ?? none)]));
      let reached = new Set([...seeds, ...found]);
      for (let step = 0; step < depth && reached.size > 0; step++) {
        const next = new Set<string>();
        for (const path of reached) {
          for (const user of usedBy.get(path) ?? none) if (!found.has(user)) next.add(user);
        }
        for (const path of next) found.add(path);
        reached = next;
      }
      return found;
    },
  };
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}
