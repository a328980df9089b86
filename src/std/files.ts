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
import { DgovError } from "../error.ts";

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

/** The text of a file; null when there is none. Throws ENVIRONMENT for a folder, the file system's error otherwise. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    // An error of `read` has no path.
    throw misplaced(Object.assign(error as Error, { path })) ?? error;
  }
}

/**
 * ENVIRONMENT for an error of the file system that comes from a folder in the place of a file, or from a file or link in
 * the place of a folder; it names what has to be removed. Null for every other error, and when that is gone by now.
 */
export function misplaced(error: unknown): DgovError | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  // The code of a DOMException is a number.
  if (typeof code !== "string") return null;
  const refuse = (at: string, is: string, expected: string): DgovError =>
    new DgovError("ENVIRONMENT", `${at} is a ${is}, where dgov expects a ${expected}`, {
      hint: "look at it, remove it or move it away, then retry",
    });
  const paths = [dest, path].filter((one) => one !== undefined);
  if (code.endsWith("EISDIR")) {
    const folder = paths.find((one) => lstatIfPresent(one)?.isDirectory());
    return folder === undefined ? null : refuse(folder, "folder", "file");
  }
  // Other calls than `mkdir` fail with EEXIST on purpose.
  if (!/^(?:ENOTDIR|ELOOP)$/.test(code) && !(code === "EEXIST" && syscall === "mkdir")) return null;
  for (const one of paths) {
    for (let at = one; dirname(at) !== at; at = dirname(at)) {
      const stats = lstatIfPresent(at);
      if (stats === undefined) continue;
      if (stats.isSymbolicLink()) return refuse(at, "symbolic link", "folder");
      if (!stats.isDirectory()) return refuse(at, "file", "folder");
      break;
    }
  }
  return null;
}

/**
 * Creates a folder of dgov in a project, whose path there is `name`. Throws REFUSED for a symbolic link, which may lead
 * out of the project, and ENVIRONMENT for a file in its place.
 */
export function makeProjectFolder(root: string, name: string): void {
  const path = join(root, name);
  if (lstatIfPresent(path)?.isSymbolicLink()) {
    throw new DgovError("REFUSED", `${name} is a symbolic link; remove it, then retry`);
  }
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw misplaced(error) ?? error;
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

/** Mount points at or below a path, in the text of `/proc/self/mountinfo`. */
export function mountsBelow(mountinfo: string, path: string): string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const escaped = line.split(" ")[4] ?? "";
    const point = escaped.replace(/\\([0-7]{3})/g, (_, code) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    return point === path || point.startsWith(`${path}/`) ? [point] : [];
  });
}

/**
 * Removes a file or folder, read-only folders included. Links are removed, never followed. Missing is not an error.
 * Throws EBUSY when something is mounted there: its files are those of another place.
 */
export function removeFolder(path: string): void {
  const [mount] = mountsBelow(readText("/proc/self/mountinfo") ?? "", path);
  if (mount !== undefined) {
    throw Object.assign(new Error(`${mount} is a mount point: unmount it`), { code: "EBUSY" });
  }
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    makeAccessible(path);
    rmSync(path, { recursive: true, force: true });
  }
}
