/**
 * Gate trees: folders that hold exactly one tree and, besides it, only the folders that the caller keeps: prepared
 * dependencies and build caches.
 *
 * Gates run a worker's code here, so the content of the folder is not trusted: the index that records the
 * checkout lies outside it, and the digest of the index in this process's memory. A folder that this
 * process did not check out, or whose index has changed, is rebuilt.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endsRun } from "../../error.ts";
import { sha256 } from "../../std/digest.ts";
import { lstatIfPresent, makeAccessible } from "../../std/files.ts";
import { compareText } from "../../std/order.ts";
import { must, nulJoin, nulSplit } from "../git.ts";
import { commitBytes, type Oid, objectId, writeObject } from "../objects.ts";
import { clearOwnFolder, isOwnFolder, removeOwnFolder } from "../own-folder.ts";
import {
  cachedFilters,
  createStandaloneGitDir,
  inPrivate,
  type PrivateGit,
  withPrivateGit,
} from "../private-dir.ts";
import { type RefSnapshot, writeRefs } from "../ref-snapshot.ts";
import type { Repository } from "../repository.ts";
import { listSubmodules, submoduleKey } from "../submodules.ts";

/** The history that a command sees in a gate tree. */
export interface GateHistory {
  refs: RefSnapshot;
  /** The commit that HEAD names; its tree is the gate tree's. */
  head: Oid;
  /** The commit that `{base}` and `DGOV_BASE` name; null when there is none. */
  base: Oid | null;
}

export interface GateTree {
  path: string;
  /** The tree; of a submodule, its commit. */
  tree: Oid;
  /** The commit that HEAD names for commands without history; null for one of this tree, without parents. */
  head: Oid | null;
  /** Folder of the parent process: the index, and the git dir that the `.git` file names. */
  meta: string;
  /** Its submodules whose objects are on this machine, each before those inside it. */
  submodules: readonly SubmoduleTree[];
}

/** The tree of a submodule: a gate tree of its own at the submodule's path, with the module's objects. */
interface SubmoduleTree {
  /** Relative to the outer tree. */
  path: string;
  module: Repository;
  tree: GateTree;
}

/** Digest of the index that this process wrote last, by path of the gate tree. */
const indexDigests = new Map<string, string>();

/**
 * Checks out exactly `tree` in a folder, with its submodules. A folder that this process checked out earlier is updated
 * (`reused`) and keeps its dependency folders; any other, and one that cannot be updated, is removed first.
 */
export async function provideGateTree(
  r: Repository,
  o: { path: string; meta: string; tree: Oid; keepFolders: string[] },
): Promise<{ gateTree: GateTree; reused: boolean }> {
  const { path, meta, tree, keepFolders } = o;
  const submodules = await submoduleTrees(r, { path, meta, tree });
  const gateTree: GateTree = { path, tree, head: null, meta, submodules };
  const reused = await provide(r, gateTree, keepFolders);
  for (const { path: at, module, tree: inner } of submodules) {
    await provide(module, inner, below(keepFolders, at));
  }
  return { gateTree, reused };
}

/** The gate trees of a tree's submodules, which may not have been checked out yet. */
export async function submoduleTrees(
  r: Repository,
  o: { path: string; meta: string; tree: Oid },
): Promise<SubmoduleTree[]> {
  return (await listSubmodules(r, o.tree)).flatMap(({ path, commit, module }) => {
    if (module === null) return [];
    const meta = join(o.meta, "modules", submoduleKey(path));
    const at = { path: join(o.path, path), meta, submodules: [] };
    return [{ path, module, tree: { ...at, tree: commit, head: commit } }];
  });
}

/** True when the folder was updated, false when it was checked out from nothing. */
async function provide(r: Repository, g: GateTree, keepFolders: string[]): Promise<boolean> {
  if (isIntact(g)) {
    try {
      removePaths(g, (await compare(r, g, keepFolders)).extra);
      await checkOut(r, g, keepFolders);
      return true;
    } catch (error) {
      if (endsRun(error)) throw error;
    }
  }
  clearOwnFolder(g.path);
  clearOwnFolder(g.meta);
  mkdirSync(g.path, { recursive: true });
  mkdirSync(g.meta, { recursive: true });
  await checkOut(r, g, keepFolders);
  return false;
}

/** The folders below a submodule, relative to it. */
function below(folders: readonly string[], path: string): string[] {
  return folders.flatMap((folder) =>
    folder.startsWith(`${path}/`) ? [folder.slice(path.length + 1)] : [],
  );
}

