/**
 * Moves of the operator's checkouts from one commit to another without touching the operator's changes. An interrupted
 * move can be undone.
 *
 * The index is changed by git's own protocol: take `index.lock`, let git work on a copy, rename the copy
 * over the index. The lock stays until the branch has moved too. It is a hard link to the record of the landing
 * (`land.ts`), so that no lock of dgov exists without the text that tells it from one of git's.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { lstatIfPresent, readText } from "../../std/files.ts";
import { type GitOutput, inRepository, must, nulSplit } from "../git.ts";
import type { Oid } from "../objects.ts";
import {
  cachedFilters,
  copyIndex,
  copySharedIndex,
  inPrivate,
  type PrivateGit,
  randomPath,
  withPrivateGit,
} from "../private-dir.ts";
import type { Repository } from "../repository.ts";
import type { DiffEntry } from "../trees.ts";
import {
  type Checkout,
  type CheckoutBlocker,
  gitDirsOf,
  headFileOf,
  placesOf,
  workTreeOf,
} from "./checkouts.ts";

/**
 * Moves a locked checkout's files and index; null when it succeeds. When a file in the way differs from `from`, git
 * refuses, nothing is changed and the paths are returned. Any other blocker may come after some files were written.
 */
function moveCheckout(
  r: Repository,
  c: Checkout,
  o: { from: Oid; to: Oid; scratch: string; dryRun: boolean },
): Promise<CheckoutBlocker | null> {
  const args = ["read-tree", ...(o.dryRun ? ["-n"] : []), "-m", "-u", o.from, o.to];
  return changeIndex(r, c, o, async (g, index) => {
    const move = () => inPrivate(g, args, { index, env: landingEnvironment(r, o.to) });
    let output = await move();
    if (output.code !== 0) {
      // A file with only a new time stamp looks changed until the index is refreshed.
      await inPrivate(g, ["update-index", "-q", "--refresh"], { index });
      output = await move();
    }
    return output.code === 0 ? null : refusal(output, c);
  });
}

/** Updates these paths in a locked checkout's index to the content of its files; null when it succeeds. */
export function refreshIndex(
  r: Repository,
  c: Checkout,
  o: { to: Oid; scratch: string; paths: string[] },
): Promise<CheckoutBlocker | null> {
  const args = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
  return changeIndex(r, c, o, async (g, index) => {
    const stdin = o.paths.map((path) => `${path}\0`).join("");
    const output = await inPrivate(g, args, { index, stdin, env: landingEnvironment(r, o.to) });
    return output.code === 0 ? null : refusal(output, c);
  });
}

/** Takes a checkout's `index.lock` as a link to the record of a landing; null when it succeeds. */
export function lockCheckout(c: Checkout, record: string): CheckoutBlocker | null {
  const lock = `${c.index}.lock`;
  try {
    linkOrCopy(record, lock);
    return null;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    return { paths: [], reason: `another git command holds ${lock}`, watch: [lock, headFileOf(c)] };
  }
}

/**
 * Moves locked checkouts from one commit to another, one after the other; null when all are moved. A dry run of all comes
 * first. It proves that no changed file is the operator's, so a checkout is marked then: what is found in it as in the
 * new commit was written by the landing.
 */
export async function moveCheckouts(
  r: Repository,
  checkouts: readonly Checkout[],
  o: { from: Oid; to: Oid; scratch: string; record: string },
): Promise<CheckoutBlocker | null> {
  for (const c of checkouts) {
    const blocker = await moveCheckout(r, c, { ...o, dryRun: true });
    if (blocker !== null) return blocker;
  }
  for (const c of checkouts) {
    linkOrCopy(o.record, markOf(c));
    const blocker = await moveCheckout(r, c, { ...o, dryRun: false });
    if (blocker !== null) return blocker;
  }
  return null;
}

/** Checkouts that a landing may have written to. */
export async function writtenCheckouts(r: Repository): Promise<Checkout[]> {
  const found: Checkout[] = [];
  for (const gitDir of gitDirsOf(r)) {
    const path = existsSync(markOf({ gitDir })) ? await workTreeOf(r, gitDir) : null;
    if (path !== null && existsSync(path)) {
      found.push({ path, gitDir, index: join(gitDir, "index") });
    }
  }
  return found;
}

/** True when the lock of a checkout is the landing's with this text of its record. */
export function isLockedBy(c: Pick<Checkout, "gitDir">, text: string): boolean {
  const lock = join(c.gitDir, "index.lock");
  return lstatIfPresent(lock)?.size === Buffer.byteLength(text) && readText(lock) === text;
}

