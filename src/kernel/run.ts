/** How a run begins, is interrupted, and ends. */
import { assert } from "../std/assert.ts";
import { indexOf } from "./dag-index.ts";
import { type Draft, setPhase, unitOf } from "./draft.ts";
import type { Event, RunStatus } from "./event.ts";
import { lastTries } from "./landing.ts";
import { settleDependents, waitsForWorker } from "./schedule.ts";
import { type State, terminalPhases, type UnitState } from "./state.ts";
import { cancel } from "./train.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** The run begins: every unit is known, and those that need no work are over. */
export function started(d: Draft, event: Of<"run.started">): boolean {
  const { state } = d;
  if (state.started) return false;
  const { dag, limits, order, tip, gates } = event;
  const { jobs, speculation, maxGates } = limits;
  assert(Math.min(jobs, speculation, maxGates) >= 1, "one job, car and gate run at least");
  indexOf(dag);
  Object.assign(state, { started: true, dag, limits, order, tip, gates, open: dag.units.length });
  for (const { id } of dag.units) state.units[id] = newUnit();
  for (const { id, deps } of dag.units) {
    for (const dep of new Set(deps)) {
      unitOf(d, dep).dependents.push(id);
      unitOf(d, id).blockers++;
    }
  }
  for (const { unit, as } of event.settled) setPhase(d, unit, as, `${as} earlier`);
  for (const { unit } of event.settled) settleDependents(d, unit);
  state.ready = dag.units.flatMap(({ id, deps }) => {
    const unit = unitOf(d, id);
    if (unit.phase !== "pending") return [];
    unit.reason = unit.blockers === 0 ? waitsForWorker : `waits for ${someOf(deps)}`;
    return unit.blockers === 0 ? [id] : [];
  });
  return true;
}

/** A list a person can read: the first few, and how many more. */
function someOf(ids: readonly string[]): string {
  const more = ids.length - 5;
  return more > 0 ? `${ids.slice(0, 5).join(", ")} and ${more} more` : ids.join(", ");
}

function newUnit(): UnitState {
  return {
    phase: "pending",
    reason: "",
    attempt: 0,
    fork: 0,
    rejections: 0,
    crashes: 0,
    timeouts: 0,
    fixes: 0,
    fixing: false,
    commit: null,
    tree: null,
    base: null,
    lastTry: false,
    blockers: 0,
    dependents: [],
  };
}

/**
 * What is alive is stopped, a landing under way is waited for, and everything else is abandoned:
 * with every unit over and every queue empty, nothing new can start.
 */
export function interrupted(d: Draft, event: Of<"run.interrupted">): boolean {
  const { state } = d;
  if (state.stopping !== null || state.finishing) return false;
  state.stopping = { cause: event.cause, reason: event.reason };
  const landing = state.train.filter((car) => car.phase === "landing");
  for (const car of state.train) cancel(d, car);
  for (const { unit, attempt, running } of state.judging) {
    if (running) d.actions.push({ type: "gates.cancel", unit, attempt, car: null });
  }
  for (const { id } of state.dag.units) {
    const { phase, attempt } = unitOf(d, id);
    if (terminalPhases.has(phase) || phase === "landing") continue;
    if (phase === "working" || phase === "forking" || phase === "self_reviewing") {
      d.actions.push({ type: "worker.stop", unit: id, attempt });
    }
    setPhase(d, id, "abandoned", event.reason);
  }
  Object.assign(state, { train: landing, judging: [], queue: [] });
  Object.assign(state, { ready: [], retries: [], blocked: [] });
  return true;
}

/** Ends the run when every unit is over; blocked landings get their last try before that. */
export function finishWhenDone(d: Draft): void {
  const { state } = d;
  if (state.finishing) return;
  if (state.open > 0) lastTries(d);
  if (state.open > 0) return;
  state.finishing = true;
  d.actions.push({ type: "run.finish", status: runStatus(state) });
}

/** How a run in which every unit is over ends. */
export function runStatus(state: State): RunStatus {
  if (state.stopping !== null) return "interrupted";
  if (state.landed === state.dag.units.length) return "complete";
  return state.landed > 0 ? "partial" : "failed";
}
