/**
 * The state of the operator's dependencies at the start of a run: folders that are copied, and virtual environments
 * that commands use in place. Processes of workers can write into them, which would bring that into every gate.
 */
import { readFileSync, type Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "../../std/digest.ts";
import { walkFolders } from "./folder-state.ts";

export interface DependencyWatch {
  /** Records the state of folders, relative to the project. */
  begin(folders: readonly string[]): Promise<void>;
  /** Paths of a folder that changed since then; none for a folder that was not recorded. */
  changesIn(folder: string): Promise<string[]>;
  /** Digest of the recorded states. */
  digest(): string;
  /** Records the state of virtual environments, by absolute path, before the gates run on the base. */
  beginInPlace(environments: readonly string[]): Promise<void>;
  /** Forgets the environments that changed since then: the project's own commands install into them. */
  settleInPlace(): Promise<void>;
  /** Compares the remaining environments. */
  compareInPlace(): Promise<void>;
  /** The first change that was found in a folder or an environment, as a sentence; null without one. */
  readonly found: string | null;
}

/** Caches that tools keep in dependency folders and rewrite at any time. They are neither watched nor copied. */
export const toolCaches: readonly string[] = [".cache", ".vite", ".vite-temp", ".vitest", ".turbo"];

/** Larger files with several hard links are compared by modification time instead of digest. */
const contentBytesMax = 1024 * 1024;

/** The state of one path. */
interface PathState {
  /** Inode, mode, size and change time. */
  stamp: string;
  /** Mode and content of a file with several hard links; null for all other paths. */
  content: string | null;
}

/** Paths that the use of a Python environment adds to it: compiled modules, and the lock of uv. */
const addedByUse = /\/__pycache__(?:\/|$)|^[^/]+\/\.lock$/;

/** Changed paths that are named. */
const namedMax = 5;

/** Creates a watch that has recorded nothing. */
export function dependencyWatch(projectRoot: string): DependencyWatch {
  const recorded = new Map<string, Map<string, PathState>>();
  const inPlace = new Map<string, Map<string, PathState>>();
  let found: string | null = null;
  const changesAt = (environment: string, before: Map<string, PathState>): Promise<string[]> =>
    compare(dirname(environment), basename(environment), before);
  const note = (changed: readonly string[], where: string): void => {
    if (changed.length === 0) return;
    const named = changed.slice(0, namedMax).join(", ");
    const more = changed.length > namedMax ? ` and ${changed.length - namedMax} more` : "";
    found ??= `${named}${more}: changed in ${where} since the run started`;
  };
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
      note(changed, "the operator's checkout");
      return changed;
    },
    digest: () => sha256(JSON.stringify([recorded, inPlace].map(statesOf))),
    async beginInPlace(environments) {
      for (const path of environments) {
        inPlace.set(path, await readStates(dirname(path), basename(path)));
      }
    },
    async settleInPlace() {
      for (const [path, before] of inPlace) {
        if ((await changesAt(path, before)).length > 0) inPlace.delete(path);
      }
    },
    async compareInPlace() {
      for (const [path, before] of inPlace) {
        const where = `the environment ${path}, whose programs the gates run,`;
        note(await changesAt(path, before), where);
      }
    },
  };
}

/** Recorded states as data, in the order of their paths. */
function statesOf(recorded: ReadonlyMap<string, Map<string, PathState>>): unknown {
  const byPath = <T>(entries: Iterable<[string, T]>): [string, T][] =>
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return byPath(recorded).map(([folder, states]) => [
    folder,
    byPath(states).map(([path, { stamp, content }]) => [path, content ?? stamp]),
  ]);
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
    if (known === undefined && addedByUse.test(path)) continue;
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

/** Mode and digest of a file, of a large one size and modification time; null when it cannot be read. */
function contentOf(root: string, path: string, { mode, size, mtimeMs }: Stats): string | null {
  if (size > contentBytesMax) return `${mode} ${size} ${mtimeMs}`;
  try {
    return `${mode} ${sha256(readFileSync(join(root, path)))}`;
  } catch {
    return null;
  }
}
