/**
 * The events the kernel takes in. Past tense, `noun.verb`.
 *
 * Commit and tree ids are opaque strings. Each event answers at most one action; `unit`, `attempt`
 * and, where they matter, `fork` and `car` say which one. Attempts count from 1 within a run.
 */
import type { Dag, UnitId } from "./dag.ts";

export interface KernelLimits {
  /** Workers alive at once. */
  jobs: number;
  /** Retries after a rejected attempt. */
  rejectionRetries: number;
  /** Retries after a crash or a provider failure. */
  crashRetries: number;
  timeoutRetries: number;
  /** Length of the merge train: candidates built or judged at once. 1 is serial. */
  speculation: number;
  /** Gate runs (one car or one isolated tree each) alive at once. */
  maxGates: number;
  /** Rebuilds of a car because the target moved, before its unit goes to the end of the queue. */
  rebuilds: number;
  /**
   * Seconds that a run waits for checkouts when nothing but landings that they block is left. With 0, and in older
   * logs, blocked landings are tried once more at once.
   */
  checkoutWaitS?: number;
}

/** Outcome of a worker process, observed by the parent. Only `complete` goes on to review. */
export type WorkerOutcome =
  | "complete"
  | "incomplete"
  | "blocked"
  | "exhausted"
  | "no_progress"
  /** A reviewer did not approve. */
  | "disapproved"
  | "provider_failed"
  | "refused_by_provider"
  | "crashed"
  | "timed_out";

/** Rule of the review that the change of an attempt violates; `errored`: the review itself failed. */
export type ReviewVerdict =
  | "empty_diff"
  | "diff_too_large"
  | "reserved_path"
  | "unsafe_path"
  | "path_policy_violation"
  | "department_violation"
  | "scope_violation"
  | "read_scope_violation"
  | "tampering"
  | "hook_fail"
  | "judge_changed"
  | "errored";

/** Verdict of a rejected attempt, as recorded. */
export type RejectionVerdict =
  | ReviewVerdict
  | Exclude<WorkerOutcome, "complete">
  | "self_review"
  | "text_conflict"
  | "gate_failed";

/** Problem of a landing that was refused. */
export type LandingProblem =
  | "target_moved"
  | "blocked_by_checkout"
  | "proof_failed"
  /** The target branch was deleted or renamed. */
  | "target_gone"
  /** The repository's shared git configuration changed while workers ran. */
  | "repository_changed";

/** Result of one gate. `not_applicable` and `flaky` count as passed, `errored` as failed. */
export type GateStatus = "passed" | "failed" | "flaky" | "not_applicable" | "errored";

/**
 * Cause of failed gates. `base`: the target's tip fails in the same way without the attempt. `other_base`: the
 * base fails in the same way and is not the tip: a candidate that has not landed, or an older tip.
 * `integration`: both the change alone and its base pass.
 */
export type Blame = "attempt" | "integration" | "base" | "other_base" | "environment";

interface Of {
  unit: UnitId;
  attempt: number;
}

export type Event =
  | {
      type: "run.started";
      dag: Dag;
      limits: KernelLimits;
      order: "ready" | "plan";
      /** Tip of the target branch. */
      tip: string;
      /** Gates whose verdict a landing needs. */
      gates: string[];
      /** True when `candidate.screened` is reported; other candidates wait for it. Absent in older logs. */
      screening?: boolean;
      /** Units that need no work: landed earlier with the same digest, or done with a result. */
      settled: { unit: UnitId; as: "landed" | "done" }[];
    }
  | ({ type: "attempt.prepared"; base: string } & Of)
  | ({ type: "attempt.unprepared"; reason: string; retriable: boolean } & Of)
  | ({ type: "worker.exited"; fork: number; outcome: WorkerOutcome; reason: string } & Of)
  | ({ type: "self_review.finished"; approved: boolean; reason: string } & Of)
  | ({ type: "review.finished"; passed: true; commit: string; tree: string } & Of)
  | ({
      type: "review.finished";
      passed: false;
      verdict: ReviewVerdict;
      reason: string;
      retriable: boolean;
    } & Of)
  /** The attempt changed nothing, and an earlier commit of the unit, on the target, does the task. */
  | ({ type: "review.satisfied"; commit: string } & Of)
  | ({ type: "candidate.built"; car: number; onto: string; commit: string; tree: string } & Of)
  /** The gates that read no checked-out tree passed on a candidate, so that another may be based on it. */
  | ({ type: "candidate.screened"; car: number; tree: string } & Of)
  | ({ type: "candidate.conflicted"; car: number; onto: string; reason: string } & Of)
  /** The candidate could not be built for a reason that lies outside the change: git failed, or the disk is full. */
  | ({ type: "candidate.failed"; car: number; onto: string; reason: string } & Of)
  | ({
      type: "gates.finished";
      /** Null when the attempt's own tree was judged, to attribute a candidate's failure. */
      car: number | null;
      tree: string;
      verdicts: Record<string, GateStatus>;
      passed: boolean;
      /** Of a pass null, or `integration` when it attributes the failure of the candidate. */
      blame: Blame | null;
      reason: string;
    } & Of)
  /** Another process moved the target branch to `tip`. */
  | { type: "target.moved"; tip: string }
  /** A checkout that blocked a landing changed; blocked units are queued again. */
  | { type: "checkout.changed" }
  /** The wait for the checkouts ended: one has changed, or none did within the limit. */
  | { type: "checkout.waited"; wait?: number; changed: boolean }
  | ({ type: "landing.finished"; car: number; commit: string } & Of)
  | ({
      type: "landing.refused";
      car: number;
      cause: LandingProblem;
      reason: string;
      /** Tip of the target at the time of the refusal. */
      tip: string;
    } & Of)
  /** A signal, or a change of the repository's shared git configuration, ends the run early. */
  | { type: "run.interrupted"; cause: "signal" | "repository_changed"; reason: string }
  | { type: "run.finished"; status: RunStatus };

/** `complete` if and only if every unit of the dag landed or is done. */
export type RunStatus = "complete" | "partial" | "failed" | "interrupted";
