/** Start, interruption and end of a run. */
import { assert } from "../std/assert.ts";
import { dagIndex } from "./dag.ts";
import type { Event, RunStatus } from "./event.ts";
import { settleBlocked } from "./landing.ts";
import {
  type Draft,
  type State,
  setPhase,
  terminalPhases,
  type UnitState,
  unitOf,
} from "./state.ts";
import { cancelGates } from "./train.ts";
import { settleDependents, waitsForWorker } from "./units.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** Starts the run: creates the units, and ends those that need no work. */
export function started(d: Draft, event: Of<"run.started">): boolean {
  const { state } = d;
  if (state.started) return false;
  const { dag, limits, order, tip, gates, screening = false } = event;
  const { jobs, speculation, maxGates } = limits;
  assert(
    Math.min(jobs, speculation, maxGates) >= 1,
    "jobs, speculation and maxGates are at least 1",
  );
  dagIndex(dag);
  Object.assign(state, { started: true, dag, limits, order, tip, gates, screening });
  state.open = dag.units.length;
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
    unit.reason = unit.blockers === 0 ? waitsForWorker : `waiting for ${someOf(deps)}`;
    return unit.blockers === 0 ? [id] : [];
  });
  return true;
}

/** The first five ids, and the number of the rest. */
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
 * Interrupts the run: stops workers and gates, waits for a landing in progress, and abandons every
 * other unit. With all units in terminal phases and all queues empty, nothing new can start.
 */
export function interrupted(d: Draft, event: Of<"run.interrupted">): boolean {
  const { state } = d;
  if (state.stopping !== null || state.finishing) return false;
  state.stopping = { cause: event.cause, reason: event.reason };
  const landing = state.train.filter((car) => car.phase === "landing");
  for (const car of state.train) cancelGates(d, car);
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
  Object.assign(state, { ready: [], retries: [], blocked: [], awaiting: false });
  return true;
}

/** Requests `run.finish` when every unit is in a terminal phase, after a wait for blocked landings. */
export function finishWhenDone(d: Draft): void {
  const { state } = d;
  if (state.finishing) return;
  if (state.open > 0) settleBlocked(d);
  if (state.open > 0) return;
  state.finishing = true;
  d.actions.push({ type: "run.finish", status: runStatus(state) });
}

/** The status of a run in which every unit is in a terminal phase. */
export function runStatus(state: State): RunStatus {
  if (state.stopping !== null) return "interrupted";
  if (state.landed === state.dag.units.length) return "complete";
  return state.landed > 0 ? "partial" : "failed";
}
