/** Resolves a plan argument of a command to the newest run of that plan. */
import { existsSync } from "node:fs";
import { ownPath } from "../config/find.ts";
import { DgovError } from "../error.ts";
import type { EventLog } from "../log/event-log.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { readHistory } from "../runner/history/landings.ts";
import { suggest } from "../std/suggest.ts";
import { listed, short } from "../std/text.ts";
import {
  type ShownRun,
  type ShownUnit,
  showUnit,
  showUnits,
  viewPlanUnits,
} from "../views/plan-view.ts";
import { type Elsewhere, landedWhere } from "../views/review.ts";
import type { RunView, UnitView } from "../views/run-view.ts";
import { type ProjectLog, readRun } from "./open-log.ts";
import { compiledUnits, Plans, planNameAt } from "./plan-summary.ts";

export interface ResolvedRun {
  log: EventLog;
  run: RunView;
  /** The run with the units of its plan: each as it is now, with the record of the run that landed it or had it last. */
  shown: ShownRun;
  /** Null when the plan is not on disk any more. */
  location: PlanLocation | null;
}

/** A plan with landed units and without a run in this log: the Python program ran it, or dgov in another clone. */
export interface LandedPlan {
  plan: string;
  /** In the order of the plan, with those that have not landed; only the landed ones when its text is gone. */
  units: ShownUnit[];
  elsewhere: Elsewhere;
}

/** The newest run of a plan, or of all plans. Throws NOT_FOUND when there is none. */
export async function resolveRun(
  seen: ProjectLog,
  plan: string | undefined,
  note: (text: string) => void,
): Promise<ResolvedRun> {
  const found = await findRun(seen, plan, note);
  if ("log" in found) return found;
  const { units, elsewhere } = found;
  const landed = units.flatMap(({ unit, landed: as }) => (as === null ? [] : [{ unit, as }]));
  const names = landed.map(({ unit, as }) => `${unit} as ${short(as.commit)}`);
  const text = `${found.plan} has no run of dgov; landed ${landedWhere(elsewhere)}: ${listed(names, 5)}`;
  throw new DgovError("NOT_FOUND", text, { hint: `dgov plan review ${found.plan}` });
}

/** The newest run of a plan, or of all plans; without one, the landed units. Throws NOT_FOUND without either. */
export async function findRun(
  seen: ProjectLog,
  plan: string | undefined,
  note: (text: string) => void,
): Promise<ResolvedRun | LandedPlan> {
  const { log, projectRoot } = seen;
  const plans = new Plans(seen);
  const location = plan === undefined ? null : await locate(projectRoot, plan, log);
  if (location?.archived) note(`${location.name} is archived`);
  const name = location === null ? plan : planNameAt(location);
  if (log !== null) {
    const newest = name === undefined ? (log.newestRun() ?? null) : null;
    const last = newest === null ? null : readRun(log, newest);
    const found =
      last !== null
        ? await plans.ofRun(last)
        : location !== null
          ? await plans.at(location, { thorough: true })
          : name !== undefined
            ? await plans.named(name)
            : null;
    const run = found?.run == null ? null : readRun(log, found.run.run);
    if (found !== null && run !== null) {
      const shown = showUnits(run, [...found.units, ...found.dropped], recordsOf(log));
      return { log, run, shown, location: found.location };
    }
  }
  const units = name === undefined ? [] : await landedUnitViews(projectRoot, name, location);
  if (name !== undefined && units.some(({ landed }) => landed !== null)) {
    return { plan: name, units, elsewhere: whereItRan({ projectRoot, log }, name, units) };
  }
  if (log === null) {
    throw new DgovError("NOT_FOUND", "nothing has run here yet", { hint: "dgov run" });
  }
  throw new DgovError("NOT_FOUND", `${name ?? "nothing"} has not run yet`, {
    hint: `dgov run ${name ?? ""}`.trim(),
  });
}

/** Finds the record of a unit in a run, with all details; each run is read once. */
function recordsOf(log: EventLog): (run: string, unit: string) => UnitView | null {
  const runs = new Map<string, Map<string, UnitView>>();
  return (run, unit) => {
    const known =
      runs.get(run) ?? new Map(readRun(log, run)?.units.map((one) => [one.unit, one]) ?? []);
    runs.set(run, known);
    return known.get(unit) ?? null;
  };
}

/** Runs that are searched for one by the end of its id. */
const runsSearchedMax = 10_000;

/**
 * The run with an id, or with a unique beginning, end or part after a `-` of one. Throws NOT_FOUND with the runs that
 * there are.
 */
