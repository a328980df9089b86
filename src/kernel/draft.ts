/** One event's work in progress: the state being changed, and what comes of it. */
import { assert, present } from "../std/assert.ts";
import type { Action } from "./action.ts";
import type { DagUnit, UnitId } from "./dag.ts";
import { livePhases, type Phase, type State, terminalPhases, type UnitState } from "./state.ts";

/** A unit's change of phase and why, in words for a person. */
export interface PhaseChange {
  unit: UnitId;
  from: Phase;
  to: Phase;
  reason: string;
}

export interface Draft {
  state: State;
  actions: Action[];
  changes: PhaseChange[];
  about(id: UnitId): DagUnit | undefined;
}

const indexes = new WeakMap<State["dag"], Map<UnitId, DagUnit>>();

/** A draft over a state. */
export function draftOf(state: State): Draft {
  return { state, actions: [], changes: [], about: (id) => indexOf(state).get(id) };
}

function indexOf(state: State): Map<UnitId, DagUnit> {
  let index = indexes.get(state.dag);
  if (index === undefined) {
    index = new Map(state.dag.units.map((unit) => [unit.id, unit]));
    indexes.set(state.dag, index);
  }
  return index;
}

/** The unit's state; asking for one the dag lacks is a bug. */
export function unitOf(d: Draft, id: UnitId): UnitState {
  return present(d.state.units[id], `the dag has ${id}`);
}

/** Moves a unit to a phase; terminal phases are for ever. */
export function setPhase(d: Draft, id: UnitId, to: Phase, reason: string): void {
  const unit = unitOf(d, id);
  const from = unit.phase;
  assert(!terminalPhases.has(from), `${id} is ${from} and stays so`);
  unit.reason = reason;
  if (from === to) return;
  unit.phase = to;
  if (livePhases.has(from)) d.state.live--;
  if (livePhases.has(to)) d.state.live++;
  if (terminalPhases.has(to)) d.state.open--;
  d.changes.push({ unit: id, from, to, reason });
}

/** The attempt was judged and found wanting: again, within `rejectionRetries`. */
export function reject(d: Draft, id: UnitId, reason: string): void {
  retry(d, id, "rejection", reason);
}

const counters = {
  rejection: { count: "rejections", limit: "rejectionRetries", end: "failed" },
  crash: { count: "crashes", limit: "crashRetries", end: "failed" },
  timeout: { count: "timeouts", limit: "timeoutRetries", end: "timed_out" },
} as const;

/** Another attempt when the budget of this kind allows, else the end. */
export function retry(d: Draft, id: UnitId, kind: keyof typeof counters, reason: string): void {
  const unit = unitOf(d, id);
  const { count, limit, end } = counters[kind];
  const allowed = d.state.limits[limit];
  if (unit[count] >= allowed) {
    finish(d, id, end, reason);
    return;
  }
  unit[count]++;
  setPhase(d, id, "waiting", `retry ${unit[count]} of ${allowed} after ${reason}`);
  d.state.retries.push(id);
}

/** The unit is over, and everything that waits for it with it. */
export function fail(d: Draft, id: UnitId, reason: string): void {
  finish(d, id, "failed", reason);
}

function finish(d: Draft, id: UnitId, phase: "failed" | "timed_out", reason: string): void {
  setPhase(d, id, phase, reason);
  d.state.bad++;
  skipDependents(d, id);
}

/** Everything that waits for `id`, directly or not, is skipped. */
export function skipDependents(d: Draft, id: UnitId): void {
  const stack = [...unitOf(d, id).dependents];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const unit = unitOf(d, next);
    if (unit.phase !== "pending") continue;
    setPhase(d, next, "skipped", `skipped because ${id} did not land`);
    d.state.bad++;
    stack.push(...unit.dependents);
  }
}
