/** Judges finished work: a clean-context reviewer's word, then the structural review that commits it. */
import { type ReviewOutcome, reviewAttempt as review } from "../../settlement/review.ts";
import { type ActionOf, type Attempts, taskOf } from "../attempts.ts";
import { commitMessage } from "../commit-message.ts";
import type { Answer } from "../ports.ts";
import { selfReview } from "../self-review.ts";

/** A clean-context reviewer reads the diff; what it finds goes back with the next attempt. */
export async function selfReviewAttempt(
  { context, memory, live: attempts }: Attempts,
  action: ActionOf<"self_review.start">,
): Promise<Answer | null> {
  const { unit, attempt } = action;
  const live = attempts.find(action);
  if (live === null) return null;
  const { approved, reason, detail } = await selfReview(context, live, taskOf(context, live));
  if (!approved) {
    memory.suspect(action, { verdict: "self_review", reason, detail });
    attempts.remove(live);
  }
  return { event: { type: "self_review.finished", unit, attempt, approved, reason } };
}

/** The structural review. The directory is not needed after it, whatever it came to. */
export async function reviewAttempt(
  { context: c, memory, live: attempts }: Attempts,
  action: ActionOf<"attempt.review">,
  at: string,
): Promise<Answer | null> {
  const live = attempts.find(action);
  if (live === null) return null;
  const task = taskOf(c, live);
  const outcome = await review(c.settlement, {
    tree: live.tree,
    claims: task.claims,
    message: commitMessage(c, task.id),
    date: at,
    marker: live.marker,
    unitSummary: task.summary,
    changes: live.changes,
  });
  // Autofix and hooks may have changed files since the work was kept.
  if (outcome.touched) await attempts.keep(live, at);
  attempts.remove(live);
  const { unit, attempt } = action;
  if (outcome.passed) {
    memory.reviewed.set(unit, { attempt, base: live.tree.base, commit: outcome.commit });
  } else {
    memory.suspect(action, outcome);
  }
  return reviewAnswer({ unit, attempt }, outcome);
}

function reviewAnswer(of: { unit: string; attempt: number }, outcome: ReviewOutcome): Answer {
  if (!outcome.passed) {
    const { verdict, reason, retriable } = outcome;
    return { event: { type: "review.finished", ...of, passed: false, verdict, reason, retriable } };
  }
  const { commit, tree, autofixed } = outcome;
  return {
    event: { type: "review.finished", ...of, passed: true, commit, tree },
    records:
      autofixed.length === 0
        ? []
        : [{ ...of, type: "attempt.autofixed", data: { paths: autofixed } }],
  };
}
