/**
 * What has landed, read from history alone: commits reachable from the target whose message names
 * plan, unit and digest at line starts, anywhere in it, and that no later commit reverts. A rebase
 * and a squash keep this, a reset undoes it, a revert makes the unit run again.
 */
import { isoTime } from "../std/clock.ts";
import { inRepository, must } from "./git.ts";
import type { Oid } from "./objects.ts";
import { isAncestor } from "./refs.ts";
import type { Repository } from "./repository.ts";

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
    const commits = await readLandingCommits(r, [o.tip, `^${since.tip}`]);
    const known = new Set([...commits, ...since.landed.map((l) => ({ id: l.commit }))].map(idOf));
    // A revert of a revert below `since` needs what that one had taken out.
    if (commits.every((c) => revertedBy(c.message).every((id) => known.has(id)))) {
      return foldLanded(commits, o.plan, since.landed);
    }
  }
  return foldLanded(await readLandingCommits(r, [o.tip]), o.plan, []);
}

function idOf(commit: { id: Oid }): Oid {
  return commit.id;
}

async function readLandingCommits(r: Repository, range: string[]): Promise<Commit[]> {
  const args = ["rev-list", "--no-commit-header", "--topo-order", "--reverse", "-E"];
  const grep = ["--grep=^Dgov-(Unit|Fixes): ", "--grep=^This reverts commit "];
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

/** A unit that landed, or a reviewer's fix of some that had, by one set of trailers. */
export interface LandedWork {
  commit: Oid;
  at: string;
  plan: string;
  run: string | null;
  /** Null for a fix. */
  unit: string | null;
  digest: string;
  /** Units a fix mends. */
  fixes: string[];
}

/** All that stands at `tip`, of every plan, fixes too, oldest first. */
export async function scanLandedWork(r: Repository, tip: Oid): Promise<LandedWork[]> {
  return foldReverts(await readLandingCommits(r, [tip]), [], worksOf);
}

/** Folds commits, oldest first, into what is landed after them. */
export function foldLanded(
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

/** What commits bring, without what later ones take back. */
function foldReverts<Work extends { commit: Oid }>(
  commits: readonly Commit[],
  before: readonly Work[],
  bringsOf: (commit: Commit) => Work[],
): Work[] {
  let standing = [...before];
  const takenOut = new Map<Oid, Work[]>();
  for (const commit of commits) {
    for (const id of revertedBy(commit.message)) {
      const gone = standing.filter((work) => work.commit === id);
      standing = standing.filter((work) => work.commit !== id);
      // A revert of a revert brings back what that one took out.
      standing.push(...(takenOut.get(id) ?? []));
      takenOut.delete(id);
      takenOut.set(commit.id, [...(takenOut.get(commit.id) ?? []), ...gone]);
    }
    standing.push(...bringsOf(commit));
  }
  return standing;
}

function revertedBy(message: string): Oid[] {
  const found = message.matchAll(/^This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b/gm);
  return [...found].map((match) => match[1] ?? "");
}

/** Every complete set of trailers; a squashed commit holds several. */
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
      // The run comes last of a set.
      if (set.of.has("Unit") || set.of.has("Run")) set = begin();
      set.fixes.push(value);
      continue;
    }
    if (set.of.has(key)) set = begin();
    set.of.set(key, value);
  }
  return sets.flatMap(({ of, fixes }) => {
    const [plan, unit = null, digest = ""] = [of.get("Plan"), of.get("Unit"), of.get("Digest")];
    const whole = unit === null ? fixes.length > 0 : unit !== "" && digest !== "";
    if (!plan || !whole) return [];
    return [{ commit: id, at, plan, run: of.get("Run") ?? null, unit, digest, fixes }];
  });
}

const trailer = /^Dgov-(Plan|Unit|Run|Digest|Fixes): *(.*?) *$/gm;
