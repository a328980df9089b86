/**
 * Commits of the operator's files without any content of a worker: the first commit of an empty
 * repository, and the bookkeeping of a run. The tree is the parent's with some files as the checkout, or another
 * folder, has them, and every changed path is verified to lie below an allowed prefix.
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { lstatIfPresent } from "../std/files.ts";
import { type CommitPolicy, treesOfCommits, writeCommit } from "./commit.ts";
import { durable, must, mustLine, nulJoin, nulSplit } from "./git.ts";
import { lockCheckout, moveCheckouts, refreshIndex } from "./landing/checkout-moves.ts";
import { type CheckoutBlocker, checkoutsOf } from "./landing/checkouts.ts";
import { land, landCandidate } from "./landing/land.ts";
import type { Identity, Oid } from "./objects.ts";
import { inPrivate, type PrivateGit, withPrivateGit } from "./private-dir.ts";
import { headOf } from "./refs.ts";
import type { Repository } from "./repository.ts";
import { listTree } from "./trees.ts";

/**
 * Commits files of the operator's checkout, or of the work tree `from`, on a branch; null when nothing differs. `paths`
 * are files or folders, present or deleted; an ignored file is left out unless `paths` names it. Throws REFUSED when a
 * changed path is outside `allowedPrefixes`, when the branch has moved, or when a checkout of it cannot be updated.
 */
export async function commitOperatorFiles(
  r: Repository,
  o: {
    branch: string;
    parent: Oid | null;
    paths: string[];
    message: string;
    allowedPrefixes: string[];
    identity: Identity;
    policy: CommitPolicy;
    /** Ends signing. */
    signal?: AbortSignal | undefined;
    from?: string;
  },
): Promise<Oid | null> {
  // git takes a command without paths to be about all files.
  if (o.paths.length === 0) return null;
  const before = o.parent === null ? [] : await listTree(r, o.parent);
  const filters = r.settings?.filters ?? {};
  const near = tmpdir();
  const workTree = o.from ?? r.topLevel;
  const { tree, paths } = await withPrivateGit(r, { near, workTree, filters }, (g) =>
    buildTree(g, o, before),
  );
  const oldTree = o.parent === null ? null : (await treesOfCommits(r, [o.parent]))[0];
  if (tree === oldTree) return null;

  const changed = changedPaths(before, await listTree(r, tree));
  const stray = changed.find((path) => !o.allowedPrefixes.some((prefix) => below(path, prefix)));
  if (stray !== undefined) {
    throw new DgovError(
      "REFUSED",
      `the commit of dgov's own files would change ${stray}, which is outside its folders`,
    );
  }
  const { message, identity, policy, signal } = o;
  const parents = o.parent === null ? [] : [o.parent];
  const date = isoTime(systemClock.now());
  const fields = { tree, parents, message, identity, date };
  const commit = await writeCommit(r, fields, { ...policy, signal });
  const move = { target: o.branch, to: commit, message };
  const during = (record: string): Promise<CheckoutBlocker | null> =>
    updateCheckouts(r, o, { commit, paths, record });
  const landing =
    o.from !== undefined && o.parent !== null
      ? await landCandidate(r, { ...move, from: o.parent, allowed: () => true, scratch: near })
      : await land(r, { ...move, from: o.parent }, during);
  if (landing.kind === "landed") return commit;
  const cause = landing.kind === "target_moved" ? `${o.branch} has moved` : landing.reason;
  throw new DgovError("REFUSED", `dgov's own files were not committed: ${cause}`);
}

/** Writes the wanted files of a commit below an existing folder. Submodules are left out. */
export async function writeFilesOf(
  r: Repository,
  o: { commit: Oid; folder: string; wanted(path: string): boolean },
): Promise<void> {
  const all = await listTree(r, o.commit);
  const paths = all.filter(({ path, mode }) => mode !== "160000" && o.wanted(path));
  const filters = r.settings?.filters ?? {};
  await withPrivateGit(r, { near: tmpdir(), workTree: o.folder, filters }, async (g) => {
    await must(inPrivate(g, ["read-tree", o.commit]), "reading a commit");
    const stdin = nulJoin(paths.map(({ path }) => path));
    await must(inPrivate(g, ["checkout-index", "-z", "--stdin"], { stdin }), "writing files");
  });
}

