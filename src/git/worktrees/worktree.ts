/**
 * Worktrees of attempts. Each is registered as a linked worktree, so that `git worktree list` shows it,
 * but its `.git` file names a separate git dir, so that everything the worker does with git (commit,
 * stash, config, gc) stays there. The parent process reads only the files.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DgovError } from "../../error.ts";
import { faultPoint } from "../../process/fault-injection.ts";
import { removeFolder } from "../../std/files.ts";
import { treesOfCommits } from "../commit.ts";
import { must, nulJoin } from "../git.ts";
import { mergeTrees } from "../landing/merge.ts";
import type { Identity, Oid } from "../objects.ts";
import { removeOwnFolder, requireOwnFolder } from "../own-folder.ts";
import { createStandaloneGitDir, inPrivate, randomPath, withPrivateGit } from "../private-dir.ts";
import { encodeRefPart } from "../refs.ts";
import type { FilterConfig, Repository } from "../repository.ts";
import { diffTrees } from "../trees.ts";
import { moveSubmodule, placeSubmodules, resetSubmoduleGitDirs } from "./submodules.ts";
import { gitFileText, heldIndex, type Worktree } from "./worktree-files.ts";

/** Creates a worktree of `base` and its submodules, with a git dir for the worker, at a path that does not exist. */
export async function createWorktree(
  r: Repository,
  o: {
    path: string;
    meta: string;
    base: Oid;
    identity: Identity | null;
    filters?: FilterConfig;
  },
): Promise<Worktree> {
  const t: Worktree = { path: o.path, meta: o.meta, base: o.base };
  const filters = o.filters ?? {};
  requireOwnFolder(o.meta);
  requireOwnFolder(o.path);
  mkdirSync(o.meta, { recursive: true });
  mkdirSync(dirname(o.path), { recursive: true });
  register(r, t);

  const index = heldIndex(t);
  await withPrivateGit(r, { near: o.meta, workTree: o.path, filters }, async (g) => {
    const args = ["-c", "checkout.workers=2", "read-tree", "-u", "--reset", o.base];
    await must(inPrivate(g, args, { index }), `checking out ${o.base}`);
  });
  const own = { dir: join(o.meta, "worker"), workTree: o.path, head: o.base, filters, index };
  createStandaloneGitDir(r, { ...own, identity: o.identity });
  await placeSubmodules(r, t, o.identity);
  writeFileSync(join(o.path, ".git"), gitFileText(t));
  faultPoint("attempt.created");
  return t;
}

/** Recreates the worker's git dirs; their configuration, commits and stashes are lost. */
export async function resetWorkerGitDir(
  r: Repository,
  t: Worktree,
  o: { identity: Identity | null; filters: FilterConfig },
): Promise<void> {
  const dir = join(t.meta, "worker");
  removeOwnFolder(dir);
  const own = { dir, workTree: t.path, head: t.base, index: heldIndex(t) };
  createStandaloneGitDir(r, { ...own, ...o });
  await resetSubmoduleGitDirs(r, t, o.identity);
}

/** An existing worktree. Throws NOT_FOUND when its folder does not exist. */
export function openWorktree(o: { path: string; meta: string; base: Oid }): Worktree {
  if (!existsSync(o.path)) {
    throw new DgovError("NOT_FOUND", `the worktree ${o.path} no longer exists`);
  }
  return { path: o.path, meta: o.meta, base: o.base };
}

/** Attempts to register a worktree while `git worktree prune` runs beside it. */
const registrationTriesMax = 10;

/**
 * Registers the worktree by writing the files that `git worktree add --no-checkout --detach` writes: ten
 * times faster, and parallel calls lose no registrations. A `git worktree prune` that looked at the new
 * folder before it was locked may remove it; then the worktree is registered again.
 */
function register(r: Repository, t: Worktree): void {
  for (let tries = 1; ; tries++) {
    try {
      writeRegistration(r, t);
      return;
    } catch (error) {
      const removed = (error as { code?: unknown }).code === "ENOENT";
      if (!removed || tries === registrationTriesMax) throw error;
      rmSync(t.path, { recursive: true, force: true });
    }
  }
}

