/** What `dgov undo` is about: a run or a unit, as typed, and what of it stands on the target. */
import { DgovError } from "../error.ts";
import { branchTip, type LandedUnit, type Repository, scanLanded } from "../git/repository.ts";
import type { EventLog } from "../log/event-log.ts";
import { resolveUnit } from "../plan/locate.ts";

export interface LandedChoice {
  run: string;
  plan: string;
  /** Branch it landed on, and its tip. */
  target: string;
  tip: string;
  /** Oldest first; never empty. */
  landed: LandedUnit[];
}

const runsMax = 10_000;
/** Runs looked through for one of which something stands. */
const lookBackMax = 100;

/** Finds it by git's word. NOT_FOUND or REFUSED when nothing of it is there to undo. */
export async function chooseLanded(
  repository: Repository,
  log: EventLog | null,
  o: { what: string | undefined; plan: string | undefined },
): Promise<LandedChoice> {
  const { what, plan } = o;
  const runs = log?.runs(plan === undefined ? { limit: runsMax } : { plan, limit: runsMax }) ?? [];
  const [newest] = runs;
  if (log === null || newest === undefined) {
    throw new DgovError(
      "NOT_FOUND",
      plan === undefined ? "nothing has run here yet" : `${plan} has not run here`,
      {
        hint: "dgov runs list",
      },
    );
  }
  const standing = landings(repository, log);
  if (what === undefined) {
    for (const entry of runs.slice(0, lookBackMax)) {
      const found = ofRun(await standing(entry), entry.run);
      if (found.landed.length > 0) return found;
    }
    throw new DgovError("NOT_FOUND", "nothing that landed is left to undo");
  }
  const named = runs.find(({ run }) => run === what || run.endsWith(`-${what}`));
  if (named !== undefined) {
    const found = ofRun(await standing(named), named.run);
    if (found.landed.length > 0) return found;
    const problem = `nothing that run ${named.run} landed stands on ${found.target}`;
    throw new DgovError("REFUSED", problem, { hint: `dgov runs show ${named.run}` });
  }
  const all = await standing(newest);
  const unit = resolveUnit([...new Set(all.landed.map((one) => one.unit))], what);
  const last = all.landed.findLast((one) => one.unit === unit);
  const landed = all.landed.filter((one) => one.unit === unit && one.run === last?.run);
  return { ...all, run: last?.run ?? newest.run, landed };
}

function ofRun(all: LandedChoice, run: string): LandedChoice {
  return { ...all, run, landed: all.landed.filter((one) => one.run === run) };
}

/** What of a run's plan stands on the branch it landed on; each plan is looked up once. */
function landings(
  repository: Repository,
  log: EventLog,
): (of: { run: string; plan: string }) => Promise<LandedChoice> {
  const known = new Map<string, Promise<LandedUnit[]>>();
  return async ({ run, plan }) => {
    const started = log.overview(run).find(({ type }) => type === "run.started");
    const target = String(started?.data["target"]);
    const tip = await branchTip(repository, target);
    if (tip === null) throw new DgovError("TARGET_MISSING", `the branch ${target} is gone`);
    const key = `${tip} ${plan}`;
    const landed = known.get(key) ?? scanLanded(repository, { tip, plan });
    known.set(key, landed);
    return { run, plan, target, tip, landed: await landed };
  };
}
