/** Reading and replacing whole files. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

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
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
