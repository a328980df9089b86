/**
 * Directories of runs, outside the repository. A path belongs to one attempt and is not used again.
 *
 *     <root>/<repository id>/runs/<run>/<unit>.<attempt>/tree   the worktree
 *     <root>/<repository id>/runs/<run>/<unit>.<attempt>/meta   its private git dirs and index
 *     <root>/<repository id>/runs/<run>/scratch                 candidates, landing
 *     <root>/<repository id>/slots/                             gate trees in folders
 *     <root>/<repository id>/layers/                            sealed layers of gate trees
 *     <root>/<repository id>/taken/<plan>/<unit>/{tree,meta,base}   work opened by `dgov take`
 *     <root>/<repository id>/planner/                           checkouts of planners
 */
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { realRoot, requireOwnFolder } from "../git/own-folder.ts";
import { encodeRefPart } from "../git/refs.ts";
import { lstatIfPresent } from "../std/files.ts";
import { userFolder } from "../std/user-folders.ts";

export interface RunPaths {
  /** The topmost folder that dgov makes: `root`, or the folder above it in the user's cache. */
  top: string;
  /** Folder of all directories of a repository. */
  root: string;
  runs: string;
  slots: string;
  layers: string;
}

/** The folder of all repositories' directories: `configured`, or one in the user's cache. */
export function worktreeRoot(o: {
  configured: string | null;
  env: Record<string, string | undefined>;
}): string {
  return o.configured ?? join(userFolder("cache", o.env), "dgov");
}

/** The directories of a repository. `configured` is `[worktree] root`, absolute, or null. */
export function runPaths(o: {
  repositoryId: string;
  configured: string | null;
  env: Record<string, string | undefined>;
}): RunPaths {
  const above = realRoot(worktreeRoot(o));
  const root = join(above, o.repositoryId);
  const top = o.configured === null ? above : root;
  return {
    top,
    root,
    runs: join(root, "runs"),
    slots: join(root, "slots"),
    layers: join(root, "layers"),
  };
}

/** Folders whose content belongs to workers and gates. */
const contentFolders: ReadonlySet<string> = new Set(["tree", "tmp"]);

/**
 * Gives this user access to dgov's folders again: processes of workers and gates run as the same user and can take it
 * away. The content of worktrees and gate trees is left alone, and links are not followed.
 */
export function restoreAccess({ top, root }: RunPaths): void {
  const restore = (path: string, inside: boolean): void => {
    try {
      const stats = lstatIfPresent(path);
      if (!stats?.isDirectory()) return;
      if ((stats.mode & 0o700) !== 0o700) chmodSync(path, stats.mode | 0o700);
      if (!inside) return;
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        restore(join(path, entry.name), !contentFolders.has(entry.name));
      }
    } catch {
      // The folder is another user's, or is gone. Its next use says so.
    }
  };
  restore(top, false);
  restore(root, true);
}

interface AttemptPaths {
  path: string;
  meta: string;
}

/** The directories of one attempt; creates nothing. */
export function attemptPaths(
  paths: RunPaths,
  of: { run: string; unit: string; attempt: number },
): AttemptPaths {
  const at = join(paths.runs, of.run, `${encodeRefPart(of.unit)}.${of.attempt}`);
  return { path: join(at, "tree"), meta: join(at, "meta") };
}

/** The directories of taken work and the file with its base; creates nothing. */
export function takeoverPaths(
  paths: RunPaths,
  of: { plan: string; unit: string },
): AttemptPaths & { base: string } {
  const at = join(paths.root, "taken", encodeRefPart(of.plan), encodeRefPart(of.unit));
  return { path: join(at, "tree"), meta: join(at, "meta"), base: join(at, "base") };
}

/** The scratch folder of a run, created when missing. Throws ENVIRONMENT when it was replaced by a link. */
export function scratchFolder(paths: RunPaths, run: string): string {
  const path = join(paths.runs, run, "scratch");
  requireOwnFolder(path);
  mkdirSync(path, { recursive: true });
  return path;
}
