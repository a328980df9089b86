/**
 * Attempt worktrees. The repository knows each as a linked worktree, so `git worktree list` shows
 * it; but the `.git` file in it names a git dir of the worker's own, so that whatever the worker
 * does with git (commit, stash, config, gc) stays there. The parent reads only the files.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { faultPoint } from "../process/fault.ts";
import { type AttemptTree, gitFileText, heldIndex } from "./attempt-tree.ts";
import { diffTrees } from "./diff.ts";
import { inPrivate, inRepository, must, nulJoin, type Oid } from "./git.ts";
import { holdsWork } from "./keep.ts";
import { mergeTrees, treesOf } from "./merge.ts";
import type { Identity } from "./objects.ts";
import { createOwnGitDir, type FilterConfig, freshPath, withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";

export type { AttemptTree } from "./attempt-tree.ts";

/** Makes a worktree of `base` at a path that does not exist, with a git dir of the worker's own. */
export async function createAttemptTree(
  r: Repository,
  o: {
    path: string;
    meta: string;
    base: Oid;
    identity: Identity | null;
    filters?: FilterConfig;
  },
): Promise<AttemptTree> {
  const t: AttemptTree = { path: o.path, meta: o.meta, base: o.base };
  const filters = o.filters ?? {};
  mkdirSync(o.meta, { recursive: true });
  mkdirSync(dirname(o.path), { recursive: true });
  await register(r, t);
  copyFileSync(join(o.path, ".git"), join(o.meta, "gitfile"));

  const index = heldIndex(t);
  await withPrivateGit(r, { near: o.meta, workTree: o.path, filters }, async (g) => {
    const args = ["-c", "checkout.workers=2", "read-tree", "-u", "--reset", o.base];
    await must(inPrivate(g, args, { index }), `checking out ${o.base}`);
  });
  const own = { dir: join(o.meta, "worker"), workTree: o.path, head: o.base, filters, index };
  createOwnGitDir(r, { ...own, identity: o.identity });
  writeFileSync(join(o.path, ".git"), gitFileText(t));
  faultPoint("attempt.created");
  return t;
}

/** An attempt's worktree made earlier. NOT_FOUND when its folder is gone. */
export function openAttemptTree(
  _r: Repository,
  o: { path: string; meta: string; base: Oid },
): AttemptTree {
  if (!existsSync(o.path)) {
    throw new DgovError("NOT_FOUND", `the worktree ${o.path} no longer exists`);
  }
  return { path: o.path, meta: o.meta, base: o.base };
}

/** `worktree add` loses races with itself, so each repository has a queue. */
const queues = new Map<string, Promise<unknown>>();

async function register(r: Repository, t: AttemptTree): Promise<void> {
  const add = async (): Promise<void> => {
    const args = ["worktree", "add", "--no-checkout", "--detach", "--quiet", t.path, t.base];
    for (let tries = 1; ; tries++) {
      const output = await inRepository(r, args);
      if (output.code === 0) return;
      // Another process (`git worktree add` by hand) may have won a race; that passes.
      if (tries === 5 || existsSync(join(t.path, ".git"))) {
        throw new DgovError("ENVIRONMENT", `no worktree at ${t.path}: ${output.stderr.trim()}`);
      }
      await Bun.sleep(10 * tries);
    }
  };
  const turn = (queues.get(r.commonDir) ?? Promise.resolve()).then(add);
  const settled = turn.catch(() => {});
  queues.set(r.commonDir, settled);
  await turn;
  if (queues.get(r.commonDir) === settled) queues.delete(r.commonDir);
}

/**
 * Removes a worktree and everything the repository knows of it: the one function that deletes an
 * attempt's files. First it proves that nothing is lost: `keptRef` holds all that differs from the
 * base (but for files the keep commit names as left out), or nothing differs. REFUSED otherwise.
 */
export async function removeAttemptTree(
  r: Repository,
  t: AttemptTree,
  proof: { keptRef?: string },
): Promise<void> {
  if (existsSync(t.path)) {
    const missing = await holdsWork(r, t, proof.keptRef ?? null);
    if (missing.length > 0) {
      const where = proof.keptRef ?? "any ref";
      throw new DgovError("REFUSED", `${t.path} holds work that is not under ${where}`, {
        cause: new Error(missing.slice(0, 20).join("\n")),
        hint: "it stays where it is",
      });
    }
  }
  const registered = registrationOf(r, t);
  removeFolder(t.path);
  if (registered !== null) removeFolder(registered);
  removeFolder(t.meta);
}

/** The folder in which the repository registers this worktree; null when it no longer does. */
function registrationOf(r: Repository, t: AttemptTree): string | null {
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

/** Removes a folder, also one whose subfolders forbid it. Links are removed, never followed. */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    openFolders(path);
    rmSync(path, { recursive: true, force: true });
  }
}

function openFolders(path: string): void {
  if (!lstatSync(path).isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path)) openFolders(join(path, name));
}

/**
 * Puts an earlier attempt's change (from `workBase` to the keep commit `work`) into a fresh
 * worktree, uncommitted. Files on which it conflicts with the new base stay as the base has them
 * and are named.
 */
export async function replayWork(
  r: Repository,
  t: AttemptTree,
  o: { work: Oid; workBase: Oid },
): Promise<{ conflicted: string[] }> {
  const [base = "", theirs = "", ours = ""] = await treesOf(r, [o.workBase, o.work, t.base]);
  const merge = await mergeTrees(r, { base, ours, theirs, scratch: t.meta });
  const conflicted = merge.kind === "conflicted" ? merge.paths.map(({ path }) => path) : [];
  const changed = (await diffTrees(r, ours, merge.tree)).filter(
    ({ path, newMode }) => !conflicted.includes(path) && newMode !== "160000",
  );
  const near = { near: t.meta, workTree: t.path };
  await withPrivateGit(r, near, async (g) => {
    const index = freshPath(g.dir, "index");
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
