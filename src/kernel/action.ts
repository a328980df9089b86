/**
 * Everything the kernel can ask for. Imperative, `noun.verb`.
 *
 * Each carries what identifies it, can be performed twice, and does nothing the second time. Every
 * action but `worker.stop`, `gates.cancel` and `run.finish` is answered by exactly one event.
 */
import type { UnitId } from "./dag.ts";
import type { RunStatus } from "./event.ts";

interface Of {
  unit: UnitId;
  attempt: number;
}

export type Action =
  /**
   * Make the attempt's worktree at the target's tip; `retryOf` names the attempt whose work is
   * replayed. `fixing`: a reviewer's unit mends, as a worker, what it did not approve of.
   */
  | ({ type: "attempt.prepare"; retryOf: number | null; fixing: boolean } & Of)
  /** Start the worker (fork 0) or a clean-context relaunch in the same worktree (fork 1 and up). */
  | ({ type: "worker.start"; fork: number } & Of)
  | ({ type: "worker.stop" } & Of)
  | ({ type: "self_review.start" } & Of)
  /** Structural review, autofix, and the attempt's commit. */
  | ({ type: "attempt.review" } & Of)
  /** Merge the attempt's commit onto `onto` (the tip, or the candidate of the car before). */
  | ({ type: "candidate.build"; car: number; onto: string; commit: string } & Of)
  /** Judge a tree. `car` null judges the attempt's own tree. */
  | ({ type: "gates.run"; car: number | null; commit: string; tree: string; onto: string } & Of)
  | ({ type: "gates.cancel"; car: number | null } & Of)
  | ({ type: "landing.perform"; car: number; from: string; to: string; tree: string } & Of)
  | { type: "run.finish"; status: RunStatus };

export type ActionType = Action["type"];
