/**
 * Submodules in worktrees of attempts. Each is a worktree of its own inside the outer one: files checked out from the
 * module's objects, an index held outside, and a git dir for the worker. Its files never land. What can land is its
 * commit: a worker that checks out another known commit there moves the link to the submodule.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfPresent } from "../../std/files.ts";
import { must } from "../git.ts";
import type { Identity, Oid } from "../objects.ts";
import { isOwnFolder, removeOwnFolder, requireOwnFolder } from "../own-folder.ts";
import {
  cachedFilters,
  copyIndex,
  createStandaloneGitDir,
  inPrivate,
  randomPath,
  withPrivateGit,
} from "../private-dir.ts";
import { snapshotRefs, writeRefs } from "../ref-snapshot.ts";
import type { Repository } from "../repository.ts";
import { hasCommit, listSubmodules, submoduleKey } from "../submodules.ts";
import { type FileChange, filesChanged } from "./changed-files.ts";
import { gitFileText, heldIndex, type Worktree } from "./worktree-files.ts";

/** A submodule that was checked out in a worktree. */
interface PlacedSubmodule {
  /** Relative to the outer worktree. */
  path: string;
  nested: boolean;
  module: Repository;
  tree: Worktree;
}

/** Checks out the submodules of a fresh worktree's base whose objects are on this machine. */
export async function placeSubmodules(
  r: Repository,
  t: Worktree,
  identity: Identity | null,
): Promise<void> {
  for (const { path, commit, module, nested } of await listSubmodules(r, t.base)) {
    if (module === null) continue;
    const s: PlacedSubmodule = { path, nested, module, tree: innerTree(t, path, commit) };
    requireOwnFolder(s.tree.path);
    mkdirSync(s.tree.meta, { recursive: true });
    mkdirSync(s.tree.path, { recursive: true });
    await checkOut(s, commit, heldIndex(s.tree));
    await writeWorkerGitDir(s, { head: commit, index: heldIndex(s.tree), identity });
    writeFileSync(join(s.tree.path, ".git"), gitFileText(s.tree));
  }
}

function innerTree(t: Worktree, path: string, commit: Oid): Worktree {
  const meta = join(t.meta, "modules", submoduleKey(path));
  return { path: join(t.path, path), meta, base: commit };
}

/** The submodules that `placeSubmodules` checked out in a worktree. */
async function placedSubmodules(r: Repository, t: Worktree): Promise<PlacedSubmodule[]> {
  return (await listSubmodules(r, t.base)).flatMap(({ path, commit, module, nested }) => {
    const tree = innerTree(t, path, commit);
    const placed = module !== null && lstatIfPresent(heldIndex(tree)) !== undefined;
    return placed ? [{ path, nested, module, tree }] : [];
  });
}

async function checkOut({ module, tree }: PlacedSubmodule, commit: Oid, index: string) {
  const options = { near: tree.meta, workTree: tree.path, filters: cachedFilters(module) };
  await withPrivateGit(module, options, async (g) => {
    const args = ["-c", "checkout.workers=2", "read-tree", "-u", "--reset", commit];
    await must(inPrivate(g, args, { index }), `checking out the submodule ${tree.path}`);
  });
}

async function writeWorkerGitDir(
  { module, tree }: PlacedSubmodule,
  o: { head: Oid; index: string; identity: Identity | null },
): Promise<void> {
  const dir = join(tree.meta, "worker");
  removeOwnFolder(dir);
  createStandaloneGitDir(module, { dir, workTree: tree.path, ...o });
  writeRefs(dir, await snapshotRefs(module, null));
}

/** Recreates the git dirs of a worktree's submodules, each at the commit that it is at now. */
export async function resetSubmoduleGitDirs(
  r: Repository,
  t: Worktree,
  identity: Identity | null,
): Promise<void> {
  for (const s of await placedSubmodules(r, t)) {
    const head = headOf(s);
    const at = head !== null && (await hasCommit(s.module, head)) ? head : s.tree.base;
    await writeWorkerGitDir(s, { head: at, index: heldIndex(s.tree), identity });
  }
}

/** Checks out another commit of a submodule in a worktree, as a worker would; false when it is unknown. */
export async function moveSubmodule(
  r: Repository,
  t: Worktree,
  o: { path: string; commit: Oid },
): Promise<boolean> {
  const placed = (await placedSubmodules(r, t)).find(({ path }) => path === o.path);
  if (placed === undefined || !(await hasCommit(placed.module, o.commit))) return false;
  const index = randomPath(placed.tree.meta, "moved");
  copyIndex(heldIndex(placed.tree), index);
  await checkOut(placed, o.commit, index);
  copyIndex(index, join(placed.tree.meta, "worker", "index"));
  writeFileSync(join(placed.tree.meta, "worker", "HEAD"), `${o.commit}\n`);
  return true;
}

