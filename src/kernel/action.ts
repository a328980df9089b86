/**
 * The actions the kernel can request. Imperative, `noun.verb`.
 *
 * Each carries its own identity and is idempotent: performing it twice has no further effect. Every
 * action except `worker.stop`, `gates.cancel` and `run.finish` is answered by exactly one event.
 */
import type { UnitId } from "./dag.ts";
import type { RunStatus } from "./event.ts";

interface Of {
  unit: UnitId;
  attempt: number;
}

export type Action =
  /**
   * Create the attempt's worktree at the target's tip. `retryOf` is the earlier attempt whose work is
   * replayed. `fixing`: a reviewer's unit works as a worker, to fix what it disapproved of.
   */
  | ({ type: "attempt.prepare"; retryOf: number | null; fixing: boolean } & Of)
  /** Start the worker (fork 0), or relaunch it with an empty context in the same worktree (fork > 0). */
  | ({ type: "worker.start"; fork: number } & Of)
  | ({ type: "worker.stop" } & Of)
  | ({ type: "self_review.start" } & Of)
  /** Claims review, autofix, and the attempt's commit. */
  | ({ type: "attempt.review" } & Of)
  /** Merge the attempt's commit onto `onto` (the tip, or the candidate of the car before). */
  | ({ type: "candidate.build"; car: number; onto: string; commit: string } & Of)
  /**
   * Run the gates on a tree; `car` is null for the attempt's own tree. `behind` is the unit of the candidate
   * that the tree is based on, which may have landed by now; null when it is based on a tip.
   */
  | ({
      type: "gates.run";
      car: number | null;
      commit: string;
      tree: string;
      onto: string;
      behind: UnitId | null;
    } & Of)
  | ({ type: "gates.cancel"; car: number | null } & Of)
  | ({ type: "landing.perform"; car: number; from: string; to: string; tree: string } & Of)
  /** Wait until a checkout that blocks a landing changes, within the limit of the run. */
  | { type: "checkout.await"; wait: number }
  | { type: "run.finish"; status: RunStatus };