/** Writes the files of a registration. `locked` stops `git worktree prune` until the others exist. */
function writeRegistration(r: Repository, t: Worktree): void {
  const folder = claimFolder(join(r.commonDir, "worktrees"), encodeRefPart(basename(t.path)));
  writeFileSync(join(folder, "locked"), "initializing\n");
  writeFileSync(join(t.meta, "gitfile"), `gitdir: ${folder}\n`);
  mkdirSync(t.path);
  writeFileSync(join(t.path, ".git"), `gitdir: ${folder}\n`);
  writeFileSync(join(folder, "gitdir"), `${join(t.path, ".git")}\n`);
  writeFileSync(join(folder, "commondir"), "../..\n");
  writeFileSync(join(folder, "HEAD"), `${t.base}\n`);
  rmSync(join(folder, "locked"));
}

/** Creates a new folder of this name, or with a random suffix when the name is taken. */
function claimFolder(parent: string, name: string): string {
  mkdirSync(parent, { recursive: true });
  for (let folder = join(parent, name); ; folder = randomPath(parent, name)) {
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    }
  }
}

/** The repository's registration folder of a worktree; null when it is not registered. */
export function registrationOf(r: Repository, t: Worktree): string | null {
  const all = join(r.commonDir, "worktrees");
  let text = "";
  try {
    text = readFileSync(join(t.meta, "gitfile"), "utf8");
  } catch {
    return null;
  }
  // The file is not trusted: the folder must belong to this repository and point back to the worktree.
  const folder = join(all, basename(text.replace(/^gitdir: /, "").trim()));
  try {
    const back = readFileSync(join(folder, "gitdir"), "utf8").trim();
    return back === join(t.path, ".git") && dirname(folder) === all ? folder : null;
  } catch {
    return null;
  }
}

/** Removes the registrations of worktrees below a folder when their own folders no longer exist. */
export function pruneRegistrations(r: Repository, below: string): void {
  const all = join(r.commonDir, "worktrees");
  for (const name of existsSync(all) ? readdirSync(all) : []) {
    let at = "";
    try {
      at = dirname(readFileSync(join(all, name, "gitdir"), "utf8").trim());
    } catch {
      continue;
    }
    if (at.startsWith(`${below}/`) && !existsSync(at)) removeFolder(join(all, name));
  }
}

/**
 * Applies an earlier attempt's change (from `workBase` to the keep commit `work`) to a fresh worktree,
 * uncommitted. Files that conflict with the new base keep the base's content and are returned.
 */
export async function replayWork(
  r: Repository,
  t: Worktree,
  o: { work: Oid; workBase: Oid },
): Promise<{ conflicted: string[] }> {
  const [base = "", theirs = "", ours = ""] = await treesOfCommits(r, [o.workBase, o.work, t.base]);
  const merge = await mergeTrees(r, { base, ours, theirs, scratch: t.meta });
  const conflicted = merge.kind === "conflicted" ? merge.paths.map(({ path }) => path) : [];
  const all = (await diffTrees(r, ours, merge.tree)).filter(
    ({ path }) => !conflicted.includes(path),
  );
  const links = all.filter(({ newMode }) => newMode === "160000");
  for (const { path, newOid: commit } of links) await moveSubmodule(r, t, { path, commit });
  const changed = all.filter((entry) => !links.includes(entry));
  const near = { near: t.meta, workTree: t.path };
  await withPrivateGit(r, near, async (g) => {
    const index = randomPath(g.dir, "index");
    await must(inPrivate(g, ["read-tree", merge.tree], { index }), "replaying earlier work");
    for (const { path, newMode } of changed) {
      if (newMode === "000000") rmSync(join(t.path, path), { force: true });
    }
    const paths = changed.filter(({ newMode }) => newMode !== "000000").map(({ path }) => path);
    const checkout = ["checkout-index", "-f", "-z", "--stdin"];
    await must(inPrivate(g, checkout, { index, stdin: nulJoin(paths) }), "replaying earlier work");
  });
  return { conflicted };
}
