/** What is to be run, and what is settled already: the plan, its target, what earlier runs came to. */
import { DgovError } from "../error.ts";
import { type LandedUnit, scanLanded } from "../git/landed.ts";
import { resolveUnit } from "../plan/locate.ts";
import type { RunEnvironment } from "./environment.ts";
import { planHistory, type UnitHistory, unresolvedUnits } from "./history.ts";
import { requireCleanTree, resolveTarget } from "./preconditions.ts";
import type { CompiledSource, RunRequest } from "./run-request.ts";
import { selectUnits, settledUnits } from "./selection.ts";

/** The plan as it is run, and where it lands. */
export interface Chosen extends CompiledSource {
  /** Ids of the units asked for; empty for the whole plan. */
  only: string[];
  /** Notes for the next prompts, by unit id. */
  notes: Map<string, string[]>;
  target: string;
  tip: string;
}

/** Compiles the plan and finds the branch it lands on. */
export async function choosePlan(request: RunRequest, ground: RunEnvironment): Promise<Chosen> {
  const { repository, config, projectPrefix } = ground;
  const { target, tip } = await resolveTarget(repository, request.target);
  const compiled = await request.compile(config, repository);
  const ids = compiled.plan.tasks.map((task) => task.id);
  const only = request.only.map((unit) => resolveUnit(ids, unit));
  const notes = new Map<string, string[]>();
  for (const { unit, text } of request.notes) {
    const id = resolveUnit(ids, unit);
    notes.set(id, [...(notes.get(id) ?? []), text]);
  }
  const some = selectUnits(compiled.plan, only);
  // Nobody would change work done by hand between two attempts.
  const plan = request.byHand.size === 0 ? some : { ...some, maxRetries: 0 };
  await requireCleanTree(repository, projectPrefix, plan, request.allowDirty);
  return { ...compiled, plan, only, notes, target, tip };
}

/** What earlier runs came to. */
export interface Past {
  history: Map<string, UnitHistory>;
  /** Commits of this plan's units that the target has. */
  landed: LandedUnit[];
  settled: { unit: string; as: "landed" | "done" }[];
  /** What a bare run must not quietly start again. */
  unresolved: UnitHistory[];
}

/** Asks git what has landed and the log what has not. */
export async function lookBack(
  request: RunRequest,
  ground: RunEnvironment,
  chosen: Chosen,
): Promise<Past> {
  const { repository, log } = ground;
  const { plan, tip } = chosen;
  if (repository.shallow && !request.yes) {
    throw new DgovError(
      "ENVIRONMENT",
      "this is a shallow clone: what landed earlier cannot be seen",
      { hint: "git fetch --unshallow, or run again with -y to run every unit" },
    );
  }
  const all = await scanLanded(repository, { tip, plan: plan.name });
  const ids = new Set(plan.tasks.map((task) => task.id));
  const landed = all.filter((one) => ids.has(one.unit));
  const history = planHistory(log, plan.name);
  const settled = settledUnits(plan, landed, history, request.mode);
  const known = new Set(settled.map((one) => one.unit));
  const open = unresolvedUnits(history, plan.tasks).filter((entry) => !known.has(entry.unit));
  return { history, landed, settled, unresolved: request.mode === "bare" ? open : [] };
}