async function checkOut(r: Repository, g: GateTree, keepFolders: string[]): Promise<void> {
  await withGit(r, g, async (git) => {
    const args = ["-c", "checkout.workers=2", "read-tree", "-u", "--reset", g.tree];
    await must(inPrivate(git, args, { index: indexOf(g) }), `checking out ${g.tree}`);
  });
  recordIndex(g);
  renewOwnGitDir(r, g, null);
  await restoreInPlace(r, g, keepFolders);
}

/** True for folders that this process checked out, with the index that it wrote. */
function isIntact(g: GateTree): boolean {
  return isOwnFolder(g.path) && isOwnFolder(g.meta) && indexIntact(g);
}

/**
 * Paths that differ from the tree or are not in it: ignored files count, dependency folders do not. An
 * additional folder ends in "/".
 */
export async function gateTreeDifferences(
  r: Repository,
  g: GateTree,
  o: { keepFolders: string[] },
): Promise<string[]> {
  const differences = await ownDifferences(r, g, o);
  for (const { path, module, tree } of g.submodules) {
    const keepFolders = below(o.keepFolders, path);
    const inner = await ownDifferences(module, tree, { keepFolders });
    differences.push(...inner.map((name) => `${path}/${name}`));
  }
  return differences;
}

/** Differences outside the tree's submodules. */
async function ownDifferences(
  r: Repository,
  g: GateTree,
  o: { keepFolders: string[] },
): Promise<string[]> {
  if (!isOwnFolder(g.path)) return ["(the folder of the gate tree)"];
  if (!isIntact(g)) return ["(the index of the gate tree)"];
  const found = await compare(r, g, o.keepFolders).catch((error: unknown) => {
    if (endsRun(error)) throw error;
    return { changed: ["(a folder of the gate tree that cannot be read)"], extra: [] };
  });
  const git = gitFileIntact(g) ? [] : [".git"];
  return [...new Set([...git, ...found.changed, ...found.extra])].sort(compareText);
}

/** Restores paths that differ from the tree and removes those that are not in it; all of it, when that is not possible. */
export async function restoreGateTree(
  r: Repository,
  g: GateTree,
  o: { keepFolders: string[] },
): Promise<void> {
  if (isIntact(g)) {
    try {
      await restoreInPlace(r, g, o.keepFolders);
      for (const { path, module, tree } of g.submodules) {
        const keepFolders = below(o.keepFolders, path);
        if (isIntact(tree)) await restoreInPlace(module, tree, keepFolders);
        else await provide(module, tree, keepFolders);
      }
      return;
    } catch (error) {
      if (endsRun(error)) throw error;
      indexDigests.delete(g.path);
    }
  }
  await provideGateTree(r, { ...g, keepFolders: o.keepFolders });
}

async function restoreInPlace(r: Repository, g: GateTree, keepFolders: string[]): Promise<void> {
  const { changed, extra } = await compare(r, g, keepFolders);
  removePaths(g, extra);
  if (!gitFileIntact(g)) renewOwnGitDir(r, g, null);
  if (changed.length === 0) return;
  await withGit(r, g, async (git) => {
    const args = ["checkout-index", "-f", "-u", "-z", "--stdin"];
    const stdin = nulJoin(changed);
    await must(inPrivate(git, args, { index: indexOf(g), stdin }), "restoring the gate tree");
  });
  recordIndex(g);
}

function removePaths(g: GateTree, paths: readonly string[]): void {
  for (const path of paths) removeOwnFolder(join(g.path, path.replace(/\/$/, "")));
}

function indexOf(g: GateTree): string {
  return join(g.meta, "index");
}

function recordIndex(g: GateTree): void {
  indexDigests.set(g.path, sha256(readFileSync(indexOf(g))));
}

function indexIntact(g: GateTree): boolean {
  try {
    return indexDigests.get(g.path) === sha256(readFileSync(indexOf(g)));
  } catch {
    return false;
  }
}

/** Replaces the git dirs of a gate tree and its submodules, and the `.git` files that name them. */
export function renewGitDir(r: Repository, g: GateTree, history: GateHistory | null): void {
  renewOwnGitDir(r, g, history);
  for (const { module, tree } of g.submodules) renewOwnGitDir(module, tree, null);
}

function renewOwnGitDir(r: Repository, g: GateTree, history: GateHistory | null): void {
  removeOwnFolder(join(g.path, ".git"));
  writeGateGitDir(r, { ...g, workTree: g.path, history });
  writeFileSync(join(g.path, ".git"), gitFileText(g));
}

