/**
 * The operator's checkouts of a branch, and what prevents a move of one: an operation of git in progress, or a dirty,
 * untracked or ignored file in the way. `checkout-moves.ts` moves them.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lstatIfPresent } from "../../std/files.ts";
import { compareText } from "../../std/order.ts";
import { inRepository, must } from "../git.ts";
import type { Repository } from "../repository.ts";
import type { DiffEntry } from "../trees.ts";

/** A work tree that has the branch checked out. */
export interface Checkout {
  path: string;
  gitDir: string;
  index: string;
}

/** The reason why a checkout cannot be moved, and the paths in the way. */
export interface CheckoutBlocker {
  /** Relative to the repository. */
  paths: string[];
  reason: string;
  /** Absolute paths of which one changes or goes away when the reason does. */
  watch: string[];
}

/**
 * All checkouts of a branch, the main one first, found by their HEAD files as `git worktree list` does.
 * One without a folder, or without an index (nothing is checked out), is left out.
 */
export async function checkoutsOf(r: Repository, branch: string): Promise<Checkout[]> {
  const head = `ref: refs/heads/${branch}`;
  const found: Checkout[] = [];
  for (const gitDir of gitDirsOf(r).filter((dir) => firstLine(join(dir, "HEAD")) === head)) {
    const path = await workTreeOf(r, gitDir);
    const index = join(gitDir, "index");
    if (path !== null && existsSync(path) && existsSync(index)) found.push({ path, gitDir, index });
  }
  return found;
}

/**
 * The blocker of a branch that is being rebased in a checkout, whose HEAD is detached then; null without. The end
 * of a rebase, and its abort, set the branch to commits that lack what landed since its start.
 */
export async function findRebase(r: Repository, branch: string): Promise<CheckoutBlocker | null> {
  for (const gitDir of gitDirsOf(r)) {
    for (const name of ["rebase-merge", "rebase-apply"]) {
      const path = join(gitDir, name);
      if (firstLine(join(path, "head-name")) !== `refs/heads/${branch}`) continue;
      const reason = `a rebase of ${branch} is in progress in ${await workTreeOf(r, gitDir)}`;
      return { paths: [], reason, watch: [path, join(gitDir, "HEAD")] };
    }
  }
  return null;
}

/** Git dirs of all checkouts, the main one first. */
export function gitDirsOf(r: Repository): string[] {
  const linked = join(r.commonDir, "worktrees");
  const names = existsSync(linked) ? readdirSync(linked).sort(compareText) : [];
  return [r.commonDir, ...names.map((name) => join(linked, name))];
}

/** The folder of a checkout; null when the main repository is bare. */
export async function workTreeOf(r: Repository, gitDir: string): Promise<string | null> {
  return gitDir === r.commonDir ? mainPath(r) : dirname(firstLine(join(gitDir, "gitdir")));
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n")[0] ?? "";
  } catch {
    return "";
  }
}

/** Path of the main work tree; null when the main repository is bare. */
async function mainPath(r: Repository): Promise<string | null> {
  if (r.gitDir === r.commonDir) return r.topLevel;
  const list = inRepository(r, ["worktree", "list", "--porcelain", "-z"]);
  const [record = ""] = (await must(list, "listing worktrees")).toString().split("\0\0");
  const fields = record.split("\0");
  return fields.includes("bare") ? null : (fields[0]?.slice("worktree ".length) ?? null);
}

const operations: Record<string, string> = {
  MERGE_HEAD: "a merge",
  "rebase-merge": "a rebase",
  "rebase-apply": "a rebase",
  CHERRY_PICK_HEAD: "a cherry-pick",
  REVERT_HEAD: "a revert",
};

/** Blockers that git does not check itself: operations in progress and ignored files in the way. */
export function findBlocker(c: Checkout, changes: readonly DiffEntry[]): CheckoutBlocker | null {
  for (const [name, operation] of Object.entries(operations)) {
    const path = join(c.gitDir, name);
    if (existsSync(path)) {
      const reason = `${operation} is in progress in ${c.path}`;
      return { paths: [], reason, watch: [path, headFileOf(c)] };
    }
  }
  const deleted = new Set(changes.filter((e) => e.newMode === "000000").map((e) => e.path));
  const added = changes.filter((e) => e.oldMode === "000000" && e.newMode !== "000000");
  const paths = added.map((e) => obstacle(c.path, e.path, deleted)).filter((p) => p !== null);
  if (paths.length === 0) return null;
  const reason = `an untracked or ignored file is in the way in ${c.path}`;
  return { paths, reason, watch: placesOf(c, paths) };
}

/** The paths in a checkout, and its HEAD: a switch of branch clears the way, too. */
export function placesOf(c: Checkout, paths: readonly string[]): string[] {
  return [...paths.map((path) => join(c.path, path)), headFileOf(c)];
}

export function headFileOf(c: Checkout): string {
  return join(c.gitDir, "HEAD");
}

/** The existing path that prevents `path` from being added; null when there is none. */
function obstacle(root: string, path: string, deleted: ReadonlySet<string>): string | null {
  const parts = path.split("/");
  for (let i = 1; i <= parts.length; i++) {
    const prefix = parts.slice(0, i).join("/");
    const stats = lstatIfPresent(join(root, prefix));
    if (stats === undefined || deleted.has(prefix)) return null;
    if (stats.isDirectory()) {
      if (i === parts.length && holdsOther(join(root, prefix), prefix, deleted)) return prefix;
    } else if (!deletedByOtherCase(root, prefix, deleted)) return prefix;
  }
  return null;
}

/** True when a folder holds anything but files that the change deletes. */
function holdsOther(folder: string, prefix: string, deleted: ReadonlySet<string>): boolean {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    const path = `${prefix}/${entry.name}`;
    if (entry.isDirectory()) return holdsOther(join(folder, entry.name), path, deleted);
    return !deleted.has(path);
  });
}

/** True when `path` is a deleted file under another case, on a case-insensitive file system. */
function deletedByOtherCase(root: string, path: string, deleted: ReadonlySet<string>): boolean {
  const fold = path.toLowerCase();
  const old = [...deleted].find((name) => name.toLowerCase() === fold);
  if (old === undefined) return false;
  const [a, b] = [old, path].map((name) => lstatIfPresent(join(root, name)));
  return a !== undefined && a.ino === b?.ino;
}
