/**
 * `dgov prune`: deletes the telemetry of old runs, and the blobs that nothing else names.
 *
 * Lifecycle events stay, and so does kept work. On request, keep-refs of units that have landed since are deleted.
 * The caller holds the run lock, unless `dry` is set.
 */

import type { LandedUnit } from "../../git/landing/landed.ts";
import { branchTip, deleteRefs, keepRef, listRefs } from "../../git/refs.ts";
import type { Repository } from "../../git/repository.ts";
import type { EventLog } from "../../log/event-log.ts";
import { landedUnits } from "../history/landings.ts";

/** A run that finished before the given moment. */
interface OldRun {
  run: string;
  plan: string;
  target: string;
}

export interface PrunedRuns {
  runs: { run: string; plan: string; events: number; keptRefs: string[] }[];
  /** Number of blobs that no event names now, and their bytes. */
  files: number;
  bytes: number;
}

const runsMax = 100_000;

/** Prunes the runs that finished before a moment (epoch milliseconds). `dry` changes nothing. */
export async function pruneRuns(o: {
  repository: Repository;
  projectRoot: string;
  log: EventLog;
  before: number;
  /** Also delete keep-refs of units that have landed since. */
  kept: boolean;
  dry: boolean;
}): Promise<PrunedRuns> {
  const { log, before, dry } = o;
  const { old, order } = oldRuns(log, before);
  const refs = o.kept ? await supersededRefs(o, { old, order }) : new Map();
  const pruned = log.prune({ runs: old.map(({ run }) => run), before, dry });
  const events = new Map(pruned.events.map((one) => [one.run, one.events]));
  const runs = old
    .map(({ run, plan }) => ({
      run,
      plan,
      events: events.get(run) ?? 0,
      keptRefs: (refs.get(run) ?? []) as string[],
    }))
    .filter((one) => one.events > 0 || one.keptRefs.length > 0);
  if (!dry) {
    await deleteRefs(o.repository, [...refs.values()].flat());
    log.append(
      runs.map(({ run, plan, events: telemetry, keptRefs }) => ({
        run,
        plan,
        unit: null,
        attempt: null,
        type: "run.pruned",
        data: { telemetry, kept_refs: keptRefs },
      })),
    );
  }
  return { runs, files: pruned.files, bytes: pruned.bytes };
}

/** Runs that ended before a moment, oldest first, and the position of every run in time. */
function oldRuns(log: EventLog, before: number): { old: OldRun[]; order: Map<string, number> } {
  const all = log.runs({ limit: runsMax }).reverse();
  const old = all.flatMap(({ run, plan, ts }) => {
    // A run that began later cannot have ended before.
    if (Date.parse(ts) >= before) return [];
    const events = log.overview(run);
    const end = events.find(({ type }) => type === "run.finished");
    if (end === undefined || Date.parse(end.ts) >= before) return [];
    const target = events.find(({ type }) => type === "run.started")?.data["target"];
    return [{ run, plan, target: String(target) }];
  });
  return { old, order: new Map(all.map(({ run }, at) => [run, at])) };
}

/**
 * By old run: its keep-refs whose unit landed in that run or a later one, in a commit that the run's target still
 * has. Refs of `dgov take`, and of runs that are not in the log, are not among them.
 */
async function supersededRefs(
  {
    repository,
    projectRoot,
    log,
  }: Pick<Parameters<typeof pruneRuns>[0], "repository" | "projectRoot" | "log">,
  { old, order }: { old: OldRun[]; order: Map<string, number> },
): Promise<Map<string, string[]>> {
  const landings = new Map<string, LandedUnit[]>();
  const landedOn = async (target: string, plan: string): Promise<LandedUnit[]> => {
    const key = JSON.stringify([target, plan]);
    const known = landings.get(key);
    if (known !== undefined) return known;
    const tip = await branchTip(repository, target);
    const of = { projectRoot, branch: target, plan };
    const found = tip === null ? null : await landedUnits(repository, { ...of, tip });
    landings.set(key, found?.landed ?? []);
    return found?.landed ?? [];
  };
  const refs = new Map<string, string[]>();
  const there = new Set((await listRefs(repository, "refs/dgov/keep")).map(({ ref }) => ref));
  for (const { run, plan, target } of old) {
    const at = order.get(run) ?? 0;
    const landed = new Set(
      (await landedOn(target, plan))
        .filter((one) => (order.get(one.run ?? "") ?? -1) >= at)
        .map(({ unit }) => unit),
    );
    const mine = log.lifecycle({ run }).flatMap(({ type, unit, attempt }) => {
      if (type !== "attempt.kept" || unit === null || attempt === null) return [];
      const ref = keepRef(run, unit, attempt);
      return landed.has(unit) && there.has(ref) ? [ref] : [];
    });
    if (mine.length > 0) refs.set(run, [...new Set(mine)]);
  }
  return refs;
}
