/** What an attempt's worktree is, and where its parts lie. */
import { copyFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Oid } from "./git.ts";

export interface AttemptTree {
  /** Root of the worktree. */
  path: string;
  /** The parent's folder for it: `index` as checked out, `worker` (its git dir), `gitfile`. */
  meta: string;
  /** The commit it started from. */
  base: Oid;
}

/** The index as it was right after the parent's checkout. */
export function heldIndex(t: AttemptTree): string {
  return join(t.meta, "index");
}

/** What the worktree's `.git` file must say. */
export function gitFileText(t: AttemptTree): string {
  return `gitdir: ${join(t.meta, "worker")}\n`;
}

/** Copies an index so that git trusts its entries as much as the original's, and no more. */
export function copyIndex(from: string, to: string): void {
  copyFileSync(from, to);
  // An entry as young as the index itself is compared by content; a copy must not look younger.
  const { atimeMs, mtimeMs } = statSync(from);
  utimesSync(to, atimeMs / 1000, Math.floor(mtimeMs) / 1000);
}
