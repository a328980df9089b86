/**
 * Snapshots of prepared dependency folders, path by path, by which a gate's additions are removed and its
 * changes detected.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { isOwnFolder, removeOwnFolder } from "../../git/own-folder.ts";

/** A hash of each path's identity (inode, mode, size, change time). */
export type FolderState = ReadonlyMap<string, number>;

/** Paths visited before the event loop gets a turn. */
const yieldEvery = 2000;

/** Records the state of folders below a root. Links are not followed. */
export async function readFolderState(
  root: string,
  folders: readonly string[],
): Promise<FolderState> {
  const state = new Map<string, number>();
  for await (const { path, stats } of walkFolders(root, folders)) state.set(path, identity(stats));
  return state;
}

/**
 * Removes the paths added since a snapshot. `changed` lists at most `namedMax` added or changed paths;
 * `intact` is false when paths were changed or removed, which cannot be undone: the folders must then be
 * prepared again.
 */
export async function undoAdditions(
  root: string,
  folders: readonly string[],
  before: FolderState,
): Promise<{ intact: boolean; changed: string[] }> {
  const changed: string[] = [];
  let seen = 0;
  let intact = true;
  for await (const { path, stats } of walkFolders(root, folders, (path) => !before.has(path))) {
    const known = before.get(path);
    if (known === undefined) removeOwnFolder(join(root, path));
    else seen++;
    if (known !== undefined && known === identity(stats)) continue;
    if (known !== undefined) intact = false;
    if (changed.length < namedMax) changed.push(path);
  }
  if (seen < before.size) {
    intact = false;
    if (changed.length === 0) changed.push(...folders.map((folder) => `${folder}/`));
  }
  return { intact, changed };
}

const namedMax = 20;

/** For a folder only inode and mode count: an entry added to it is detected by itself. */
function identity(stats: Stats): number {
  const { ino, mode, size, ctimeMs } = stats;
  const text = stats.isDirectory() ? `${ino} ${mode}` : `${ino} ${mode} ${size} ${ctimeMs}`;
  return Number(Bun.hash(text) & 0x1fffffffffffffn);
}

/** Folders below a root and everything in them. Links, and the entries of a `leaf`, are not followed. */
export async function* walkFolders(
  root: string,
  folders: readonly string[],
  leaf: (path: string) => boolean = () => false,
): AsyncGenerator<{ path: string; stats: Stats }> {
  const open = folders.filter((folder) => isOwnFolder(dirname(join(root, folder))));
  let visited = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    yield { path, stats };
    if (++visited % yieldEvery === 0) await Bun.sleep(0);
    if (!stats.isDirectory() || leaf(path)) continue;
    for (const name of readdirSync(join(root, path))) open.push(`${path}/${name}`);
  }
}