/** The git dirs of a worktree and its submodules, which its `.git` files name, and the repositories of their objects. */
export async function gitPlacesOf(
  r: Repository,
  t: Worktree,
): Promise<{ gitDirs: string[]; repositories: Repository[] }> {
  const placed = await placedSubmodules(r, t);
  return {
    gitDirs: [t, ...placed.map(({ tree }) => tree)].map(({ meta }) => join(meta, "worker")),
    repositories: [r, ...placed.map(({ module }) => module)],
  };
}

/** Names of what `setup_cmd` left in a submodule: paths that are no change of the worker's. */
function preparedFile(tree: Worktree): string {
  return join(tree.meta, "prepared.json");
}

/** Records the files of submodules that are changed now, before the worker starts. */
export async function recordPreparedSubmodules(r: Repository, t: Worktree): Promise<void> {
  for (const s of await placedSubmodules(r, t)) {
    const paths = (await changesIn(s, s.tree.base)).map(({ path }) => path);
    writeFileSync(preparedFile(s.tree), JSON.stringify(paths));
  }
}

/** Changed paths of a submodule against a commit; an untracked folder is one path. */
function changesIn({ module, tree }: PlacedSubmodule, commit: Oid): Promise<FileChange[]> {
  return filesChanged(module, { ...tree, base: commit }, "normal");
}

/**
 * Submodules of the base that the worktree has otherwise: changed, replaced, or at another commit. One that was not
 * checked out, since its objects are missing, is changed when its folder is no longer empty.
 */
export async function changedSubmodules(r: Repository, t: Worktree): Promise<FileChange[]> {
  const placed = new Map((await placedSubmodules(r, t)).map((s) => [s.path, s]));
  const changes: FileChange[] = [];
  const movedPaths: string[] = [];
  for (const { path } of await listSubmodules(r, t.base)) {
    // Those inside a moved one belong to its old commit.
    if (movedPaths.some((outer) => path.startsWith(`${outer}/`))) continue;
    const s = placed.get(path);
    const found = s === undefined ? isOccupied(join(t.path, path)) : await changeOf(s);
    if (found === false) continue;
    const mode = "160000";
    const change = { path, status: "modified", mode, oldMode: mode } as const;
    const rest = { kind: "gitlink", linkTarget: null, size: 0 } as const;
    changes.push({ ...change, ...rest, ...(found === true ? {} : { movedTo: found }) });
    if (found !== true) movedPaths.push(path);
  }
  return changes;
}

/** Commits that submodules were moved to, by path: of those whose files are as in that commit. */
export async function movedSubmodules(r: Repository, t: Worktree): Promise<Map<string, Oid>> {
  const changes = await changedSubmodules(r, t);
  return new Map(changes.flatMap(({ path, movedTo }) => (movedTo ? [[path, movedTo]] : [])));
}

/** False without a change, true for one that cannot land, or the commit that the submodule was moved to. */
async function changeOf(s: PlacedSubmodule): Promise<boolean | Oid> {
  if (!isOwnFolder(s.tree.path)) return true;
  const git = lstatIfPresent(join(s.tree.path, ".git"));
  const isIntact = git?.isFile() === true && git.size < 4096;
  if (!isIntact || readFileSync(join(s.tree.path, ".git"), "utf8") !== gitFileText(s.tree)) {
    return true;
  }
  const head = headOf(s);
  if (head === null) return true;
  const isMoved = head !== s.tree.base;
  if (isMoved && (s.nested || !(await hasCommit(s.module, head)))) return true;
  const prepared = readPrepared(s.tree);
  const changes = await changesIn(s, head);
  if (changes.some(({ path }) => !prepared.has(path))) return true;
  return isMoved && head;
}

function readPrepared(tree: Worktree): ReadonlySet<string> {
  const file = preparedFile(tree);
  if (lstatIfPresent(file) === undefined) return new Set();
  return new Set(JSON.parse(readFileSync(file, "utf8")) as string[]);
}

/**
 * The commit that HEAD of the worker's git dir names; null when it cannot be read. The files are read as data: git
 * would run what the worker configured there.
 */
function headOf({ tree }: PlacedSubmodule): Oid | null {
  const dir = join(tree.meta, "worker");
  const text = readSmall(join(dir, "HEAD"));
  const [, branch] = /^ref: (refs\/heads\/[\w./-]+)$/.exec(text) ?? [];
  if (branch === undefined) return oidIn(text);
  if (branch.includes("..")) return null;
  return oidIn(readSmall(join(dir, branch)));
}

function oidIn(text: string): Oid | null {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : null;
}

/** The first line of a small file that is reached without a link; "" for anything else. */
function readSmall(path: string): string {
  const stats = lstatIfPresent(path);
  if (!stats?.isFile() || stats.size > 4096 || !isOwnFolder(join(path, ".."))) return "";
  return readFileSync(path, "utf8").trimEnd();
}

function isOccupied(path: string): boolean {
  const stats = lstatIfPresent(path);
  if (stats === undefined) return false;
  return !stats.isDirectory() || readdirSync(path).length > 0;
}
