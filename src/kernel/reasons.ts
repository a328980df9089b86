/**
 * Texts in the reasons and warnings of recorded events by which views recognise a failure.
 *
 * The runner writes them and `views/diagnose.ts` matches them. Recorded logs keep the text of their time, so a
 * reworded text stays recognised.
 */

/** Beginning of the reason of `attempt.unprepared` when a landed dependency is no longer on the target. */
export const dependencyLost = "dependency_lost";

/** Beginning of the reason of `attempt.unprepared` when the dependencies could not be installed. */
export const setupFailed = "setup failed";

/** Beginning of the reason of a unit whose attempt changed nothing and which an earlier commit satisfies. */
export const alreadySatisfied = "already_satisfied";

/** Beginning of the reason of a unit whose candidate failed together with a base that did not land. */
export const requeued = "re-queued";

/** End of the reason of a rejection whose blame is `integration`. */
export const integrationFailed = "passes alone, fails with what landed";

/** Reason of a rejection when an attempt's change is already in the base of its candidate. */
export const emptyCandidate = "the candidate's base already has this change";

/** `emptyCandidate`, and its text in logs of earlier versions. */
export const emptyCandidateReasons: ReadonlySet<string> = new Set([
  emptyCandidate,
  "the target already has this change",
]);

/** Beginning of the warning of `run.finished` when the bookkeeping commit failed. */
export const noBookkeepingCommit = "no bookkeeping commit";

/** Beginning of the warning of `run.finished` when the plan could not be archived. */
export const notArchived = "not archived";

/** Reason of a refused landing, and warning of `run.finished`, when a state that must not change has changed. */
export const sharedStateChanged =
  "state that workers share with the operator changed while workers ran";
