/** The outcome of an attempt that changed nothing. */
import type { LandedUnit } from "../../git/landing/landed.ts";

/** Verdicts that say nothing about the work of an attempt. */
const unjudged: ReadonlySet<string> = new Set([
  "crashed",
  "provider_failed",
  "refused_by_provider",
  "timed_out",
  "errored",
]);

/** The last rejection of a unit's work. `here`: it was in this run. */
export interface LastRejection {
  verdict: string;
  here: boolean;
}

/** The last rejection after one more attempt. Pure. */
export function lastRejection(
  before: LastRejection | undefined,
  next: LastRejection,
): LastRejection | undefined {
  return unjudged.has(next.verdict) ? before : next;
}

/**
 * Decides on an attempt without changes. The unit is satisfied by its last landed commit if no work of the unit was
 * rejected since, and no claimed path differs between that commit and the target. Any other such attempt is an empty
 * diff, which is retriable unless the attempt before it in this run was one. Pure.
 */
export function judgeEmptyDiff(o: {
  unit: string;
  /** Units at the target's tip, reachable and not reverted, oldest first. */
  landed: readonly Pick<LandedUnit, "unit" | "commit">[];
  /** Claimed paths that differ between the unit's last landed commit and the tip. */
  changedSince: readonly string[];
  rejection: LastRejection | undefined;
}): { satisfied: string } | { satisfied: null; retriable: boolean } {
  const { rejection } = o;
  const commit = lastCommit(o.landed, o.unit);
  if (commit !== null && rejection === undefined && o.changedSince.length === 0) {
    return { satisfied: commit };
  }
  return {
    satisfied: null,
    retriable: !(rejection?.here === true && rejection.verdict === "empty_diff"),
  };
}

/** The commit that a unit landed as last; null without one. */
export function lastCommit(
  landed: readonly Pick<LandedUnit, "unit" | "commit">[],
  unit: string,
): string | null {
  return landed.findLast((one) => one.unit === unit)?.commit ?? null;
}
