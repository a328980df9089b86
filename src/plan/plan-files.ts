/** The files of a plan tree: which there are, and their text. The only part of compiling that reads the disk. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { posix, relative, resolve, sep } from "node:path";
import { sortedBy } from "../std/order.ts";

/** A file's text, or why it cannot be had ("is not there", "is a folder", ...). */
export type FileText = { ok: true; text: string } | { ok: false; problem: string };

export interface FolderEntry {
  name: string;
  folder: boolean;
}

/** What reading a plan needs; tests give an object. Paths are relative to the project root, with `/`. */
export interface PlanFiles {
  read(path: string): FileText;
  /** Entries of a folder, sorted by name; null when it is none. */
  list(path: string): FolderEntry[] | null;
}

/** A plan file or prompt larger than this is refused. */
const bytesMax = 16 * 1024 * 1024;

/** The files below a project root; nothing outside it is read, links included. */
export function filesOnDisk(projectRoot: string): PlanFiles {
  const root = realpathSync(projectRoot);
  const located = (path: string): { ok: true; full: string } | { ok: false; problem: string } => {
    if (isOutside(path)) return { ok: false, problem: "lies outside the project" };
    try {
      const full = realpathSync(resolve(root, path));
      const away = relative(root, full);
      if (away === ".." || away.startsWith(`..${sep}`)) {
        return { ok: false, problem: "is a link that leaves the project" };
      }
      return { ok: true, full };
    } catch {
      return { ok: false, problem: "is not there" };
    }
  };
  return {
    read(path) {
      const file = located(path);
      if (!file.ok) return file;
      const stats = statSync(file.full);
      if (stats.isDirectory()) return { ok: false, problem: "is a folder" };
      if (!stats.isFile()) return { ok: false, problem: "is not a regular file" };
      if (stats.size > bytesMax) return { ok: false, problem: "is larger than 16 MiB" };
      return decode(readFileSync(file.full));
    },
    list(path) {
      const folder = located(path);
      if (!folder.ok || !lstatSync(folder.full).isDirectory()) return null;
      const entries = readdirSync(folder.full, { withFileTypes: true });
      return sortedBy(
        entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() })),
        (entry) => entry.name,
      );
    },
  };
}

function decode(bytes: Uint8Array): FileText {
  try {
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, problem: "is not UTF-8" };
  }
}

/** Files given as an object, by path; a path that ends in `/` is an empty folder. */
export function filesInMemory(texts: Readonly<Record<string, string>>): PlanFiles {
  const folders = new Map<string, Map<string, boolean>>();
  for (const file of Object.keys(texts)) {
    const names = file.split("/");
    for (const [depth, name] of names.entries()) {
      const parent = names.slice(0, depth).join("/");
      if (name === "") {
        folders.set(parent, new Map());
        continue;
      }
      const entries = folders.get(parent) ?? new Map<string, boolean>();
      folders.set(parent, entries.set(name, depth < names.length - 1));
    }
  }
  return {
    read(path) {
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
      if (text !== undefined) return { ok: true, text };
      if (isOutside(path)) return { ok: false, problem: "lies outside the project" };
      return { ok: false, problem: folders.has(path) ? "is a folder" : "is not there" };
    },
    list(path) {
      const entries = folders.get(path);
      if (entries === undefined) return null;
      return sortedBy(
        [...entries].map(([name, folder]) => ({ name, folder })),
        (entry) => entry.name,
      );
    },
  };
}

function isOutside(path: string): boolean {
  return posix.isAbsolute(path) || path === ".." || path.startsWith("../");
}

/** Joins path parts with `/`, resolving `.` and `..`. */
export function joinPath(...parts: string[]): string {
  return posix.join(...parts);
}
