/** Looking at, opening and removing folders that others write to. */
import { chmodSync, lstatSync, readdirSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";

/** What stands at a path, links not followed; undefined when nothing does or a parent is no folder. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Gives the owner access to a folder and everything below it. Links are not followed. */
export function openUp(path: string): void {
  const stats = statOf(path);
  if (stats === undefined || stats.isSymbolicLink()) return;
  if (!stats.isDirectory()) {
    // The mode of a file with a second link is somebody else's too.
    const mine = stats.isFile() && stats.nlink === 1;
    if (mine && (stats.mode & 0o600) !== 0o600) chmodSync(path, stats.mode | 0o600);
    return;
  }
  if ((stats.mode & 0o700) !== 0o700) chmodSync(path, stats.mode | 0o700);
  for (const name of readdirSync(path)) openUp(join(path, name));
}

/** Removes a folder, also one whose subfolders forbid it. Links are removed, never followed. */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    openUp(path);
    rmSync(path, { recursive: true, force: true });
  }
}
