/**
 * How prepared folders were right after they were prepared, path by path, so that what a gate adds
 * to them can be taken away again, and what it changes is noticed.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { removeFolder } from "../../std/files.ts";

/** A number for each path's identity. */
export type FolderState = ReadonlyMap<string, number>;

/** Paths looked at before other work gets its turn. */
const yieldEvery = 2000;

/** The state of folders below a root. Links are not followed. */
export async function readFolderState(
  root: string,
  folders: readonly string[],
): Promise<FolderState> {
  const state = new Map<string, number>();
  for await (const { path, stats } of walk(root, folders)) state.set(path, identity(stats));
  return state;
}

/**
 * Takes away what was added since. `changed` names what was, the first few; `intact` is false when
 * something was changed or removed, which cannot be undone: the folders must be prepared anew.
 */
export async function undoAdditions(
  root: string,
  folders: readonly string[],
  before: FolderState,
): Promise<{ intact: boolean; changed: string[] }> {
  const changed: string[] = [];
  let seen = 0;
  let intact = true;
  for await (const { path, stats } of walk(root, folders, (path) => !before.has(path))) {
    const known = before.get(path);
    if (known === undefined) removeFolder(join(root, path));
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

/** Adding to a folder changes its times and size; that is seen by the entry added. */
function identity(stats: Stats): number {
  const { ino, mode, size, ctimeMs } = stats;
  const text = stats.isDirectory() ? `${ino} ${mode}` : `${ino} ${mode} ${size} ${ctimeMs}`;
  return Number(Bun.hash(text) & 0x1fffffffffffffn);
}

async function* walk(
  root: string,
  folders: readonly string[],
  leaf: (path: string) => boolean = () => false,
): AsyncGenerator<{ path: string; stats: Stats }> {
  const open = [...folders];
  let looked = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    yield { path, stats };
    if (++looked % yieldEvery === 0) await Bun.sleep(0);
    if (!stats.isDirectory() || leaf(path)) continue;
    for (const name of readdirSync(join(root, path))) open.push(`${path}/${name}`);
  }
}
