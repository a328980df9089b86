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

/** Phases in which a unit occupies one of the `jobs`. */
export const livePhases: ReadonlySet<Phase> = new Set([
  "preparing",
  "working",
  "forking",
  "self_reviewing",
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
  /** Its next landing is the last try at a checkout that blocks it. */
  lastTry: boolean;
  /** Dependencies that have not landed (or are not done) yet. */
  blockers: number;
  dependents: UnitId[];
}

/**
 * A car of the merge train: one attempt's candidate, standing on the car before it (or the tip).
 * A rebuilt car gets a new number, so that a late answer for the old one is stale.
 *
 *   waiting      for the candidate it will stand on
 *   building -> ready -> gating -> passed -> landing
 *   doubtful     failed on a speculative base; final only once that base is the tip
 *   judging_own  failed on the tip; its own tree is judged, to say whose fault it is
 */
export interface Car {
  car: number;
  unit: UnitId;
  attempt: number;
  onto: string;
  commit: string | null;
  tree: string | null;
  phase:
    | "waiting"
    | "building"
    | "ready"
    | "gating"
    | "passed"
    | "doubtful"
    | "judging_own"
    | "landing";
  verdicts: Record<string, GateStatus>;
  /** Why it is doubtful. */
  failure: { kind: "conflict" | "gates"; reason: string; final: boolean } | null;
  rebuilds: number;
}

export interface State {
  started: boolean;
  /** Set by `run.interrupted`; nothing new is started after it. */
  stopping: null | { cause: "signal" | "repository_changed"; reason: string };
  /** `run.finish` was asked for. */
  finishing: boolean;
  finished: RunStatus | null;
  dag: Dag;
  limits: KernelLimits;
  order: "ready" | "plan";
  gates: string[];
  tip: string;
  units: Record<UnitId, UnitState>;
  /** Units that may start now, first ready first; retries come before fresh ones. */
  retries: UnitId[];
  ready: UnitId[];
  /** Units with a reviewed commit waiting for a place in the train, first ready first. */
  queue: UnitId[];
  train: Car[];
  /** Units whose landing a checkout blocked: tried again when something changes, and once at the end. */
  blocked: UnitId[];
  nextCar: number;
  /** Workers alive. */
  live: number;
  /** Units whose phase is not terminal. */
  open: number;
  landed: number;
  bad: number;
}
