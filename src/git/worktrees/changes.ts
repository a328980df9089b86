/** Changes of an attempt's worktree, submodules included, and damage to the worktree. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../../error.ts";
import { lstatIfPresent } from "../../std/files.ts";
import { requireOwnFolder } from "../own-folder.ts";
import type { Repository } from "../repository.ts";
import { listTree } from "../trees.ts";
import { type FileChange, filesChanged } from "./changed-files.ts";
import { changedSubmodules } from "./submodules.ts";
import { copiedPaths, gitFileText, type Worktree } from "./worktree-files.ts";

/**
 * All paths that differ between the base and the worktree: untracked files included, ignored ones not; a
 * rename is a deletion and an addition. In git's order of paths, submodules last. Throws ENVIRONMENT for a worktree
 * that was destroyed: the attempt did not decide on those deletions.
 */
export async function attemptChanges(r: Repository, t: Worktree): Promise<FileChange[]> {
  await requireIntact(r, t);
  const inSubmodules = await changedSubmodules(r, t);
  // Not even when a worker removes the pattern that ignores them.
  const copied = copiedPaths(t);
  const files = (await filesChanged(r, t, "all")).filter(({ path }) => !copied.has(path));
  return [...files, ...inSubmodules];
}

/** Throws ENVIRONMENT when the worktree was destroyed. */
export async function requireIntact(r: Repository, t: Worktree): Promise<void> {
  const loss = await destruction(r, t);
  if (loss === null) return;
  throw new DgovError("ENVIRONMENT", `the worktree was destroyed: ${loss} (${t.path})`);
}

/**
 * A description of how the worktree was destroyed; null when it was not. Destroyed is a worktree without its folder, or
 * without its `.git` file and every file of its base. One that lacks only its `.git` file was tampered with.
 */
export async function destruction(r: Repository, t: Worktree): Promise<string | null> {
  requireOwnFolder(t.path);
  const stats = lstatIfPresent(t.path);
  if (stats === undefined) return "its folder was removed";
  if (!stats.isDirectory()) return "its folder was replaced by a file";
  if ((stats.mode & 0o700) !== 0o700) chmodSync(t.path, stats.mode | 0o700);
  const isThere = (path: string): boolean => lstatIfPresent(join(t.path, path)) !== undefined;
  if (isThere(".git")) return null;
  const files = (await listTree(r, t.base)).filter(({ mode }) => mode !== "160000");
  if (files.length === 0 || files.some(({ path }) => isThere(path))) return null;
  return "its files and its .git file were removed";
}

/** A description of how the worktree's `.git` file was tampered with; null when it is intact. */
export async function detectTampering(t: Worktree): Promise<string | null> {
  const file = join(t.path, ".git");
  const stats = lstatIfPresent(file);
  if (stats === undefined) return "its .git file was removed";
  if (!stats.isFile()) return "its .git file was replaced by something else";
  if (stats.size > 4096 || readFileSync(file, "utf8") !== gitFileText(t)) {
    return "its .git file was rewritten";
  }
  return null;
}
