/** Commits built without an index or a work tree, and the trees of commits. */
import { join } from "node:path";
import { gitCommand, inRepository, must, mustLine, runGit } from "./git.ts";
import {
  type CommitFields,
  commitBytes,
  messageText,
  type Oid,
  seconds,
  signedOff,
  writeObject,
} from "./objects.ts";
import type { Repository } from "./repository.ts";

/** Trees by commit, oldest entry first. Never stale: a commit id determines its tree. */
const knownTrees = new Map<Oid, Oid>();
const knownTreesMax = 10_000;

/** The trees of commits, in the given order. Starts at most one process, none for cached commits. */
export async function treesOfCommits(r: Repository, commits: readonly Oid[]): Promise<Oid[]> {
  const unknown = [...new Set(commits)].filter((commit) => !knownTrees.has(commit));
  if (unknown.length > 0) {
    const args = ["rev-parse", ...unknown.map((commit) => `${commit}^{tree}`)];
    const lines = (await must(inRepository(r, args), "looking up trees")).toString().split("\n");
    for (const [i, commit] of unknown.entries()) rememberTree(commit, lines[i] ?? "");
  }
  return commits.map((commit) => knownTrees.get(commit) ?? "");
}

function rememberTree(commit: Oid, tree: Oid): void {
  const oldest = knownTrees.keys().next().value;
  if (knownTrees.size >= knownTreesMax && oldest !== undefined) knownTrees.delete(oldest);
  knownTrees.set(commit, tree);
}

/** The part of `[merge]` that all commits of dgov on a branch follow. */
export interface CommitPolicy {
  /** Sign as git is configured to. */
  sign: boolean;
  /** Add a `Signed-off-by` trailer of the committer. */
  signoff: boolean;
}

/**
 * Writes a commit object into the repository, synced, and returns its id. With `sign`, git signs it
 * using the user's key and signing program; a signed commit has a different id each time. The signal ends a
 * signing program that waits, e.g. for a passphrase.
 */
export async function writeCommit(
  r: Repository,
  commit: CommitFields,
  o: Partial<CommitPolicy> & { signal?: AbortSignal | undefined } = {},
): Promise<Oid> {
  const fields =
    o.signoff === true
      ? { ...commit, message: signedOff(commit.message, commit.identity) }
      : commit;
  if (o.sign !== true) {
    const objects = join(r.commonDir, "objects");
    const id = writeObject(objects, r.objectFormat, "commit", commitBytes(fields));
    rememberTree(id, fields.tree);
    return id;
  }
  const { name, email } = fields.identity;
  const date = `${seconds(fields.date)} +0000`;
  const identity = ["AUTHOR", "COMMITTER"].map((role) => [
    [`GIT_${role}_NAME`, name],
    [`GIT_${role}_EMAIL`, email],
    [`GIT_${role}_DATE`, date],
  ]);
  const parents = fields.parents.flatMap((parent) => ["-p", parent]);
  const argv = gitCommand(r.commonDir, "commit-tree", "-S", ...parents, "-F", "-", fields.tree);
  const env: Record<string, string> = Object.fromEntries(identity.flat());
  const stdin = messageText(fields.message);
  const options = { asOperator: true, env, stdin, signal: o.signal };
  return mustLine(runGit(argv, options), "signing a commit");
}

/** The tree of a commit. */
export async function treeOfCommit(r: Repository, commit: Oid): Promise<Oid> {
  const [tree = ""] = await treesOfCommits(r, [commit]);
  return tree;
}
