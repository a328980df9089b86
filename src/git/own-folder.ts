/**
 * Folders of dgov outside the repository: worktrees, gate trees, scratch. Processes of workers and gates can put a
 * link in place of one. It is refused before the folder is used, so that nothing is written, read or removed in
 * the folder that the link names. Roots of these folders are real paths.
 */
import { randomBytes } from "node:crypto";
import { lstatSync, realpathSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { lstatIfPresent, removeFolder } from "../std/files.ts";

/** True for a folder that is reached without a link. */
export function isOwnFolder(path: string): boolean {
  return lstatIfPresent(path)?.isDirectory() === true && realpathSync(path) === path;
}

/** Throws ENVIRONMENT when a path or a folder above it is a link. A missing path is accepted. */
export function requireOwnFolder(path: string): void {
  const link = firstLink(path);
  if (link === null) return;
  throw new DgovError("ENVIRONMENT", `${link} was replaced by a link, which is not followed`, {
    hint: `look where it leads, then remove it: rm ${link}`,
  });
}

/** Removes a folder. Throws ENVIRONMENT when a folder above it is a link. Missing is not an error. */
export function removeOwnFolder(path: string): void {
  requireOwnFolder(dirname(path));
  removeFolder(path);
}

/** Part of the name of a folder that was moved aside, because it could not be removed. */
export const asideMark = ".left-";

/** Removes a folder. One that cannot be removed, since it holds files of another user, is moved aside. */
export function clearOwnFolder(path: string): void {
  try {
    removeOwnFolder(path);
  } catch (error) {
    if (error instanceof DgovError) throw error;
    renameSync(path, `${path}${asideMark}${randomBytes(6).toString("hex")}`);
  }
}

/** The path with links in its existing part resolved: a root that own folders are created below. */
export function realRoot(path: string): string {
  const parent = dirname(path);
  if (parent === path) return path;
  try {
    return realpathSync(path);
  } catch {
    return join(realRoot(parent), path.slice(parent.length));
  }
}

/** The topmost link among a path and the folders above it; null when there is none. */
function firstLink(path: string): string | null {
  if (isOwnFolder(path)) return null;
  const parent = dirname(path);
  if (parent === path) return null;
  const above = firstLink(parent);
  if (above !== null) return above;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? path : null;
}
