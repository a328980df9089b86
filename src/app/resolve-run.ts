/** Resolves a plan argument of a command to the newest run of that plan. */
import { DgovError } from "../error.ts";
import { headOf } from "../git/refs.ts";
import { findRepository } from "../git/repository.ts";
import type { EventLog } from "../log/event-log.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { landedUnits } from "../runner/history.ts";
import { suggest } from "../std/suggest.ts";
import { listed, short } from "../std/text.ts";
import type { RunView } from "../views/run-view.ts";
import { type ProjectLog, readRun } from "./open-log.ts";
import { newestRunAt, planNameAt } from "./plan-summary.ts";

export interface ResolvedRun {
  log: EventLog;
  run: RunView;
  /** Null when the plan is not on disk any more. */
  location: PlanLocation | null;
}

/** The newest run of a plan, or of all plans. Throws NOT_FOUND when there is none. */
export async function resolveRun(
  seen: ProjectLog,
  plan: string | undefined,
  note: (text: string) => void,
): Promise<ResolvedRun> {
  const { log, projectRoot } = seen;
  if (log === null) {
    await requireNoLandings(projectRoot, plan);
    throw new DgovError("NOT_FOUND", "nothing has run here yet", { hint: "dgov run" });
  }
  const location = plan === undefined ? null : await locate(projectRoot, plan, log);
  if (location?.archived) note(`${location.name} is archived`);
  const name = location === null ? plan : planNameAt(location);
  const newest =
    location === null
      ? log.newestRun(name)
      : (newestRunAt(log, planNameAt(location), location)?.run ?? null);
  const run = newest === null ? null : readRun(log, newest);
  if (run === null) {
    await requireNoLandings(projectRoot, name);
    throw new DgovError("NOT_FOUND", `${name ?? "nothing"} has not run yet`, {
      hint: `dgov run ${name ?? ""}`.trim(),
    });
  }
  return { log, run, location };
}

/** Throws NOT_FOUND, with the landed units, when a plan without a run has landed with the Python program. */
async function requireNoLandings(projectRoot: string, plan: string | undefined): Promise<void> {
  const repository = plan === undefined ? null : await findRepository(projectRoot);
  const tip = repository === null ? null : (await headOf(repository)).commit;
  if (plan === undefined || repository === null || tip === null) return;
  const { adopted } = await landedUnits(repository, { projectRoot, tip, plan });
  const last = adopted.at(-1);
  if (last === undefined) return;
  const units = adopted.map(({ unit, commit }) => `${unit} as ${short(commit)}`);
  const text = `${plan} has no run of dgov; landed with the Python program: ${listed(units, 5)}`;
  throw new DgovError("NOT_FOUND", text, { hint: `git show ${short(last.commit)}` });
}

/** The plan on disk; null for a plan that is only in the log. Throws NOT_FOUND when it is in neither. */
async function locate(root: string, plan: string, log: EventLog): Promise<PlanLocation | null> {
  const { resolvePlan } = await import("../plan/locate.ts");
  try {
    return await resolvePlan(root, plan);
  } catch (error) {
    if (log.newestRun(plan) !== null) return null;
    await requireNoLandings(root, plan);
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
