/**
 * Commits, trees and patches of a worktree's files: always the base with some paths as the worktree has
 * them now.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../../error.ts";
import { faultPoint } from "../../process/fault-injection.ts";
import { lstatIfPresent, makeAccessible } from "../../std/files.ts";
import { writeCommit } from "../commit.ts";
import { durable, must, mustLine, nulJoin } from "../git.ts";
import type { Identity, Oid } from "../objects.ts";
import {
  cachedFilters,
  copyIndex,
  inPrivate,
  type PrivateGit,
  randomPath,
  withPrivateGit,
} from "../private-dir.ts";
import type { Repository } from "../repository.ts";
import { listSubmodules } from "../submodules.ts";
import { cutText } from "../trees.ts";
import { attemptChanges } from "./changes.ts";
import { movedSubmodules } from "./submodules.ts";
import { cachedTree, cacheTree, fileSignature } from "./worktree-cache.ts";
import { heldIndex, type Worktree } from "./worktree-files.ts";

/**
 * Commits exactly these paths of the worktree on top of its base; everything else stays as in the base.
 * The same files and arguments give the same commit, unless it is signed.
 */
export async function commitChanges(
  r: Repository,
  t: Worktree,
  o: {
    paths: string[];
    message: string;
    identity: Identity;
    date: string;
    sign?: boolean;
    /** Ends signing. */
    signal?: AbortSignal;
  },
): Promise<{ commit: Oid; tree: Oid }> {
  const tree = await treeWith(r, t, o.paths);
  const { message, identity, date, sign = false, signal } = o;
  const fields = { tree, parents: [t.base], message, identity, date };
  const commit = await writeCommit(r, fields, { sign, signal });
  faultPoint("commit.built");
  return { commit, tree };
}

/**
 * A patch of the difference between base and worktree, untracked files included, cut at `bytesMax`.
 * `paths` (default: all) are files or folders.
 */
export async function diffText(
  r: Repository,
  t: Worktree,
  o: { paths?: string[]; bytesMax: number },
): Promise<string> {
  const wanted = (path: string): boolean =>
    o.paths?.some((p) => p === "" || p === path || path.startsWith(`${p}/`)) ?? true;
  const changes = (await attemptChanges(r, t)).filter((change) => wanted(change.path));
  const paths = changes.filter(({ kind }) => kind === "file" || kind === "symlink");
  const options = { near: t.meta, workTree: t.path, filters: cachedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    const names = paths.map(({ path }) => path);
    const index = await stagePaths(g, t, names, "own");
    const args = ["diff-index", "--cached", "-p", "--no-renames", "--no-ext-diff", "--no-textconv"];
    return cutText(await must(inPrivate(g, [...args, t.base], { index }), "comparing"), o.bytesMax);
  });
}

/**
 * Writes the base's tree with these paths as the worktree has them into the repository; returns its id.
 * Throws REFUSED when a path is neither a file, a link nor deleted.
 */
export async function treeWith(r: Repository, t: Worktree, all: string[]): Promise<Oid> {
  const { paths, links } = await withoutSubmodules(r, t, all);
  const linkLines = links.map(({ path, commit }) => `160000 ${commit}\t${path}\0`).join("");
  const signature = `${fileSignature(t, paths)}\n${linkLines}`;
  const known = cachedTree(t, signature);
  if (known !== null) return known;
  for (const path of paths) {
    requireLandable(t, path);
    if (!liesBehindLink(t, path) && !lstatIfPresent(join(t.path, path))?.isDirectory()) {
      makeAccessible(join(t.path, path));
    }
  }
  const options = { near: t.meta, workTree: t.path, filters: cachedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    const index = await stagePaths(g, t, paths, "shared");
    if (links.length > 0) {
      const info = ["update-index", "-z", "--index-info"];
      await must(inPrivate(g, info, { index, stdin: linkLines }), "moving submodules");
    }
    const args = [...durable, "write-tree"];
    const write = inPrivate(g, args, { index, objects: "shared" });
    const tree = await mustLine(write, "writing a tree");
    cacheTree(t, signature, tree);
    return tree;
  });
}

/** Separates moved submodules from files. Throws REFUSED for a submodule that was changed otherwise. */
async function withoutSubmodules(
  r: Repository,
  t: Worktree,
  all: string[],
): Promise<{ paths: string[]; links: { path: string; commit: Oid }[] }> {
  const submodules = new Set((await listSubmodules(r, t.base)).map(({ path }) => path));
  if (!all.some((path) => submodules.has(path))) return { paths: all, links: [] };
  const moved = await movedSubmodules(r, t);
  const links = all.flatMap((path) => {
    if (!submodules.has(path)) return [];
    const commit = moved.get(path);
    if (commit !== undefined) return [{ path, commit }];
    throw new DgovError("REFUSED", `${path} is a submodule with changed files`);
  });
  return { paths: all.filter((path) => !submodules.has(path)), links };
}

/** Copies the worktree's index, updates these paths in the copy and gives its path. */
async function stagePaths(
  g: PrivateGit,
  t: Worktree,
  paths: string[],
  objects: "shared" | "own",
): Promise<string> {
  const index = randomPath(g.dir, "index");
  copyIndex(heldIndex(t), index);
  if (paths.length === 0) return index;
  // Git does not follow links; a tracked path that is now behind one counts as deleted.
  const behind = new Set(paths.filter((path) => liesBehindLink(t, path)));
  if (behind.size > 0) {
    const remove = ["update-index", "-z", "--force-remove", "--stdin"];
    await must(inPrivate(g, remove, { index, stdin: nulJoin([...behind]) }), "reading changes");
  }
  const args = [...durable, "update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
  const stdin = nulJoin(paths.filter((path) => !behind.has(path)));
  await must(inPrivate(g, args, { index, objects, stdin }), "reading changes");
  return index;
}

function liesBehindLink(t: Worktree, path: string): boolean {
  const parts = path.split("/");
  return parts.some(
    (_, i) =>
      i > 0 && lstatIfPresent(join(t.path, ...parts.slice(0, i)))?.isSymbolicLink() === true,
  );
}

/** Throws REFUSED for a path that review should not have accepted: only files, links and deletions can land. */
function requireLandable(t: Worktree, path: string): void {
  const stats = lstatIfPresent(join(t.path, path));
  if (stats === undefined || stats.isFile() || stats.isSymbolicLink()) return;
  // A folder in place of a file is a deletion, but a nested repository would become a gitlink.
  if (stats.isDirectory() && !existsSync(join(t.path, path, ".git"))) return;
  throw new DgovError("REFUSED", `${path} is neither a file nor a link`);
}