/** Removes marks and copies of the index from all checkouts, and their locks that have this text. */
export function unlockCheckouts(r: Repository, text: string): void {
  for (const gitDir of gitDirsOf(r)) {
    const own = new Bun.Glob("index.dgov-*").scanSync({ cwd: gitDir, onlyFiles: false });
    for (const name of [...own]) rmSync(join(gitDir, name), { force: true });
    if (isLockedBy({ gitDir }, text)) rmSync(join(gitDir, "index.lock"), { force: true });
  }
}

function markOf(c: Pick<Checkout, "gitDir">): string {
  return join(c.gitDir, "index.dgov-written");
}

/** Creates a file with the content of another, complete or not at all. Throws EEXIST when it exists. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST" || !existsSync(from)) throw error;
    copyNew(from, to);
  }
}

/** As `linkOrCopy`, on file systems without hard links. */
function copyNew(from: string, to: string): void {
  let created = false;
  try {
    closeSync(openSync(to, "wx"));
    created = true;
    copyFileSync(from, to);
  } catch (error) {
    if (created) rmSync(to, { force: true });
    throw error;
  }
}

/** `DGOV_ATTEMPT` of every process that lands a commit, by which recovery finds them. */
export function landingMarker(r: Repository, to: Oid): string {
  return `landing/${r.id}/${to}`;
}

/**
 * The landing marker as an environment. `RunOptions.marker` is not used, because the end of one process
 * would then kill the others.
 */
export function landingEnvironment(r: Repository, to: Oid): Record<string, string> {
  return { DGOV_ATTEMPT: landingMarker(r, to) };
}

async function changeIndex(
  r: Repository,
  c: Checkout,
  o: { scratch: string; dryRun?: boolean },
  change: (g: PrivateGit, index: string) => Promise<CheckoutBlocker | null>,
): Promise<CheckoutBlocker | null> {
  const copy = randomPath(c.gitDir, "index.dgov");
  try {
    if (existsSync(c.index)) copyIndex(c.index, copy);
    const options = { near: o.scratch, workTree: c.path, filters: cachedFilters(r) };
    const blocker = await withPrivateGit(r, options, (g) => {
      copySharedIndex(g, c.gitDir);
      return change(g, copy);
    });
    if (blocker === null && !o.dryRun) renameSync(copy, c.index);
    return blocker;
  } finally {
    rmSync(copy, { force: true });
  }
}

function refusal(output: GitOutput, c: Checkout): CheckoutBlocker {
  const named = [
    ...output.stderr.matchAll(/Entry '(.+)' (?:not uptodate|would be overwritten|overlaps)/g),
    ...output.stderr.matchAll(/working tree file '(.+)' would be/g),
    ...output.stderr.matchAll(/Updating '(.+)' would lose/g),
  ].map((match) => match[1] ?? "");
  const paths = [...new Set(named)];
  const watch = placesOf(c, paths);
  if (paths.length > 0)
    return { paths, reason: `uncommitted changes in ${c.path} are in the way`, watch };
  const reason = `${c.path} cannot be updated: ${output.stderr.trim()}`;
  return { paths, reason, watch: [...watch, c.index] };
}

/**
 * Undoes a move: what it wrote is restored from the old commit, and everything else is the operator's and stays. The
 * index is replaced as a whole, after the files; before that, an entry as in the new commit is the operator's. Nothing is
 * restored without evidence of a move: `written` (the checkout is locked and marked), or a replaced index.
 */
export async function undoMove(
  r: Repository,
  c: Checkout,
  o: { scratch: string; changes: readonly DiffEntry[]; written: boolean },
): Promise<void> {
  const states = await inspect(r, c, o);
  const replaced = states.every((s) => s.entryMoved);
  if (!replaced && !o.written) return;
  const moved = states.filter((s) => s.fileMoved && (replaced || !s.entryMoved));
  const entries = replaced ? o.changes : [];
  if (moved.length + entries.length === 0) return;
  await changeIndex(r, c, o, async (g, index) => {
    const lines = entries.map((e) => `${e.oldMode} ${e.oldOid}\t${e.path}\0`).join("");
    const info = ["update-index", "-z", "--index-info"];
    await must(inPrivate(g, info, { index, stdin: lines }), "undoing a landing");
    await putBack(g, c, { index, files: moved.map((s) => s.change) });
    return null;
  });
}

