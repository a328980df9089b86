/** The worktree of an attempt, and the files of dgov that belong to it. */
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

/** The content that the worktree's `.git` file must have. */
export function gitFileText(t: Worktree): string {
  return `gitdir: ${join(t.meta, "worker")}\n`;
}
