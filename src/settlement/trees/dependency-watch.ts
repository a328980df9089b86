/**
 * The state of the operator's dependency folders at the start of a run. Processes of workers can write into them; a copy
 * of a changed folder would bring that into every gate.
 */
import { readFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../std/digest.ts";
import { walkFolders } from "./folder-state.ts";

export interface DependencyWatch {
  /** Records the state of folders, relative to the project. */
  begin(folders: readonly string[]): Promise<void>;
  /** Paths of a folder that changed since then; none for a folder that was not recorded. */
  changesIn(folder: string): Promise<string[]>;
  /** The first change that `changesIn` found, as a sentence; null without one. */
  readonly found: string | null;
}

/** Caches that tools keep in dependency folders and rewrite at any time. They are neither watched nor copied. */
export const toolCaches: readonly string[] = [".cache", ".vite", ".vite-temp", ".vitest", ".turbo"];

/** The state of one path. */
interface PathState {
  /** Inode, mode, size and change time. */
  stamp: string;
  /** Mode and digest of a file with several hard links; null for all other paths. */
  content: string | null;
}

/** Changed paths that are named. */
const namedMax = 5;

/** Creates a watch that has recorded nothing. */
export function dependencyWatch(projectRoot: string): DependencyWatch {
  const recorded = new Map<string, Map<string, PathState>>();
  let found: string | null = null;
  return {
    get found() {
      return found;
    },
    async begin(folders) {
      for (const folder of folders) recorded.set(folder, await readStates(projectRoot, folder));
    },
    async changesIn(folder) {
      const before = recorded.get(folder);
      if (before === undefined) return [];
      const changed = await compare(projectRoot, folder, before);
      if (changed.length > 0) {
        const named = changed.slice(0, namedMax).join(", ");
        const more = changed.length > namedMax ? ` and ${changed.length - namedMax} more` : "";
        found ??= `${named}${more}: changed in the operator's checkout since the run started`;
      }
      return changed;
    },
  };
}

async function readStates(root: string, folder: string): Promise<Map<string, PathState>> {
  const states = new Map<string, PathState>();
  for await (const { path, stats } of watchedPaths(root, folder)) {
    const content = stats.isFile() && stats.nlink > 1 ? contentOf(root, path, stats) : null;
    states.set(path, { stamp: stampOf(stats), content });
  }
  return states;
}

async function compare(
  root: string,
  folder: string,
  before: Map<string, PathState>,
): Promise<string[]> {
  const changed: string[] = [];
  const missing = new Set(before.keys());
  for await (const { path, stats } of watchedPaths(root, folder)) {
    missing.delete(path);
    const known = before.get(path);
    const stamp = stampOf(stats);
    if (known?.stamp === stamp) continue;
    // Another hard link to a file, made by an install elsewhere, changes its change time and nothing else.
    const content = known?.content ?? null;
    if (content !== null && contentOf(root, path, stats) === content) {
      before.set(path, { stamp, content });
    } else changed.push(path);
  }
  return [...changed, ...missing];
}

async function* watchedPaths(root: string, folder: string): ReturnType<typeof walkFolders> {
  const caches = new Set(toolCaches.map((name) => `${folder}/${name}`));
  for await (const entry of walkFolders(root, [folder], (path) => caches.has(path))) {
    if (!caches.has(entry.path)) yield entry;
  }
}

/** For a folder only inode and mode: its entries are compared by themselves. */
function stampOf(stats: Stats): string {
  const { ino, mode, size, ctimeMs } = stats;
  return stats.isDirectory() ? `${ino} ${mode}` : `${ino} ${mode} ${size} ${ctimeMs}`;
}

/** Mode and digest of a file; null when it cannot be read. */
function contentOf(root: string, path: string, { mode }: Stats): string | null {
  try {
    return `${mode} ${sha256(readFileSync(join(root, path)))}`;
  } catch {
    return null;
  }
}
