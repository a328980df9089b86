/**
 * Trees and keep commits that this process made of a worktree's files, so that unchanged files are not
 * read again. An entry is valid while inode, size, mode, modification and change time of every path are
 * the same; a process cannot set a change time.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Oid } from "../objects.ts";
import type { Worktree } from "./worktree-files.ts";

interface Entry {
  signature: string;
  result: Oid;
}

const trees = new WeakMap<Worktree, Entry>();
const kept = new WeakMap<Worktree, Entry>();

/** Identity of the files at these paths. Take it before reading them. */
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

/** Caches the tree of the base with exactly these paths replaced. */
export function cacheTree(t: Worktree, signature: string, tree: Oid): void {
  trees.set(t, { signature, result: tree });
}

export function cachedTree(t: Worktree, signature: string): Oid | null {
  const entry = trees.get(t);
  return entry?.signature === signature ? entry.result : null;
}

/** Caches the commit that keeps these paths or names them as omitted. */
export function cacheKeepCommit(t: Worktree, signature: string, commit: Oid): void {
  kept.set(t, { signature, result: commit });
}

export function cachedKeepCommit(t: Worktree, signature: string): Oid | null {
  const entry = kept.get(t);
  return entry?.signature === signature ? entry.result : null;
}