/**
 * Replaces the git dir that the commands of a gate tree see, so that they find a clean repository with this tree as
 * HEAD, whatever earlier commands did to theirs. Without a history it has no refs and a HEAD without parents: what a
 * command sees is then a function of the tree. Objects are read through alternates and written into the git dir.
 *
 * @param o.workTree root of the tree, as commands see it
 */
export function writeGateGitDir(
  r: Repository,
  o: Pick<GateTree, "tree" | "head" | "meta"> & { workTree: string; history: GateHistory | null },
): void {
  const { workTree, history } = o;
  const dir = gitDirOf(o);
  removeOwnFolder(dir);
  const identity = { name: "dgov", email: "dgov@localhost" };
  const fields = { tree: o.tree, parents: [], message: "gate tree", identity };
  const bytes = commitBytes({ ...fields, date: "2000-01-01T00:00:00Z" });
  const head = history?.head ?? o.head ?? objectId(r.objectFormat, "commit", bytes);
  const index = join(o.meta, "index");
  createStandaloneGitDir(r, { dir, workTree, identity: null, head, index });
  if (history !== null) writeRefs(dir, history.refs);
  else if (o.head === null) {
    writeObject(join(dir, "objects"), r.objectFormat, "commit", bytes, { durable: false });
  }
}

/** The git dirs of a gate tree and its submodules, and the repositories of their objects. */
export function gitPlacesIn(
  r: Repository,
  g: GateTree,
): { gitDirs: string[]; repositories: Repository[] } {
  const trees = [g, ...g.submodules.map(({ tree }) => tree)];
  return {
    gitDirs: trees.map(({ meta }) => join(meta, "git")),
    repositories: [r, ...g.submodules.map(({ module }) => module)],
  };
}

/** The git dir that the `.git` file of a gate tree names. */
export function gitDirOf(g: Pick<GateTree, "meta">): string {
  return join(g.meta, "git");
}

function gitFileText(g: GateTree): string {
  return `gitdir: ${gitDirOf(g)}\n`;
}

function gitFileIntact(g: GateTree): boolean {
  const file = join(g.path, ".git");
  const stats = lstatIfPresent(file);
  return (stats?.isFile() ?? false) && readFileSync(file, "utf8") === gitFileText(g);
}

function withGit<T>(r: Repository, g: GateTree, use: (git: PrivateGit) => Promise<T>): Promise<T> {
  const options = { near: g.meta, workTree: g.path, filters: cachedFilters(r) };
  return withPrivateGit(r, options, use);
}

/** Tracked paths that differ, and untracked paths (folders end in "/"). */
async function compare(
  r: Repository,
  g: GateTree,
  keepFolders: string[],
): Promise<{ changed: string[]; extra: string[] }> {
  const args = ["ls-files", "-z", "-t", "-m", "-d", "-o", "--directory"];
  const { mode } = lstatSync(g.path);
  if ((mode & 0o700) !== 0o700) chmodSync(g.path, mode | 0o700);
  const output = await withGit(r, g, async (git) => {
    const listing = await inPrivate(git, args, { index: indexOf(g) });
    const isComplete = !listing.stderr.includes("Permission denied");
    // Git skips folders that it cannot read.
    if (!isComplete) makeAccessible(g.path);
    const whole = isComplete ? listing : await inPrivate(git, args, { index: indexOf(g) });
    return must(Promise.resolve(whole), "comparing the gate tree");
  });
  const changed = new Set<string>();
  const extra: string[] = [];
  for (const record of nulSplit(output)) {
    const path = record.subarray(2).toString();
    if (record[0] !== 0x3f) changed.add(path);
    else extra.push(...extrasIn(g.path, path, keepFolders));
  }
  return { changed: [...changed], extra };
}

/** The untracked path itself or, for a folder that contains dependency folders, its other entries. */
function extrasIn(root: string, path: string, keepFolders: string[]): string[] {
  const name = path.replace(/\/$/, "");
  if (keepFolders.includes(name) || name === ".git") return [];
  // A link has no "/": its entries are those of another folder.
  const holdsKept = keepFolders.some((folder) => folder.startsWith(`${name}/`));
  if (!holdsKept || !path.endsWith("/")) return [path];
  return readdirSync(join(root, name), { withFileTypes: true }).flatMap((entry) =>
    extrasIn(root, `${name}/${entry.name}${entry.isDirectory() ? "/" : ""}`, keepFolders),
  );
}
