/**
 * What has landed, read from history alone: commits reachable from the target whose message names
 * plan, unit and digest at line starts, anywhere in it, and that no later commit reverts. A rebase
 * and a squash keep this, a reset undoes it, a revert makes the unit run again.
 */
import { isoTime } from "../std/clock.ts";
import { inRepository, must, type Oid } from "./git.ts";
import type { Repository } from "./repository.ts";
import { isAncestor } from "./revisions.ts";

export interface LandedUnit {
  unit: string;
  digest: string;
  commit: Oid;
  run: string | null;
  /** Committer date, RFC 3339. */
  at: string;
}

interface Commit {
  id: Oid;
  at: string;
  message: string;
}

/**
 * The units of a plan that have landed at `tip`, oldest first. `since` is an earlier answer and the
 * tip it was given for; it saves reading the history below it, and is ignored when it does not fit.
 */
export async function scanLanded(
  r: Repository,
  o: { tip: Oid; plan: string; since?: { tip: Oid; landed: LandedUnit[] } },
): Promise<LandedUnit[]> {
  const { since } = o;
  if (since?.tip === o.tip) return since.landed;
  if (since !== undefined && (await isAncestor(r, since.tip, o.tip))) {
    const commits = await readCommits(r, [o.tip, `^${since.tip}`]);
    const known = new Set([...commits, ...since.landed.map((l) => ({ id: l.commit }))].map(idOf));
    // A revert of a revert below `since` needs what that one had taken out.
    if (commits.every((c) => revertedBy(c.message).every((id) => known.has(id)))) {
      return foldLanded(commits, o.plan, since.landed);
    }
  }
  return foldLanded(await readCommits(r, [o.tip]), o.plan, []);
}

function idOf(commit: { id: Oid }): Oid {
  return commit.id;
}

async function readCommits(r: Repository, range: string[]): Promise<Commit[]> {
  const args = ["rev-list", "--no-commit-header", "--topo-order", "--reverse", "-E"];
  const grep = ["--grep=^Dgov-Unit: ", "--grep=^This reverts commit "];
  const format = "--format=%x00%x00%H%x00%cI%x00%B";
  const output = inRepository(r, [...args, ...grep, format, ...range, "--"]);
  const text = (await must(output, "reading what has landed")).toString();
  return text
    .split("\0\0")
    .slice(1)
    .map((record) => {
      const [id = "", at = "", message = ""] = record.split("\0");
      return { id, at: isoTime(Date.parse(at)), message };
    });
}

/** Folds commits, oldest first, into what is landed after them. */
export function foldLanded(
  commits: readonly Commit[],
  plan: string,
  before: readonly LandedUnit[],
): LandedUnit[] {
  let landed = [...before];
  const takenOut = new Map<Oid, LandedUnit[]>();
  for (const commit of commits) {
    for (const id of revertedBy(commit.message)) {
      const gone = landed.filter((unit) => unit.commit === id);
      landed = landed.filter((unit) => unit.commit !== id);
      // A revert of a revert brings back what that one took out.
      landed.push(...(takenOut.get(id) ?? []));
      takenOut.delete(id);
      takenOut.set(commit.id, [...(takenOut.get(commit.id) ?? []), ...gone]);
    }
    for (const t of trailersOf(commit.message)) {
      if (t.plan !== plan) continue;
      const { unit, digest, run } = t;
      landed.push({ unit, digest, commit: commit.id, run, at: commit.at });
    }
  }
  return landed;
}

function revertedBy(message: string): Oid[] {
  const found = message.matchAll(/^This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b/gm);
  return [...found].map((match) => match[1] ?? "");
}

/** Every complete set of trailers; a squashed commit holds several. */
function trailersOf(
  message: string,
): { plan: string; unit: string; digest: string; run: string | null }[] {
  const sets: Record<string, string>[] = [{}];
  for (const match of message.matchAll(/^Dgov-(Plan|Unit|Run|Digest): *(.*?) *$/gm)) {
    const [, key = "", value = ""] = match;
    if (sets.at(-1)?.[key] !== undefined) sets.push({});
    const set = sets.at(-1);
    if (set !== undefined) set[key] = value;
  }
  return sets.flatMap(({ Plan: plan, Unit: unit, Digest: digest, Run: run }) =>
    plan && unit && digest ? [{ plan, unit, digest, run: run ?? null }] : [],
  );
}
