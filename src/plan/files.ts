/** The files of a plan tree: which there are, and their text. The only part of compiling that reads the disk. */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { sortedBy } from "../std/order.ts";

/** What reading a plan needs; tests give an object. Paths are relative to the project root, with `/`. */
export interface PlanFiles {
  read(path: string): string | null;
  /** Names in a folder, sorted; null when it is none. */
  list(path: string): { name: string; folder: boolean }[] | null;
}

const bytesMax = 4 * 1024 * 1024;

/** The files below a project root; nothing outside it is read, links included. */
export function filesOnDisk(projectRoot: string): PlanFiles {
  const root = realpathSync(projectRoot);
  const inside = (path: string): string | null => {
    const full = resolve(root, path);
    if (!existsSync(full)) return null;
    const away = relative(root, realpathSync(full));
    return away.startsWith("..") ? null : full;
  };
  return {
    read(path) {
      const full = inside(path);
      if (full === null) return null;
      const stats = lstatSync(realpathSync(full));
      return stats.isFile() && stats.size <= bytesMax ? readFileSync(full, "utf8") : null;
    },
    list(path) {
      const full = inside(path);
      if (full === null || !lstatSync(realpathSync(full)).isDirectory()) return null;
      const entries = readdirSync(full, { withFileTypes: true }).map((entry) => ({
        name: entry.name,
        folder: entry.isDirectory(),
      }));
      return sortedBy(entries, (entry) => entry.name);
    },
  };
}

/** Files given as an object, by path. */
export function filesInMemory(texts: Record<string, string>): PlanFiles {
  return {
    read: (path) => texts[path] ?? null,
    list(path) {
      const prefix = `${path}/`;
      const names = new Map<string, boolean>();
      for (const file of Object.keys(texts)) {
        if (!file.startsWith(prefix)) continue;
        const [name = "", ...rest] = file.slice(prefix.length).split("/");
        names.set(name, rest.length > 0 || names.get(name) === true);
      }
      if (names.size === 0) return null;
      const entries = [...names].map(([name, folder]) => ({ name, folder }));
      return sortedBy(entries, (entry) => entry.name);
    },
  };
}

/** Joins path parts with `/`. */
export function joined(...parts: string[]): string {
  return join(...parts)
    .split("\\")
    .join("/");
}
