/** Looking at files of folders that others write to. */
import { lstatSync, type Stats } from "node:fs";

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
