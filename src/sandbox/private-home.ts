/** The home folder of commands at level `landlock`, where the operator's cannot be covered. */
import { lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { isInsideFolder } from "./view.ts";

/**
 * The links of a private home folder: the folders of the operator's home that commands may read, without caches,
 * which begin empty since they could not be written. Pure.
 */
export function homeLinks(
  home: string,
  folders: { read: readonly string[]; stores: readonly string[] },
): { at: string; to: string }[] {
  const caches = join(home, ".cache");
  const stores = folders.stores.filter((path) => !isInsideFolder(path, caches));
  const inside = [...folders.read, ...stores].filter(
    (path) => path !== home && isInsideFolder(path, home),
  );
  const outermost = inside.filter(
    (path) => !inside.some((other) => other !== path && isInsideFolder(path, other)),
  );
  return [...new Set(outermost)].map((path) => ({ at: relative(home, path), to: path }));
}

/**
 * Makes the home folder of commands, unless it exists. It is moved into its place when it is complete: commands may
 * write to that place, and no link of theirs is followed.
 */
export function makePrivateHome(path: string, links: readonly { at: string; to: string }[]): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  const made = mkdtempSync(join(dirname(dirname(path)), ".home-"));
  for (const { at, to } of links) {
    mkdirSync(dirname(join(made, at)), { recursive: true });
    symlinkSync(to, join(made, at));
  }
  try {
    renameSync(made, path);
  } catch {
    // A command of the same tree was faster.
    rmSync(made, { recursive: true, force: true });
  }
}
