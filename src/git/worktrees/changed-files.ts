/**
 * Changed files of a worktree and of the operator's working tree. Only files are read, by lstat and without following
 * links; a worker's git dir, index and commits are never read.
 */
import { readlinkSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lstatIfPresent, makeAccessible } from "../../std/files.ts";
import { must, nulSplit } from "../git.ts";
import type { Oid } from "../objects.ts";
import { cachedFilters, inPrivate, randomPath, withPrivateGit } from "../private-dir.ts";
import type { Repository } from "../repository.ts";
import { pathText } from "../trees.ts";
import { heldIndex, type Worktree } from "./worktree-files.ts";

export interface FileChange {
  /** Repo-relative, with `/`. */
  path: string;
  status: "added" | "modified" | "deleted" | "type_changed";
  /** New mode in git's form; "000000" when deleted. */
  mode: string;
  oldMode: string;
  /**
   * `gitlink` is a nested repository or, when modified, a submodule that was changed or moved. `other`
   * can never land: devices, pipes, names that are not UTF-8, and files with a second hard link, through
   * which another process could change the content.
   */
  kind: "file" | "symlink" | "gitlink" | "other";
  linkTarget: string | null;
  /** Bytes; 0 when deleted. */
  size: number;
  /** Of a submodule without other changes: the commit, known on this machine, that was checked out in it. */
  movedTo?: Oid;
}

const statusArgs = ["status", "--porcelain=v2", "-z", "--no-renames"];

/**
 * Paths outside submodules that differ between the base and the worktree: untracked files included, ignored ones not; a
 * rename is a deletion and an addition. In git's order of paths. With `normal`, an untracked folder is one entry.
 */
export function filesChanged(
  r: Repository,
  t: Worktree,
  untrackedFiles: "all" | "normal",
): Promise<FileChange[]> {
  const options = { near: t.meta, workTree: t.path, head: t.base, filters: cachedFilters(r) };
  const args = [...statusArgs, `--untracked-files=${untrackedFiles}`];
  return withPrivateGit(r, options, async (g) => {
    const status = async (index: string): Promise<Buffer> => {
      const output = await inPrivate(g, args, { index });
      if (!output.stderr.includes("Permission denied")) {
        return must(Promise.resolve(output), "looking for changes");
      }
      // The worker made some of its files unreadable; they are part of the change all the same.
      makeAccessible(t.path);
      return must(inPrivate(g, args, { index }), "looking for changes");
    };
    const changes = parseStatus(await status(heldIndex(t)), t.path);
    if (changes !== null) return changes;
    // The index differs from the base, so it was tampered with; read the status with a new one.
    const index = randomPath(g.dir, "index");
    await must(inPrivate(g, ["read-tree", t.base], { index }), "reading the base");
    return parseStatus(await status(index), t.path) ?? [];
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
    const args = [...statusArgs, "--untracked-files=all", "--ignore-submodules=dirty"];
    const status = await must(inPrivate(g, args), "looking for changes");
    return parseStatus(status, r.topLevel) ?? [];
  });
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
