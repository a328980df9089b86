/** Where a project is. Kept apart from loading, because every command needs it and it costs nothing. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export const configFile = ".dgov/project.toml";

/** The nearest folder from `cwd` upwards that holds `.dgov`; null when there is none. */
export function findProject(cwd: string): string | null {
  let at = basename(cwd) === ".dgov" ? dirname(cwd) : cwd;
  for (;;) {
    const folder = join(at, ".dgov");
    if (existsSync(folder) && statSync(folder).isDirectory()) return at;
    const above = dirname(at);
    if (above === at) return null;
    at = above;
  }
}
