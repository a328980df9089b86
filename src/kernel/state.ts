/** The state of a run: plain JSON, folded from events, nothing else. */
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

export interface UnitState {
  phase: Phase;
  /** Why the unit is in this phase, in words for a person; `dgov explain` prints it. */
  reason: string;
  /** Attempts started so far in this run; 0 before the first. */
  attempt: number;
  fork: number;
  rejections: number;
  crashes: number;
  timeouts: number;
  /** The reviewed commit of the live attempt and its tree; null until review passed. */
  commit: string | null;
  tree: string | null;
  base: string | null;
  /** Blocked by a checkout: tried again when something changes there, and at the end. */
  blocked: boolean;
}

/**
 * A car of the merge train: one attempt's candidate, standing on the car before it (or the tip).
 * Cars are numbered in the order they joined; a rebuilt car gets a new number, so a late answer for
 * the old one is stale.
 */
export interface Car {
  car: number;
  unit: UnitId;
  attempt: number;
  onto: string;
  commit: string | null;
  tree: string | null;
  phase: "building" | "ready" | "gating" | "passed" | "judging_own" | "landing";
  verdicts: Record<string, GateStatus>;
  rebuilds: number;
}

export interface State {
  started: boolean;
  /** Set by `run.interrupted`; nothing new is started after it. */
  stopping: null | { cause: "signal" | "repository_changed"; reason: string };
  finished: RunStatus | null;
  dag: Dag;
  limits: KernelLimits;
  order: "ready" | "plan";
  gates: string[];
  tip: string;
  units: Record<UnitId, UnitState>;
  /** Units with a reviewed commit waiting for a place in the train, first ready first. */
  queue: UnitId[];
  train: Car[];
  nextCar: number;
}
