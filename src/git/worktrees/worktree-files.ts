/** The worktree of an attempt, and the files of dgov that belong to it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Oid } from "../objects.ts";

/** The worktree of an attempt. */
export interface Worktree {
  /** Root of the worktree. */
  path: string;
  /** Folder of the parent process: `index` as checked out, `worker` (the worker's git dir), `gitfile`. */
  meta: string;
  /** The commit that the attempt starts from. */
  base: Oid;
}

/** Path of the index as it was right after checkout. */
export function heldIndex(t: Worktree): string {
  return join(t.meta, "index");
}

/** List of the ignored files that the worktree got from the operator's checkout. */
function copiedList(t: Worktree): string {
  return join(t.meta, "copied.json");
}

/** Records ignored files that were put into the worktree, which are never a change of it. */
export function recordCopied(t: Worktree, paths: readonly string[]): void {
  writeFileSync(copiedList(t), JSON.stringify(paths));
}

/** Paths that `recordCopied` recorded. */
export function copiedPaths(t: Worktree): ReadonlySet<string> {
  if (!existsSync(copiedList(t))) return new Set();
  return new Set(JSON.parse(readFileSync(copiedList(t), "utf8")) as string[]);
}

/** The content that the worktree's `.git` file must have. */
export function gitFileText(t: Worktree): string {
  return `gitdir: ${join(t.meta, "worker")}\n`;
}
