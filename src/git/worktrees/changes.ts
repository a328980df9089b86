/**
 * Changes of an attempt's worktree and of the operator's working tree. Only files are read, by lstat and
 * without following links; the worker's git dir, index and commits are never read.
 */
import { chmodSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DgovError } from "../../error.ts";
import { lstatIfPresent, makeAccessible } from "../../std/files.ts";
import { memoByOwner } from "../../std/once.ts";
import { must, nulSplit } from "../git.ts";
import type { Oid } from "../objects.ts";
import { requireOwnFolder } from "../own-folder.ts";
import { cachedFilters, inPrivate, randomPath, withPrivateGit } from "../private-dir.ts";
import type { Repository } from "../repository.ts";
import { listTree, pathText, readBlobAt, submodulePaths } from "../trees.ts";
import { gitFileText, heldIndex, type Worktree } from "./worktree.ts";

export interface FileChange {
  /** Repo-relative, with `/`. */
  path: string;
  status: "added" | "modified" | "deleted" | "type_changed";
  /** New mode in git's form; "000000" when deleted. */
  mode: string;
  oldMode: string;
  /**
   * `gitlink` is a nested repository or, when modified, a submodule folder that is not empty. `other`
   * can never land: devices, pipes, names that are not UTF-8, and files with a second hard link, through
   * which another process could change the content.
   */
  kind: "file" | "symlink" | "gitlink" | "other";
  linkTarget: string | null;
  /** Bytes; 0 when deleted. */
  size: number;
}

const statusArgs = ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all"];

/**
 * All paths that differ between the base and the worktree: untracked files included, ignored ones not; a
 * rename is a deletion and an addition. In git's order of paths, submodules last. Throws ENVIRONMENT for a worktree
 * that was destroyed: the attempt did not decide on those deletions.
 */
export async function attemptChanges(r: Repository, t: Worktree): Promise<FileChange[]> {
  await requireIntact(r, t);
  const options = { near: t.meta, workTree: t.path, head: t.base, filters: cachedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    const status = async (index: string): Promise<Buffer> => {
      const output = await inPrivate(g, statusArgs, { index });
      if (!output.stderr.includes("Permission denied")) {
        return must(Promise.resolve(output), "looking for changes");
      }
      // The worker made some of its files unreadable; they are part of the change all the same.
      makeAccessible(t.path);
      return must(inPrivate(g, statusArgs, { index }), "looking for changes");
    };
    const inSubmodules = await changedSubmodules(r, t);
    const changes = parseStatus(await status(heldIndex(t)), t.path);
    if (changes !== null) return [...changes, ...inSubmodules];
    // The index differs from the base, so it was tampered with; read the status with a new one.
    const index = randomPath(g.dir, "index");
    await must(inPrivate(g, ["read-tree", t.base], { index }), "reading the base");
    return [...(parseStatus(await status(index), t.path) ?? []), ...inSubmodules];
  });
}

/**
 * Changes of the operator's working tree against `head` (null on an unborn branch). The operator's index is
 * not read: staged and unstaged changes are the same here.
 */
export function operatorChanges(r: Repository, head: Oid | null): Promise<FileChange[]> {
  const at = head === null ? {} : { head };
  const options = { near: tmpdir(), workTree: r.topLevel, ...at, filters: cachedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    if (head !== null) await must(inPrivate(g, ["read-tree", head]), "reading HEAD");
    // The operator's submodules are checked out; only one at another commit is a change.
    const args = [...statusArgs, "--ignore-submodules=dirty"];
    const status = await must(inPrivate(g, args), "looking for changes");
    return parseStatus(status, r.topLevel) ?? [];
  });
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

