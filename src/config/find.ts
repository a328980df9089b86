/** Finds the project of a directory. Separate from loading, since commands that need only the root load no parser. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Relative to the project root. */
export const configFile = ".dgov/project.toml";

/** The nearest folder at or above `cwd` that contains `.dgov`; null when there is none. */
export function findProject(cwd: string): string | null {
  let folder = basename(cwd) === ".dgov" ? dirname(cwd) : cwd;
  for (;;) {
    const own = join(folder, ".dgov");
    if (existsSync(own) && statSync(own).isDirectory()) return folder;
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}
