/**
 * Where a run keeps its directories: outside the repository, one path per attempt, never reused.
 *
 *     <root>/<repository id>/runs/<run>/<unit>.<attempt>/tree   the worktree
 *     <root>/<repository id>/runs/<run>/<unit>.<attempt>/meta   its private git dirs and index
 *     <root>/<repository id>/runs/<run>/scratch                 candidates, landing
 *     <root>/<repository id>/slots/                             warm gate trees
 */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { encodeRefPart } from "../git/refs.ts";

export interface RunPaths {
  /** Everything of this repository. */
  root: string;
  runs: string;
  slots: string;
}

/** The places of a repository. `configured` is `[worktree] root`, absolute, or null. */
export function runPaths(o: {
  repositoryId: string;
  configured: string | null;
  env: Record<string, string | undefined>;
}): RunPaths {
  const cache = o.env["XDG_CACHE_HOME"] ?? join(o.env["HOME"] ?? homedir(), ".cache");
  const root = join(o.configured ?? join(cache, "dgov"), o.repositoryId);
  return { root, runs: join(root, "runs"), slots: join(root, "slots") };
}

export interface AttemptPaths {
  path: string;
  meta: string;
}

/** The directories of one attempt; nothing is created. */
export function attemptPaths(
  places: RunPaths,
  of: { run: string; unit: string; attempt: number },
): AttemptPaths {
  const at = join(places.runs, of.run, `${encodeRefPart(of.unit)}.${of.attempt}`);
  return { path: join(at, "tree"), meta: join(at, "meta") };
}

/** A fresh scratch folder of the run. */
export function scratchFolder(places: RunPaths, run: string): string {
  const path = join(places.runs, run, "scratch");
  mkdirSync(path, { recursive: true });
  return path;
}
