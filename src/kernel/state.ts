/** The state of a run: plain JSON, a fold of its events. `Draft` is the state while one event is applied. */
import { assert, present } from "../std/assert.ts";
import type { Action } from "./action.ts";
import type { Dag, UnitId } from "./dag.ts";
import type { GateStatus, KernelLimits, RunStatus } from "./event.ts";
export type Phase =
  | "pending"
  | "preparing"
  | "working"
  | "forking"
  | "self_reviewing"
  | "reviewing"
  | "queued"
  | "integrating"
  | "validating"
  | "landing"
  | "waiting"
  | "landed"
  | "done"
  | "failed"
  | "timed_out"
  | "skipped"
  | "abandoned";

export const terminalPhases: ReadonlySet<Phase> = new Set([
  "landed",
  "done",
  "failed",
  "timed_out",
  "skipped",
  "abandoned",
]);

/** Live phases: a unit occupies one of the `jobs`. In the runner, an attempt is live while it has a worktree. */
export const livePhases: ReadonlySet<Phase> = new Set([
  "preparing",
  "working",
  "forking",
  "self_reviewing",
]);

export interface UnitState {
  phase: Phase;
  /** Reason of the phase, for people; shown by `dgov explain`. */
  reason: string;
  /** Attempts started so far in this run; 0 before the first. */
  attempt: number;
  fork: number;
  rejections: number;
  crashes: number;
  timeouts: number;
  /** Fix attempts started, and whether the current attempt is one. */
  fixes: number;
  fixing: boolean;
  /** The reviewed commit of the current attempt and its tree; null until review passed. */
  commit: string | null;
  tree: string | null;
  base: string | null;
  /** Set when the wait for the checkouts is over: one that blocks the next landing then fails the unit. */
  lastTry: boolean;
  /** Number of dependencies that are neither landed nor done. */
  blockers: number;
  dependents: UnitId[];
}

/**
 * A car of the merge train: one attempt's candidate, based on the car before it (or on the tip).
 * A rebuilt car gets a new number, so that a late answer for the old one is stale.
 *
 *   waiting    for the candidate it will be based on
 *   building -> ready -> gating -> passed -> landing
 *   failed     the failure is final once its base is the tip; until then the base may be discarded
 */
export interface Car {
  car: number;
  unit: UnitId;
  attempt: number;
  /** The base commit; empty while it waits. */
  onto: string;
  /** The unit of the car it was built on; null when it was built on the tip, or waits. */
  behind: UnitId | null;
  commit: string | null;
  tree: string | null;
  phase: "waiting" | "building" | "ready" | "gating" | "passed" | "failed" | "landing";
  /** Another car may be based on it. */
  screened: boolean;
  verdicts: Record<string, GateStatus>;
  failure: Failure | null;
  /** Number of rebuilds because the target moved. */
  rebuilds: number;
}

/** Failure of a car. `nonRetriable`: another attempt could not succeed. */
export interface Failure {
  kind: "conflict" | "environment" | "gates";
  reason: string;
  nonRetriable: boolean;
}

/** Gates on an attempt's own tree, after its candidate failed on the tip, to attribute the failure. */
export interface OwnJudgement {
  unit: UnitId;
  attempt: number;
  /** Reason of the candidate's failure. */
  reason: string;
  /** False while it waits for a free gate slot. */
  running: boolean;
}

export interface State {
  started: boolean;
  /** Set by `run.interrupted`; nothing starts after that. */
  stopping: null | { cause: "signal" | "repository_changed"; reason: string };
  /** `run.finish` was requested. */
  finishing: boolean;
  finished: RunStatus | null;
  dag: Dag;
  limits: KernelLimits;
  order: "ready" | "plan";
  gates: string[];
  screening: boolean;
  tip: string;
  units: Record<UnitId, UnitState>;
  /** Units ready for another attempt, and units ready for their first; oldest first. */
  retries: UnitId[];
  ready: UnitId[];
  /** Units waiting for a place in the train, oldest first; unused with order "plan". */
  queue: UnitId[];
  /** With order "plan": number of leading units of the landing order that are in a terminal phase. */
  planCursor: number;
  train: Car[];
  judging: OwnJudgement[];
  /** Units whose landing a checkout blocks: queued when it changes, and once at the end. */
  blocked: UnitId[];
  /** Nothing else is left, and `checkout.await` has no answer yet. */
  awaiting: boolean;
  /** Waits for the checkouts so far: an answer to an earlier one is none to the last. */
  waits: number;
  /** Number of the next car; numbers are unique within a run. */
  nextCar: number;
  /** Counts of units: in `livePhases`, in review, not in a terminal phase, landed or done. */
  live: number;
  reviewing: number;
  open: number;
  landed: number;
}

/** A unit's change of phase, with a reason for people. */
export interface PhaseChange {
  unit: UnitId;
  from: Phase;
  to: Phase;
  reason: string;
}

/** One event being applied: the state, changed in place, and the resulting actions and phase changes. */
export interface Draft {
  state: State;
  actions: Action[];
  changes: PhaseChange[];
}

/** State of a unit of the dag; throws INTERNAL for any other id. */
export function unitOf(d: Draft, id: UnitId): UnitState {
  return present(d.state.units[id], `the dag has ${id}`);
}

/** Moves a unit to a phase and updates the counters. Throws INTERNAL when its phase is terminal. */
export function setPhase(d: Draft, id: UnitId, to: Phase, reason: string): void {
  const { state } = d;
  const unit = unitOf(d, id);
  const from = unit.phase;
  assert(!terminalPhases.has(from), `the phase of ${id}, ${from}, is not terminal`);
  unit.reason = reason;
  if (from === to) return;
  unit.phase = to;
  state.live += Number(livePhases.has(to)) - Number(livePhases.has(from));
  state.reviewing += Number(to === "reviewing") - Number(from === "reviewing");
  if (terminalPhases.has(to)) state.open--;
  d.changes.push({ unit: id, from, to, reason });
}

/** Like `setPhase`, and records the reason as a change even when the unit is in that phase already. */
export function restate(d: Draft, id: UnitId, to: Phase, reason: string): void {
  const same = unitOf(d, id).phase === to;
  setPhase(d, id, to, reason);
  if (same) d.changes.push({ unit: id, from: to, to, reason });
}
