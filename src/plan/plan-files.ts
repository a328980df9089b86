/** Access to the files of plans and SOPs; the only part of compiling that reads the disk. */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { posix, relative, resolve, sep } from "node:path";
import { ownPath, ownRoot } from "../config/find.ts";
import { lstatIfPresent } from "../std/files.ts";
import { sortedBy } from "../std/order.ts";

/** A file's text, or the reason why it cannot be read, completing "x ...": "does not exist", "is a folder". */
type FileText = { ok: true; text: string } | { ok: false; problem: string };

export interface FolderEntry {
  name: string;
  folder: boolean;
}

/** Read access to files. Paths are relative to the project root, with `/`; names of own files begin with `.dgov/`. */
export interface PlanFiles {
  read(path: string): FileText;
  /** Entries of a folder, sorted by name; null when there is no such folder. */
  list(path: string): FolderEntry[] | null;
}

/** Size limit of a plan file or prompt. */
const bytesMax = 16 * 1024 * 1024;

/** The files below a project root and dgov's own. Links that leave these are not followed. */
export function filesOnDisk(projectRoot: string): PlanFiles {
  const roots = [projectRoot, ownRoot(projectRoot)];
  const realRoots = roots.map((root) => realpathSync(root));
  const located = (path: string): { ok: true; full: string } | { ok: false; problem: string } => {
    const named = path.startsWith(".dgov/")
      ? ownPath(projectRoot, path)
      : resolve(projectRoot, path);
    if (posix.isAbsolute(path) || !isBelowAny(roots, named)) {
      return { ok: false, problem: "is outside the project" };
    }
    try {
      const full = realpathSync(named);
      if (!isBelowAny(realRoots, full))
        return { ok: false, problem: "is a link that leaves the project" };
      return { ok: true, full };
    } catch {
      return { ok: false, problem: "does not exist" };
    }
  };
  return {
    read(path) {
      const file = located(path);
      if (!file.ok) return file;
      const stats = statSync(file.full, { throwIfNoEntry: false });
      if (stats === undefined) return { ok: false, problem: "does not exist" };
      if (stats.isDirectory()) return { ok: false, problem: "is a folder" };
      if (!stats.isFile()) return { ok: false, problem: "is not a regular file" };
      if (stats.size > bytesMax) return { ok: false, problem: "is larger than 16 MiB" };
      // The plan may be moved to the archive while it is read.
      const bytes = unlessGone(() => readFileSync(file.full));
      return bytes === null ? { ok: false, problem: "does not exist" } : decode(bytes);
    },
    list(path) {
      const folder = located(path);
      if (!folder.ok || lstatIfPresent(folder.full)?.isDirectory() !== true) return null;
      const entries = unlessGone(() => readdirSync(folder.full, { withFileTypes: true }));
      if (entries === null) return null;
      return sortedBy(
        entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() })),
        (entry) => entry.name,
      );
    },
  };
}

/** The result of a read; null when the file or folder is gone by now. */
function unlessGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function decode(bytes: Uint8Array): FileText {
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, problem: "is not UTF-8" };
  }
}

function isBelowAny(roots: readonly string[], path: string): boolean {
  return roots.some((root) => {
    const away = relative(root, path);
    return away !== ".." && !away.startsWith(`..${sep}`);
  });
}

/** Joins path parts with `/` and resolves `.` and `..`. */
export function joinPath(...parts: string[]): string {
  return posix.join(...parts);
}
