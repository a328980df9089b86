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
  /** Follow-up attempts started, and whether the live attempt is one. */
  fixes: number;
  fixing: boolean;
  /** The reviewed commit of the live attempt and its tree; null until review passed. */
  commit: string | null;
  tree: string | null;
  base: string | null;
  /** A checkout that blocks its next landing ends it: nothing else is left that could change. */
  lastTry: boolean;
  /** Dependencies that have not landed (or are not done) yet. */
  blockers: number;
  dependents: UnitId[];
}

/**
 * A car of the merge train: one attempt's candidate, standing on the car before it (or the tip).
 * A car that is built again gets a new number, so that a late answer for the old one is stale.
 *
 *   waiting    for the candidate it will stand on
 *   building -> ready -> gating -> passed -> landing
 *   doubtful   failed on a candidate that has not landed; the verdict counts once that one is the tip
 */
export interface Car {
  car: number;
  unit: UnitId;
  attempt: number;
  /** The commit it stands on; empty while it waits. */
  onto: string;
  commit: string | null;
  tree: string | null;
  phase: "waiting" | "building" | "ready" | "gating" | "passed" | "doubtful" | "landing";
  verdicts: Record<string, GateStatus>;
  failure: Failure | null;
  /** How often the target moved under it. */
  rebuilds: number;
}

/** Why a car is doubtful. `hopeless`: another attempt would not help. */
export interface Failure {
  kind: "conflict" | "gates";
  reason: string;
  hopeless: boolean;
}

/** An attempt whose candidate failed on the tip; its own tree is judged, to say whose fault it is. */
export interface OwnJudgement {
  unit: UnitId;
  attempt: number;
  /** Why the candidate failed. */
  reason: string;
  /** False while it waits for a free gate. */
  running: boolean;
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
  /** Units that may start another attempt, then units that may start their first; oldest first. */
  retries: UnitId[];
  ready: UnitId[];
  /** Units waiting for a place in the train, first ready first; with order "plan" the plan says. */
  queue: UnitId[];
  /** With order "plan": how many units at the front of the landing order are over. */
  planAt: number;
  train: Car[];
  judging: OwnJudgement[];
  /** Units whose landing a checkout blocks: tried again when it changes, and once at the end. */
  blocked: UnitId[];
  /** Number of the next car; numbers are never used twice. */
  nextCar: number;
  /** Units in `livePhases`, units in review, units that are not over, units landed or done. */
  live: number;
  reviewing: number;
  open: number;
  landed: number;
}