/** Puts files back as the index has them. Each is as in the new commit, or partly written. */
async function putBack(
  g: PrivateGit,
  c: Checkout,
  { index, files }: { index: string; files: readonly DiffEntry[] },
): Promise<void> {
  for (const e of files) {
    // The landing's `read-tree` deletes old files before it creates new ones, so a file at one of these
    // paths is of the new commit.
    if (e.oldMode === "000000" || e.newMode === "120000") {
      rmSync(join(c.path, e.path), { force: true });
    }
  }
  for (const e of files) if (e.oldMode === "000000") removeEmptyParents(c.path, e.path);
  const back = files.filter((e) => e.oldMode !== "000000" && e.oldMode !== "160000");
  const stdin = back.map((e) => `${e.path}\0`).join("");
  const checkout = ["checkout-index", "-f", "-u", "-z", "--stdin"];
  await must(inPrivate(g, checkout, { index, stdin }), "undoing a landing");
  await inPrivate(g, ["update-index", "-q", "--refresh"], { index });
}

interface PathState {
  change: DiffEntry;
  /** The file is as in the new commit or partly written. */
  fileMoved: boolean;
  /** The index entry is as in the new commit. */
  entryMoved: boolean;
}

async function inspect(
  r: Repository,
  c: Checkout,
  o: { scratch: string; changes: readonly DiffEntry[] },
): Promise<PathState[]> {
  const options = { near: o.scratch, workTree: c.path, filters: cachedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    copySharedIndex(g, c.gitDir);
    const entries = await indexEntries(g, c.index);
    const unlike = await filesUnlike(g, o.changes, "new");
    const unlikeOld = await filesUnlike(g, o.changes, "old");
    const states: PathState[] = [];
    for (const change of o.changes) {
      const stats = lstatIfPresent(join(c.path, change.path));
      const gone = stats === undefined;
      const isNew = change.newMode === "000000" ? gone : !unlike.has(change.path);
      const isOld = change.oldMode === "000000" ? gone : !unlikeOld.has(change.path);
      // In between: deleted and not yet created, or partly written.
      const half = !isNew && !isOld && (gone || (await isPrefixOfNew(r, c, change)));
      const now = change.newMode === "000000" ? null : `${change.newMode} ${change.newOid}`;
      const entryMoved = (entries.get(change.path) ?? null) === now;
      states.push({ change, fileMoved: isNew || half, entryMoved });
    }
    return states;
  });
}

async function indexEntries(g: PrivateGit, index: string): Promise<Map<string, string>> {
  const list = await must(inPrivate(g, ["ls-files", "-s", "-z"], { index }), "reading the index");
  return new Map(
    nulSplit(list).map((record) => {
      const text = record.toString();
      const cut = text.indexOf("\t");
      return [text.slice(cut + 1), text.slice(0, text.lastIndexOf(" ", cut))];
    }),
  );
}

/** Paths whose file, after git's filters, differs from one side of the change. */
async function filesUnlike(
  g: PrivateGit,
  changes: readonly DiffEntry[],
  side: "old" | "new",
): Promise<Set<string>> {
  const index = randomPath(g.dir, "index");
  const lines = changes
    .map((e) => ({ path: e.path, mode: e[`${side}Mode`], oid: e[`${side}Oid`] }))
    .filter((e) => e.mode !== "000000")
    .map((e) => `${e.mode} ${e.oid}\t${e.path}\0`);
  const info = ["update-index", "-z", "--index-info"];
  await must(inPrivate(g, info, { index, stdin: lines.join("") }), "comparing files");
  const list = inPrivate(g, ["ls-files", "-z", "-m", "-d"], { index });
  return new Set(nulSplit(await must(list, "comparing files")).map((path) => path.toString()));
}

/** True when the file is a prefix of the new content: git was killed while writing it. */
async function isPrefixOfNew(r: Repository, c: Checkout, change: DiffEntry): Promise<boolean> {
  const path = join(c.path, change.path);
  const stats = lstatIfPresent(path);
  if (!stats?.isFile() || change.newMode === "000000") return false;
  const blob = await must(inRepository(r, ["cat-file", "blob", change.newOid]), "reading a file");
  return blob.subarray(0, stats.size).equals(readFileSync(path));
}

function removeEmptyParents(root: string, path: string): void {
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
    try {
      if (readdirSync(join(root, folder)).length > 0) return;
      rmSync(join(root, folder), { recursive: true });
    } catch {
      return;
    }
  }
}
