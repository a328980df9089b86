/**
 * Landed units, read from history alone: commits reachable from the target whose message or note has lines with
 * plan, unit and digest, and that no later commit reverts. After a rebase or squash a unit whose trailers are in the
 * message is still landed; after a reset or revert it runs again.
 */
import { isoTime } from "../../std/clock.ts";
import { inRepository, must } from "../git.ts";
import type { Oid } from "../objects.ts";
import { isAncestor } from "../refs.ts";
import type { Repository } from "../repository.ts";
import { logWithNotes, messageAndNote } from "./notes.ts";

export interface LandedUnit {
  unit: string;
  digest: string;
  commit: Oid;
  /** Null for work of the Python program. */
  run: string | null;
  /** Committer date, RFC 3339. */
  at: string;
}

interface Commit {
  id: Oid;
  at: string;
  /** With the note. */
  message: string;
}

/**
 * The landed units of a plan at `tip`, oldest first. `since` is an earlier result with its tip, which saves
 * reading the history below; it is ignored when it is not an ancestor of `tip`.
 */
export async function scanLanded(
  r: Repository,
  o: {
    tip: Oid;
    plan: string;
    since?: { tip: Oid; landed: LandedUnit[] };
    /** Units whose commits are reachable from `tip` and have no trailers. */
    recorded?: readonly LandedUnit[];
  },
): Promise<LandedUnit[]> {
  const { since } = o;
  if (since?.tip === o.tip) return since.landed;
  if (since !== undefined && (await isAncestor(r, since.tip, o.tip))) {
    const commits = await readLandingCommits(r, [o.tip, `^${since.tip}`]);
    const known = new Set([...commits, ...since.landed.map((l) => ({ id: l.commit }))].map(idOf));
    // A revert of a commit below `since` that was itself a revert needs the full history.
    if (commits.every((c) => revertedBy(c.message).every((id) => known.has(id)))) {
      return foldLanded(commits, o.plan, since.landed);
    }
  }
  return foldLanded(await readLandingCommits(r, [o.tip]), o.plan, o.recorded ?? []);
}

function idOf(commit: { id: Oid }): Oid {
  return commit.id;
}

async function readLandingCommits(r: Repository, range: string[]): Promise<Commit[]> {
  const args = [...logWithNotes, "--topo-order", "--reverse", "-E"];
  const grep = ["--grep=^Dgov-(Unit|Fixes): ", "--grep=^This reverts commit "];
  const format = `--format=%x00%x00%H%x00%cI%x00${messageAndNote}`;
  const output = inRepository(r, [...args, ...grep, format, ...range, "--"]);
  const text = (await must(output, "reading landed commits")).toString();
  return text
    .split("\0\0")
    .slice(1)
    .map((record) => {
      const [id = "", at = "", message = ""] = record.split("\0");
      return { id, at: isoTime(Date.parse(at)), message };
    });
}

/** A landed unit, or a reviewer's fix of landed units; one set of trailers. */
export interface LandedWork {
  commit: Oid;
  at: string;
  plan: string;
  run: string | null;
  /** Null for a reviewer's fix. */
  unit: string | null;
  digest: string;
  /** Units that a reviewer's fix changes. */
  fixes: string[];
}

/**
 * Landed units and fixes of every plan that are not reverted at `tip`, oldest first. With `since`, only those of commits
 * that are not reachable from it, which saves reading the history below.
 */
export async function scanLandedWork(
  r: Repository,
  tip: Oid,
  since: Oid | null = null,
): Promise<LandedWork[]> {
  if (since !== null) {
    // Without `--ignore-missing`, git fails when it no longer has the commit; with it, the whole history is read.
    const commits = await readLandingCommits(r, ["--ignore-missing", tip, `^${since}`]);
    const known = new Set(commits.map(idOf));
    // A revert of a commit below `since` may itself be reverted.
    if (commits.every((c) => revertedBy(c.message).every((id) => known.has(id)))) {
      return foldReverts(commits, [], worksOf);
    }
  }
  return foldReverts(await readLandingCommits(r, [tip]), [], worksOf);
}

/** Folds commits, oldest first, into the landed units of a plan. */
function foldLanded(
  commits: readonly Commit[],
  plan: string,
  before: readonly LandedUnit[],
): LandedUnit[] {
  return foldReverts(commits, before, (commit) =>
    worksOf(commit).flatMap(({ plan: its, unit, digest, run, at }) =>
      its === plan && unit !== null ? [{ unit, digest, commit: commit.id, run, at }] : [],
    ),
  );
}

/** Collects the work of commits, without that of commits which later ones revert. */
function foldReverts<Work extends { commit: Oid }>(
  commits: readonly Commit[],
  before: readonly Work[],
  workOf: (commit: Commit) => Work[],
): Work[] {
  let landed = [...before];
  const reverted = new Map<Oid, Work[]>();
  for (const commit of commits) {
    for (const id of revertedBy(commit.message)) {
      const removed = landed.filter((work) => work.commit === id);
      landed = landed.filter((work) => work.commit !== id);
      // A revert of a revert restores the work that the first one removed.
      landed.push(...(reverted.get(id) ?? []));
      reverted.delete(id);
      reverted.set(commit.id, [...(reverted.get(commit.id) ?? []), ...removed]);
    }
    landed.push(...workOf(commit));
  }
  return landed;
}

function revertedBy(message: string): Oid[] {
  const found = message.matchAll(/^This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b/gm);
  return [...found].map((match) => match[1] ?? "");
}

/** Every complete set of trailers of a commit; a squashed commit has several. */
function worksOf({ id, at, message }: Commit): LandedWork[] {
  const sets: { of: Map<string, string>; fixes: string[] }[] = [];
  const begin = (): (typeof sets)[number] => {
    const set = { of: new Map<string, string>(), fixes: [] };
    sets.push(set);
    return set;
  };
  for (const [, key = "", value = ""] of message.matchAll(trailer)) {
    let set = sets.at(-1) ?? begin();
    if (key === "Fixes") {
      // `Run` is the last trailer of a set.
      if (set.of.has("Unit") || set.of.has("Run")) set = begin();
      set.fixes.push(value);
      continue;
    }
    if (set.of.has(key)) set = begin();
    set.of.set(key, value);
  }
  return sets.flatMap(({ of, fixes }) => {
    const [plan, unit = null, digest = ""] = [of.get("Plan"), of.get("Unit"), of.get("Digest")];
    const complete = unit === null ? fixes.length > 0 : unit !== "" && digest !== "";
    if (!plan || !complete) return [];
    return [{ commit: id, at, plan, run: of.get("Run") ?? null, unit, digest, fixes }];
  });
}

const trailer = /^Dgov-(Plan|Unit|Run|Digest|Fixes): *(.*?) *$/gm;
