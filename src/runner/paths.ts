/**
 * Directories of runs, outside the repository. A path belongs to one attempt and is not used again.
 *
 *     <root>/<repository id>/runs/<run>/<unit>.<attempt>/tree   the worktree
 *     <root>/<repository id>/runs/<run>/<unit>.<attempt>/meta   its private git dirs and index
 *     <root>/<repository id>/runs/<run>/scratch                 candidates, landing
 *     <root>/<repository id>/slots/                             warm gate trees
 *     <root>/<repository id>/taken/<plan>/<unit>/{tree,meta,base}   work opened by `dgov take`
 *     <root>/<repository id>/planner/                           checkouts of planners
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { realRoot, requireOwnFolder } from "../git/own-folder.ts";
import { encodeRefPart } from "../git/refs.ts";
import { userFolder } from "../std/user-folders.ts";

export interface RunPaths {
  /** Folder of all directories of a repository. */
  root: string;
  runs: string;
  slots: string;
}

/** The directories of a repository. `configured` is `[worktree] root`, absolute, or null. */
export function runPaths(o: {
  repositoryId: string;
  configured: string | null;
  env: Record<string, string | undefined>;
}): RunPaths {
  const cache = join(userFolder("cache", o.env), "dgov");
  const root = join(realRoot(o.configured ?? cache), o.repositoryId);
  return { root, runs: join(root, "runs"), slots: join(root, "slots") };
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
