/** Resolves a plan argument of a command to the newest run of that plan. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import type { EventLog } from "../log/event-log.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { readHistory } from "../runner/history.ts";
import { suggest } from "../std/suggest.ts";
import { listed, short } from "../std/text.ts";
import { viewLandedUnits } from "../views/plan-view.ts";
import { type Elsewhere, landedWhere } from "../views/review.ts";
import type { RunView, UnitView } from "../views/run-view.ts";
import { type ProjectLog, readRun } from "./open-log.ts";
import { newestRunAt, planNameAt } from "./plan-summary.ts";

export interface ResolvedRun {
  log: EventLog;
  run: RunView;
  /** Null when the plan is not on disk any more. */
  location: PlanLocation | null;
}

/** A plan with landed units and without a run in this log: the Python program ran it, or dgov in another clone. */
export interface LandedPlan {
  plan: string;
  /** In the order of the plan, with those that have not landed; only the landed ones when its text is gone. */
  units: UnitView[];
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
  { log, projectRoot }: ProjectLog,
  plan: string | undefined,
  note: (text: string) => void,
): Promise<ResolvedRun | LandedPlan> {
  const location = plan === undefined ? null : await locate(projectRoot, plan, log);
  if (location?.archived) note(`${location.name} is archived`);
  const name = location === null ? plan : planNameAt(location);
  if (log !== null) {
    const newest =
      location === null
        ? log.newestRun(name)
        : (newestRunAt(log, planNameAt(location), location)?.run ?? null);
    const run = newest === null ? null : readRun(log, newest);
    if (run !== null) return { log, run, location };
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

/** The units of a plan as git and the history of landings know them; empty without a commit. */
async function landedUnitViews(
  projectRoot: string,
  plan: string,
  location: PlanLocation | null,
): Promise<UnitView[]> {
  const { compiledUnits, landedOnTarget, unitsOfSource } = await import("./run-facts.ts");
  const planned =
    location === null
      ? null
      : (compiledUnits(location.dir) ?? (await unitsOfSource({ projectRoot, location, env: {} })));
  const git = await landedOnTarget(projectRoot, plan, { units: planned, target: null });
  if (git === null) return [];
  const known = git.landed.map(({ unit, digest }) => ({
    ...{ unit, digest, role: "worker", summary: "", dependsOn: [] },
  }));
  const units = planned ?? [...new Map(known.map((one) => [one.unit, one])).values()];
  return viewLandedUnits(units, git.landed);
}

/** The program that made the landings of a plan without a run, and where its state is. */
function whereItRan(
  { projectRoot, log }: Pick<ProjectLog, "projectRoot" | "log">,
  plan: string,
  units: readonly UnitView[],
): Elsewhere {
  const python = readHistory(projectRoot).filter((one) => one.plan === plan && one.digest === null);
  if (python.length === 0) return { program: "dgov", state: null };
  const commits = new Set(python.map(({ commit }) => commit));
  const all = units.every(({ landed }) => landed === null || commits.has(landed.commit));
  const places = [".dgov/state.python.db", ...(log === null ? [".dgov/state.db"] : [])];
  const state = places.find((path) => existsSync(join(projectRoot, path))) ?? null;
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
