/**
 * Refs and revisions. dgov's own refs all lie below `refs/dgov/`, never below `refs/heads/`:
 *
 *   refs/dgov/keep/<run>/<unit>/<attempt>    an attempt's work
 *   refs/dgov/candidate/<run>/<n>            a candidate of the merge train
 *   refs/dgov/base/<run>, before/<run>       what a run started from
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { readText } from "../std/files.ts";
import { durable, inRepository, must, nulSplit } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

/** Encodes a text as one ref component: bytes outside `[A-Za-z0-9_-]` become `%XX`. */
export function encodeRefPart(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9_-]/.test(char)) return char;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

export function keepRef(run: string, unit: string, attempt: number): string {
  return `refs/dgov/keep/${encodeRefPart(run)}/${encodeRefPart(unit)}/${attempt}`;
}

export function candidateRef(run: string, n: number): string {
  return `refs/dgov/candidate/${encodeRefPart(run)}/${n}`;
}

export function baseRef(run: string): string {
  return `refs/dgov/base/${encodeRefPart(run)}`;
}

export function beforeRef(run: string): string {
  return `refs/dgov/before/${encodeRefPart(run)}`;
}

/** Points a ref at an object and syncs it. A symbolic ref of that name is replaced, never followed. */
export async function updateRef(r: Repository, ref: string, to: Oid): Promise<void> {
  const args = [...durable, "update-ref", "--no-deref", ref, to];
  await must(inRepository(r, args), `moving ${ref}`);
}

/** Deletes a ref. Missing is not an error. */
export async function deleteRef(r: Repository, ref: string): Promise<void> {
  await must(inRepository(r, ["update-ref", "--no-deref", "-d", ref]), `removing ${ref}`);
}

/** Deletes refs in one transaction. Missing ones are not an error. */
export async function deleteRefs(r: Repository, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  const stdin = refs.map((ref) => `delete ${ref}\0\0`).join("");
  await must(
    inRepository(r, ["update-ref", "--no-deref", "-z", "--stdin"], { stdin }),
    "removing refs",
  );
}

/** Refs below prefixes of whole components, such as `refs/dgov/keep/R`, sorted by name. */
export async function listRefs(
  r: Repository,
  ...prefixes: string[]
): Promise<{ ref: string; oid: Oid }[]> {
  const args = ["for-each-ref", "--format=%(objectname) %(refname)%00", ...prefixes];
  const output = await must(inRepository(r, args), `listing ${prefixes.join(", ")}`);
  return nulSplit(output)
    .map((line) => line.toString().trimStart())
    .filter((line) => line !== "")
    .map((line) => {
      const cut = line.indexOf(" ");
      return { oid: line.slice(0, cut), ref: line.slice(cut + 1) };
    });
}

/** HEAD of the checkout: a branch (with a null commit while it is unborn) or a detached commit. */
export async function headOf(
  r: Repository,
): Promise<
  { kind: "branch"; branch: string; commit: Oid | null } | { kind: "detached"; commit: Oid }
> {
  const symbolic = await inRepository(r, ["symbolic-ref", "-q", "HEAD"], { gitDir: r.gitDir });
  const verify = ["rev-parse", "--verify", "-q", "HEAD^{commit}"];
  const commit = (await inRepository(r, verify, { gitDir: r.gitDir })).stdout.toString().trim();
  const ref = symbolic.stdout.toString().trim();
  if (ref.startsWith("refs/heads/")) {
    return { kind: "branch", branch: ref.slice("refs/heads/".length), commit: commit || null };
  }
  if (commit !== "") return { kind: "detached", commit };
  throw new DgovError("NOT_A_REPOSITORY", "HEAD names neither a branch nor a commit");
}

/** True when the operator's checkout is on a branch. Starts no process, since it is asked at every landing. */
export function isCheckedOut(r: Repository, branch: string): boolean {
  return readText(join(r.gitDir, "HEAD"))?.trimEnd() === `ref: refs/heads/${branch}`;
}

/** The commit that a revision names; null when there is none. Throws ENVIRONMENT when git fails. */
export async function resolveCommit(r: Repository, rev: string): Promise<Oid | null> {
  const args = ["rev-parse", "--verify", "-q", "--end-of-options", `${rev}^{commit}`];
  const output = await inRepository(r, args, { gitDir: r.gitDir });
  if (output.code === 1) return null;
  return (await must(Promise.resolve(output), `resolving ${rev}`)).toString().trim();
}

/**
 * The commit of a branch; null when there is no such branch. Called at every dispatch, so a loose ref
 * (which every branch has once it has moved) is read without starting a process.
 */
