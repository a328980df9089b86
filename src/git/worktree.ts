/**
 * Attempt worktrees. The repository knows each as a linked worktree, so `git worktree list` shows
 * it; but the `.git` file in it names a git dir of the worker's own, so that whatever the worker
 * does with git (commit, stash, config, gc) stays there. The parent reads only the files.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { removeFolder } from "../std/files.ts";
import { treesOfCommits } from "./commit.ts";
import { must, nulJoin } from "./git.ts";
import { mergeTrees } from "./merge.ts";
import type { Identity, Oid } from "./objects.ts";
import { createStandaloneGitDir, inPrivate, randomPath, withPrivateGit } from "./private-dir.ts";
import { encodeRefPart } from "./refs.ts";
import type { FilterConfig, Repository } from "./repository.ts";
import { diffTrees } from "./trees.ts";

/** Makes a worktree of `base` at a path that does not exist, with a git dir of the worker's own. */
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
  writeFileSync(join(o.path, ".git"), gitFileText(t));
  faultPoint("attempt.created");
  return t;
}

/** The worker's git dir as it was at the start: what was configured or committed in it is gone. */
export function resetWorkerGitDir(
  r: Repository,
  t: Worktree,
  o: { identity: Identity | null; filters: FilterConfig },
): void {
  const dir = join(t.meta, "worker");
  removeFolder(dir);
  const own = { dir, workTree: t.path, head: t.base, index: heldIndex(t) };
  createStandaloneGitDir(r, { ...own, ...o });
}

/** An attempt's worktree made earlier. NOT_FOUND when its folder is gone. */
export function openWorktree(o: { path: string; meta: string; base: Oid }): Worktree {
  if (!existsSync(o.path)) {
    throw new DgovError("NOT_FOUND", `the worktree ${o.path} no longer exists`);
  }
  return { path: o.path, meta: o.meta, base: o.base };
}

/**
 * Registers the worktree as `git worktree add --no-checkout --detach` does, by the files it writes:
 * the same result without its races (parallel adds lose some) and at a tenth of its price. `locked`
 * keeps `git worktree prune` away until the rest is there.
 */
function register(r: Repository, t: Worktree): void {
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

/** Makes a new folder of this name, or of one like it. */
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

/** The folder in which the repository registers this worktree; null when it no longer does. */
export function registrationOf(r: Repository, t: Worktree): string | null {
  const all = join(r.commonDir, "worktrees");
  let text = "";
  try {
    text = readFileSync(join(t.meta, "gitfile"), "utf8");
  } catch {
    return null;
  }
  // The name comes from a file; the folder must be one of this repository's that points back.
  const folder = join(all, basename(text.replace(/^gitdir: /, "").trim()));
  try {
    const back = readFileSync(join(folder, "gitdir"), "utf8").trim();
    return back === join(t.path, ".git") && dirname(folder) === all ? folder : null;
  } catch {
    return null;
  }
}

/** Removes the registrations of worktrees below a folder that are no longer there. */
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
 * Puts an earlier attempt's change (from `workBase` to the keep commit `work`) into a fresh
 * worktree, uncommitted. Files on which it conflicts with the new base stay as the base has them
 * and are named.
 */
export async function replayWork(
  r: Repository,
  t: Worktree,
  o: { work: Oid; workBase: Oid },
): Promise<{ conflicted: string[] }> {
  const [base = "", theirs = "", ours = ""] = await treesOfCommits(r, [o.workBase, o.work, t.base]);
  const merge = await mergeTrees(r, { base, ours, theirs, scratch: t.meta });
  const conflicted = merge.kind === "conflicted" ? merge.paths.map(({ path }) => path) : [];
  const changed = (await diffTrees(r, ours, merge.tree)).filter(
    ({ path, newMode }) => !conflicted.includes(path) && newMode !== "160000",
  );
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

// ------------------------------------------------------------
// What an attempt's worktree is, and where its parts lie.

export interface Worktree {
  /** Root of the worktree. */
  path: string;
  /** The parent's folder for it: `index` as checked out, `worker` (its git dir), `gitfile`. */
  meta: string;
  /** The commit it started from. */
  base: Oid;
}

/** The index as it was right after the parent's checkout. */
export function heldIndex(t: Worktree): string {
  return join(t.meta, "index");
}

/** What the worktree's `.git` file must say. */
export function gitFileText(t: Worktree): string {
  return `gitdir: ${join(t.meta, "worker")}\n`;
}