/**
 * Creates the first commit of an unborn branch from these paths, or from everything that is not ignored.
 * Throws REFUSED when HEAD has a commit or there is nothing to commit.
 */
export async function bootstrapCommit(
  r: Repository,
  paths: string[] | "all",
  o: { message: string; identity: Identity; policy: CommitPolicy },
): Promise<Oid> {
  const head = await headOf(r);
  if (head.kind !== "branch" || head.commit !== null) {
    throw new DgovError("REFUSED", "the repository already has a commit");
  }
  const commit = await commitOperatorFiles(r, {
    branch: head.branch,
    parent: null,
    paths: paths === "all" ? [""] : paths,
    allowedPrefixes: paths === "all" ? [""] : paths,
    ...o,
  });
  if (commit === null) throw new DgovError("REFUSED", "there is nothing to commit");
  return commit;
}

/** Writes the parent's tree with `paths` as the checkout has them; `paths` of the result are its files. */
async function buildTree(
  g: PrivateGit,
  o: { parent: Oid | null; paths: string[] },
  before: { path: string; mode: string }[],
): Promise<{ tree: Oid; paths: string[] }> {
  if (o.parent !== null) await must(inPrivate(g, ["read-tree", o.parent]), "reading the parent");
  const others = ["ls-files", "-z", "-o", "--exclude-standard", "--", ...o.paths.filter(Boolean)];
  const untracked = nulSplit(await must(inPrivate(g, others), "looking for new files"))
    .map((path) => path.toString())
    .filter((path) => !path.endsWith("/"));
  const tracked = before
    .filter(({ path, mode }) => mode !== "160000" && o.paths.some((prefix) => below(path, prefix)))
    .map(({ path }) => path);
  // An explicitly named file is included even when it is ignored.
  const named = o.paths.filter((path) => isFile(g.workTree, path));
  const paths = [...new Set([...tracked, ...untracked, ...named])];
  const update = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
  const stage = { stdin: nulJoin(paths), objects: "shared" } as const;
  await must(inPrivate(g, [...durable, ...update], stage), "reading the files to record");
  const write = inPrivate(g, [...durable, "write-tree"], { objects: "shared" });
  return { tree: await mustLine(write, "writing a tree"), paths };
}

function isFile(root: string, path: string): boolean {
  const stats = path === "" ? undefined : lstatIfPresent(join(root, path));
  return stats !== undefined && (stats.isFile() || stats.isSymbolicLink());
}

/** True when a path equals a prefix or lies below it; "" is the root. */
function below(path: string, prefix: string): boolean {
  const folder = prefix.replace(/\/+$/, "");
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

function changedPaths(
  before: { path: string; mode: string; oid: Oid }[],
  after: { path: string; mode: string; oid: Oid }[],
): string[] {
  const old = new Map(before.map((e) => [e.path, `${e.mode} ${e.oid}`]));
  const now = new Map(after.map((e) => [e.path, `${e.mode} ${e.oid}`]));
  return [...new Set([...old.keys(), ...now.keys()])].filter((p) => old.get(p) !== now.get(p));
}

/** Updates the checkouts of the branch; the one that the files came from needs only its index updated. */
async function updateCheckouts(
  r: Repository,
  o: { branch: string; parent: Oid | null },
  done: { commit: Oid; paths: string[]; record: string },
): Promise<CheckoutBlocker | null> {
  const own = { path: r.topLevel, gitDir: r.gitDir, index: join(r.gitDir, "index") };
  // `checkoutsOf` leaves out a checkout without an index; one on an unborn branch gets its first here.
  const all = existsSync(own.index) ? await checkoutsOf(r, o.branch) : [own];
  for (const c of all) {
    const blocker = lockCheckout(c, done.record);
    if (blocker !== null) return blocker;
  }
  const { parent } = o;
  const sources = all.filter((c) => c.path === own.path || parent === null);
  const others = all.filter((c) => !sources.includes(c));
  const to = { to: done.commit, scratch: tmpdir() };
  for (const c of sources) {
    const blocker = await refreshIndex(r, c, { ...to, paths: done.paths });
    if (blocker !== null) return blocker;
  }
  if (parent === null) return null;
  return moveCheckouts(r, others, { ...to, from: parent, record: done.record });
}
