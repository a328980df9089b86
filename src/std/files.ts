/** Reading and replacing whole files; inspecting and removing folders that other processes write to. */
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * Writes a file so that readers see the old content or the new, never a part: a temporary file beside
 * it, then a rename. Creates missing folders. `durable` also waits for the disk (file, then folder).
 * The temporary file is created exclusively, so that a link planted under its name is not followed.
 * Throws the file system's error; the old content is then untouched.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  o: { mode?: number; durable?: boolean } = {},
): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = openSync(temporary, "wx", o.mode ?? 0o644);
    try {
      writeFileSync(file, content);
      if (o.durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (o.durable) syncFolder(folder);
}

/** Appends text to a file. Creates the file and missing folders; `mode` is that of a new file. */
export function appendToFile(path: string, text: string, o: { mode?: number } = {}): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, text, { mode: o.mode ?? 0o644 });
}

/** Waits until a folder's entries are on disk. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The text of a file; null when there is none. Throws the file system's error otherwise. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

/** `lstat` of a path; undefined when it does not exist or a parent is not a folder. */
export function lstatIfPresent(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Gives the owner read and write access to a file or folder and everything below it. Links are not followed. */
export function makeAccessible(path: string): void {
  const stats = lstatIfPresent(path);
  if (stats === undefined || stats.isSymbolicLink()) return;
  if (!stats.isDirectory()) {
    // A file with a second hard link also exists elsewhere; its mode is not changed.
    const mine = stats.isFile() && stats.nlink === 1;
    if (mine && (stats.mode & 0o600) !== 0o600) chmodSync(path, stats.mode | 0o600);
    return;
  }
  if ((stats.mode & 0o700) !== 0o700) chmodSync(path, stats.mode | 0o700);
  for (const name of readdirSync(path)) makeAccessible(join(path, name));
}

/** Removes a file or folder, read-only folders included. Links are removed, never followed. Missing is not an error. */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    makeAccessible(path);
    rmSync(path, { recursive: true, force: true });
  }
}
