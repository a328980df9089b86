/**
 * What `dgov undo` is about: a run or a unit, as typed, and what of it stands on the target.
 *
 * What stands is git's word. The log, where there is one, says which runs there were and which branch
 * each landed on; a clone without it looks at the branch that is checked out.
 */
import { DgovError } from "../error.ts";
import { type StandingWork, scanStanding } from "../git/landed.ts";
import { branchTip, headOf, type Repository } from "../git/repository.ts";
import type { EventLog } from "../log/event-log.ts";
import { resolveUnit } from "../plan/locate.ts";

export interface LandedChoice {
  run: string;
  plan: string;
  /** Branch it landed on, and its tip. */
  target: string;
  tip: string;
  /** Oldest first, fixes of reviewers too; never empty. */
  landed: StandingWork[];
}

/** A branch, and all that stands on it. */
type Ground = Pick<LandedChoice, "target" | "tip" | "landed">;

const runsMax = 10_000;
/** Runs looked through for one of which something stands. */
const lookBackMax = 100;

/** Finds it. NOT_FOUND or REFUSED when nothing of it is there to undo. */
export async function chooseLanded(
  repository: Repository,
  log: EventLog | null,
  { what, plan }: { what: string | undefined; plan: string | undefined },
): Promise<LandedChoice> {
  const runs = log?.runs(plan === undefined ? { limit: runsMax } : { plan, limit: runsMax }) ?? [];
  const grounds = groundsOf(repository, log);
  const here = await grounds.checkedOut(plan);
  const last = here.landed.at(-1);
  if (runs.length === 0 && last === undefined) throw neverRan(plan);
  if (what === undefined) {
    for (const { run } of runs.slice(0, lookBackMax)) {
      const found = ofRun(await grounds.ofRun(run), run);
      if (found !== null) return found;
    }
    const found = last?.run ? ofRun(here, last.run) : null;
    if (found !== null) return found;
    throw new DgovError("NOT_FOUND", "nothing that landed is left to undo");
  }
  const isMeant = (run: string): boolean => run === what || run.endsWith(`-${what}`);
  const logged = runs.find(({ run }) => isMeant(run))?.run;
  if (logged !== undefined) {
    const ground = await grounds.ofRun(logged);
    const found = ofRun(ground, logged);
    if (found !== null) return found;
    const problem = `nothing that run ${logged} landed stands on ${ground.target}`;
    throw new DgovError("REFUSED", problem, { hint: `dgov runs show ${logged}` });
  }
  const landedHere = here.landed.findLast(({ run }) => run !== null && isMeant(run))?.run ?? null;
  const found = landedHere === null ? null : ofRun(here, landedHere);
  if (found !== null) return found;
  const [newest] = runs;
  if (newest !== undefined) return ofUnit(await grounds.ofRun(newest.run), newest.plan, what);
  return ofUnit(here, last?.plan ?? "", what);
}

function neverRan(plan: string | undefined): DgovError {
  const problem = plan === undefined ? "nothing has run here yet" : `${plan} has not run here`;
  return new DgovError("NOT_FOUND", problem, { hint: "dgov runs list" });
}

/** What of a run stands; null when nothing does. */
function ofRun(ground: Ground, run: string): LandedChoice | null {
  const landed = ground.landed.filter((one) => one.run === run);
  const [first] = landed;
  return first === undefined ? null : { ...ground, run, plan: first.plan, landed };
}

/** The last landing of a unit, with the fixes that mend it alone. */
function ofUnit(ground: Ground, plan: string, what: string): LandedChoice {
  const all = ground.landed.filter((one) => one.plan === plan);
  const unit = resolveUnit([...new Set(all.flatMap((one) => one.unit ?? []))], what);
  const run = all.findLast((one) => one.unit === unit)?.run ?? null;
  const landed = all.filter(
    (one) =>
      one.run === run &&
      (one.unit === unit || (one.unit === null && one.fixes.every((id) => id === unit))),
  );
  return { ...ground, run: run ?? "", plan, landed };
}

/** Branches and what stands on them, each read once. */
function groundsOf(
  repository: Repository,
  log: EventLog | null,
): {
  /** The branch a run landed on. */
  ofRun(run: string): Promise<Ground>;
  /** The branch that is checked out, and what of a plan, or of all, stands there. */
  checkedOut(plan: string | undefined): Promise<Ground>;
} {
  const known = new Map<string, Promise<StandingWork[]>>();
  const standing = (tip: string): Promise<StandingWork[]> => {
    const found = known.get(tip) ?? scanStanding(repository, tip);
    known.set(tip, found);
    return found;
  };
  return {
    async ofRun(run) {
      const started = log?.overview(run).find(({ type }) => type === "run.started");
      const target = String(started?.data["target"]);
      const tip = await branchTip(repository, target);
      if (tip === null) throw new DgovError("TARGET_MISSING", `the branch ${target} is gone`);
      return { target, tip, landed: await standing(tip) };
    },
    async checkedOut(plan) {
      const head = await headOf(repository);
      if (head.kind !== "branch" || head.commit === null)
        return { target: "", tip: "", landed: [] };
      const all = await standing(head.commit);
      const landed = all.filter((one) => plan === undefined || one.plan === plan);
      return { target: head.branch, tip: head.commit, landed };
    },
  };
}
