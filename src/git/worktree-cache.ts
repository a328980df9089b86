/**
 * What this process has already made of a worktree's files, so that the same files are not read
 * again: a tree or a kept commit counts only while every path is, by inode, size, mode and change
 * time, the one it was made of. A process cannot set a change time.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Oid } from "./objects.ts";
import type { Worktree } from "./worktree.ts";

interface Seen {
  paths: string;
  result: Oid;
}

const trees = new WeakMap<Worktree, Seen>();
const kept = new WeakMap<Worktree, Seen>();

/** Identity of these paths' files at this moment. To be taken before the files are read. */
export function fileSignature(t: Worktree, paths: readonly string[]): string {
  const parts = paths.map((path) => {
    try {
      const s = lstatSync(join(t.path, path), { bigint: true });
      return `${path}\0${s.ino} ${s.size} ${s.mode} ${s.mtimeNs} ${s.ctimeNs}`;
    } catch {
      return `${path}\0gone`;
    }
  });
  return parts.sort().join("\n");
}

/** Remembers the tree that the base with exactly these paths makes. */
export function cacheTree(t: Worktree, signature: string, tree: Oid): void {
  trees.set(t, { paths: signature, result: tree });
}

export function cachedTree(t: Worktree, signature: string): Oid | null {
  const seen = trees.get(t);
  return seen?.paths === signature ? seen.result : null;
}

/** Remembers the commit that keeps these paths (and says of the rest that it was left out). */
export function cacheKeepCommit(t: Worktree, signature: string, commit: Oid): void {
  kept.set(t, { paths: signature, result: commit });
}

export function cachedKeepCommit(t: Worktree, signature: string): Oid | null {
  const seen = kept.get(t);
  return seen?.paths === signature ? seen.result : null;
}