export function findRunId(log: EventLog | null, typed: string, plan?: string): string {
  const entries = log?.runs({ ...(plan !== undefined && { plan }), limit: runsSearchedMax }) ?? [];
  const ids = entries.map(({ run }) => run);
  if (ids.includes(typed)) return typed;
  const matches =
    typed === "" ? [] : ids.filter((id) => id.startsWith(typed) || id.endsWith(typed));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (only !== undefined) {
    throw new DgovError("NOT_FOUND", `"${typed}" matches ${listed(matches, 5)}`, {
      hint: "give a longer part of the id",
    });
  }
  const near = suggest(typed, ids);
  const known = ids.length === 0 ? "dgov runs list" : `runs are ${listed(ids, 5)}`;
  throw new DgovError("NOT_FOUND", `no run ${typed}${plan === undefined ? "" : ` of ${plan}`}`, {
    hint: near === null ? known : `did you mean ${near}?`,
  });
}

/** One run of a plan, or of any plan, as it left its units. Throws NOT_FOUND for an unknown one. */
export async function resolveOneRun(
  seen: ProjectLog,
  o: { plan: string | undefined; run: string },
): Promise<ResolvedRun> {
  const { log, projectRoot } = seen;
  const location = o.plan === undefined ? null : await locate(projectRoot, o.plan, log);
  const name = location === null ? o.plan : planNameAt(location);
  const id = findRunId(log, o.run, name);
  const run = log === null ? null : readRun(log, id);
  if (log === null || run === null) throw new DgovError("NOT_FOUND", `no run ${o.run}`);
  const { units } = await new Plans(seen).oneRun(run);
  return { log, run, shown: showUnits(run, units, recordsOf(log)), location };
}

/** The units of a plan as git and the history of landings know them; empty without a commit. */
async function landedUnitViews(
  projectRoot: string,
  plan: string,
  location: PlanLocation | null,
): Promise<ShownUnit[]> {
  const { landedOnTarget, unitsOfSource } = await import("./run-facts.ts");
  const planned =
    location === null
      ? null
      : (compiledUnits(location.dir) ?? (await unitsOfSource({ projectRoot, location, env: {} })));
  const git = await landedOnTarget(projectRoot, plan, { units: planned, target: null });
  if (git === null) return [];
  const known = git.landed.map(({ unit, digest }) => ({
    ...{ unit, digest, role: "worker", summary: "", dependsOn: [] },
  }));
  const texts = planned ?? [...new Map(known.map((one) => [one.unit, one])).values()];
  const units = viewPlanUnits({ planned: texts, runs: [], live: null, git });
  return units.map((unit) => showUnit(unit, () => null));
}

/** The program that made the landings of a plan without a run, and where its state is. */
function whereItRan(
  { projectRoot, log }: Pick<ProjectLog, "projectRoot" | "log">,
  plan: string,
  units: readonly ShownUnit[],
): Elsewhere {
  const python = readHistory(projectRoot).filter((one) => one.plan === plan && one.digest === null);
  if (python.length === 0) return { program: "dgov", state: null };
  const commits = new Set(python.map(({ commit }) => commit));
  const all = units.every(({ landed }) => landed === null || commits.has(landed.commit));
  const places = [".dgov/state.python.db", ...(log === null ? [".dgov/state.db"] : [])];
  const state = places.find((path) => existsSync(ownPath(projectRoot, path))) ?? null;
  return { program: all ? "python" : "dgov", state };
}

/** The plan on disk; null for one of which only the log or landings are left. Throws NOT_FOUND when there is nothing. */
async function locate(
  root: string,
  plan: string,
  log: EventLog | null,
): Promise<PlanLocation | null> {
  const { resolvePlan } = await import("../plan/locate.ts");
  try {
    return await resolvePlan(root, plan);
  } catch (error) {
    if ((log?.newestRun(plan) ?? null) !== null) return null;
    if ((await landedUnitViews(root, plan, null)).length > 0) return null;
    throw error;
  }
}

/** Runs that are searched for plan names to suggest. */
const runsNamed = 100_000;

/** The name of a plan in the log. NOT_FOUND, with a suggestion, for a name that neither the log nor a folder has. */
export async function knownPlan(
  typed: string,
  root: string,
  log: EventLog | null,
): Promise<string> {
  if ((log?.newestRun(typed) ?? null) !== null) return typed;
  const { listPlans, resolvePlan } = await import("../plan/locate.ts");
  const names = new Set([
    ...(log?.runs({ limit: runsNamed }) ?? []).map((run) => run.plan),
    ...listPlans(root).map((plan) => plan.name),
  ]);
  const near = suggest(typed, [...names]);
  if (near !== null && !names.has(typed)) {
    throw new DgovError("NOT_FOUND", `no plan ${typed}`, { hint: `did you mean ${near}?` });
  }
  return planNameAt(await resolvePlan(root, typed));
}