/** Parses `status --porcelain=v2 -z`; null when the index differs from HEAD. */
function parseStatus(bytes: Buffer, root: string): FileChange[] | null {
  const changes: FileChange[] = [];
  for (const record of nulSplit(bytes)) {
    if (record[0] === 0x3f) {
      changes.push(untracked(record.subarray(2), root));
      continue;
    }
    // "1 XY sub mH mI mW hH hI path"
    const words = record.toString("latin1").split(" ");
    const [type, xy = "", , oldMode = "", , mode = ""] = words;
    if (type !== "1" || xy[0] !== ".") return null;
    const name = record.subarray(words.slice(0, 8).join(" ").length + 1);
    changes.push(tracked(name, root, xy[1] ?? "", oldMode, mode));
  }
  return changes;
}

function tracked(
  name: Uint8Array,
  root: string,
  letter: string,
  oldMode: string,
  mode: string,
): FileChange {
  const { path, utf8 } = pathText(name);
  const stats = utf8 ? lstatIfPresent(join(root, path)) : undefined;
  if (oldMode === "160000" && stats?.isDirectory()) {
    return { path, status: "modified", mode, oldMode, kind: "gitlink", linkTarget: null, size: 0 };
  }
  if (letter === "D" || stats === undefined || stats.isDirectory()) {
    const kind = kindOfMode(oldMode);
    return { path, status: "deleted", mode: "000000", oldMode, kind, linkTarget: null, size: 0 };
  }
  const described = describe(join(root, path), stats, utf8);
  const same = kindOfMode(oldMode) === described.kind && letter !== "T";
  return { path, status: same ? "modified" : "type_changed", mode, oldMode, ...described };
}

function untracked(name: Uint8Array, root: string): FileChange {
  const { path, utf8 } = pathText(name);
  const added = { status: "added", oldMode: "000000" } as const;
  if (path.endsWith("/")) {
    const nested = { mode: "160000", kind: "gitlink", linkTarget: null, size: 0 } as const;
    return { path: path.slice(0, -1), ...added, ...nested };
  }
  const stats = utf8 ? lstatIfPresent(join(root, path)) : undefined;
  if (stats === undefined) {
    return { path, ...added, mode: "100644", kind: "other", linkTarget: null, size: 0 };
  }
  const executable = (stats.mode & 0o100) !== 0 ? "100755" : "100644";
  const mode = stats.isSymbolicLink() ? "120000" : executable;
  return { path, ...added, mode, ...describe(join(root, path), stats, utf8) };
}

function describe(
  path: string,
  stats: Stats,
  utf8: boolean,
): Pick<FileChange, "kind" | "linkTarget" | "size"> {
  if (stats.isSymbolicLink()) {
    return { kind: "symlink", linkTarget: readlinkSync(path), size: stats.size };
  }
  const plain = utf8 && stats.isFile() && stats.nlink === 1;
  return { kind: plain ? "file" : "other", linkTarget: null, size: stats.size };
}

function kindOfMode(mode: string): FileChange["kind"] {
  if (mode === "120000") return "symlink";
  return mode === "160000" ? "gitlink" : "file";
}

/**
 * Submodules of the base whose folder in the worktree is no longer empty or absent. Git ignores them,
 * because it would read any repository that a worker puts there; this looks at names only.
 */
async function changedSubmodules(r: Repository, t: Worktree): Promise<FileChange[]> {
  const mode = "160000";
  return (await submodulesOf(r, t.base))
    .filter((path) => isOccupied(join(t.path, path)))
    .map((path) => ({
      ...{ path, status: "modified", mode, oldMode: mode },
      ...{ kind: "gitlink", linkTarget: null, size: 0 },
    }));
}

function isOccupied(path: string): boolean {
  const stats = lstatIfPresent(path);
  if (stats === undefined) return false;
  return !stats.isDirectory() || readdirSync(path).length > 0;
}

const submodulesByCommit = memoByOwner<Repository, Promise<string[]>>();

/** Folders of a commit's submodules, cached. Only commits with a `.gitmodules` file are listed. */
function submodulesOf(r: Repository, commit: Oid): Promise<string[]> {
  return submodulesByCommit(r, commit, () => listSubmodules(r, commit));
}

async function listSubmodules(r: Repository, commit: Oid): Promise<string[]> {
  if ((await readBlobAt(r, commit, ".gitmodules")) === null) return [];
  return submodulePaths(r, commit);
}