export async function branchTip(r: Repository, branch: string): Promise<Oid | null> {
  const ref = `refs/heads/${branch}`;
  return looseRef(join(r.commonDir, ref)) ?? (await resolveCommit(r, ref));
}

/**
 * The upstream of a branch, such as `origin/main`, and how many commits each has that the other lacks, as of the last
 * fetch. Null without an upstream.
 */
export async function upstreamOf(
  r: Repository,
  branch: string,
): Promise<{ upstream: string; ahead: number; behind: number } | null> {
  const format = "--format=%(upstream:short)%00%(upstream:track)";
  const { code, stdout } = await inRepository(r, ["for-each-ref", format, `refs/heads/${branch}`]);
  const [upstream = "", track = ""] = stdout.toString().trimEnd().split("\0");
  if (code !== 0 || upstream === "" || track === "[gone]") return null;
  const count = (word: string): number =>
    Number(new RegExp(`${word} (\\d+)`).exec(track)?.[1] ?? 0);
  return { upstream, ahead: count("ahead"), behind: count("behind") };
}

/** The id in a loose ref's file; null for packed and symbolic refs, which git has to resolve. */
function looseRef(file: string): Oid | null {
  try {
    return /^([0-9a-f]{40}(?:[0-9a-f]{24})?)\n?$/.exec(readFileSync(file, "utf8"))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** True when git accepts a name for a branch. */
export async function isBranchName(r: Repository, name: string): Promise<boolean> {
  return (await inRepository(r, ["check-ref-format", `refs/heads/${name}`])).code === 0;
}

/** The full name of the ref that git finds for a name; null without one. A commit id names no ref. */
export async function refNamed(r: Repository, name: string): Promise<string | null> {
  const args = ["rev-parse", "--verify", "-q", "--symbolic-full-name", "--end-of-options", name];
  const { code, stdout } = await inRepository(r, args, { gitDir: r.gitDir });
  const ref = stdout.toString().trim();
  return code === 0 && ref !== "" ? ref : null;
}

/** Creates a branch. Throws ENVIRONMENT when it exists. */
export async function createBranch(r: Repository, branch: string, at: Oid): Promise<void> {
  const zero = "0".repeat(at.length);
  const args = ["update-ref", "--no-deref", `refs/heads/${branch}`, at, zero];
  await must(inRepository(r, args), `creating the branch ${branch}`);
}

/** True when one commit is reachable from another; a commit is its own ancestor. Throws ENVIRONMENT when git fails. */
export async function isAncestor(r: Repository, ancestor: Oid, descendant: Oid): Promise<boolean> {
  const output = await inRepository(r, ["merge-base", "--is-ancestor", ancestor, descendant]);
  if (output.code <= 1) return output.code === 0;
  if ((await resolveCommit(r, ancestor)) === null) return false;
  throw new DgovError("ENVIRONMENT", `git failed while comparing commits: ${output.stderr.trim()}`);
}

/** Those of the commits that are reachable from `tip`; ids that the repository does not have are not. */
export async function reachableCommits(
  r: Repository,
  o: { tip: Oid; commits: readonly Oid[] },
): Promise<Set<Oid>> {
  if (o.commits.length === 0) return new Set();
  const check = ["cat-file", "--batch-check=%(objecttype) %(objectname)"];
  const stdin = Buffer.from(o.commits.map((commit) => `${commit}\n`).join(""));
  const types = (await must(inRepository(r, check, { stdin }), "looking for commits")).toString();
  const present = o.commits.filter((commit) => types.includes(`commit ${commit}\n`));
  const list = ["rev-list", "--stdin"];
  const range = Buffer.from([...present, `^${o.tip}`].map((rev) => `${rev}\n`).join(""));
  const outside = await must(inRepository(r, list, { stdin: range }), "reading the history");
  const unreachable = new Set(outside.toString().split("\n"));
  return new Set(present.filter((commit) => !unreachable.has(commit)));
}

/** Number of commits reachable from `to` but not from `from`; null when `from` is unknown. */
export async function commitsSince(r: Repository, from: Oid, to: Oid): Promise<number | null> {
  if ((await resolveCommit(r, from)) === null) return null;
  const output = await inRepository(r, ["rev-list", "--count", `${from}..${to}`]);
  return output.code === 0 ? Number(output.stdout.toString().trim()) : null;
}

/** The last commit reachable from `tip` that changed a path; null when none did. Throws ENVIRONMENT when git fails. */
export async function lastChange(r: Repository, tip: Oid, path: string): Promise<Oid | null> {
  const list = inRepository(r, ["rev-list", "-1", tip, "--", path]);
  return (await must(list, "reading the history")).toString().trim() || null;
}
