/**
 * The performer of `dgov run`: passes each action to the module that performs it.
 *
 * One unit never ends the run. After an error, access to dgov's own folders is restored, in case a worker took it away. An error thrown while an action is performed, whatever its source, becomes the
 * answer that the action failed (`failureAnswer`), unless it `endsRun`.
 */
import { endsRun } from "../error.ts";
import type { Action } from "../kernel/action.ts";
import { isAbortError } from "../std/clock.ts";
import { errorMessage } from "../std/text.ts";
import { performPrepare } from "./attempt/prepare.ts";
import { performReview, performSelfReview } from "./attempt/review.ts";
import { performWork } from "./attempt/work.ts";
import { abandonAttempt, closeAttempts } from "./attempt/worktree.ts";
import { Integration } from "./integration.ts";
import { restoreAccess } from "./paths.ts";
import { Radar } from "./radar.ts";
import { type RunContext, warn } from "./run-context.ts";
import type { Answer, Performer } from "./run-loop.ts";

interface RunPerformer extends Performer {
  /** Ends watches, keeps live attempts and removes their worktrees; nothing is left running. */
  close(at: string): Promise<void>;
}

/** Executions of an action that fails; the cause may be gone the second time. */
const triesMax = 2;

export function runPerformer(c: RunContext): RunPerformer {
  const integration = new Integration(c);
  const radar = new Radar(c);
  const performOnce = (action: Action, at: string): Promise<Answer | null> => {
    switch (action.type) {
      case "attempt.prepare":
        return performPrepare(c, action);
      case "worker.start":
        return performWork(c, action, at);
      case "worker.stop":
        // The answer is that of `worker.start`, when its worker has ended.
        c.attempts.find(action)?.abort.abort();
        return Promise.resolve(null);
      case "self_review.start":
        return performSelfReview(c, action);
      case "attempt.review":
        return performReview(c, action, at);
      case "candidate.build":
        return integration.build(action, at);
      case "gates.run":
        return integration.judge(action);
      case "gates.cancel":
        integration.cancel(action);
        return Promise.resolve(null);
      case "landing.perform":
        return integration.land(action);
      case "checkout.await":
        return integration.awaitCheckout(action);
      case "run.finish":
        return Promise.resolve(null);
      default:
        return action satisfies never;
    }
  };
  return {
    observe: (change) => radar.observe(change),
    recordsOf: (change) => c.memory.settleRejection(change),
    connect(report) {
      integration.connect(report);
      radar.start();
    },
    async perform(action, at) {
      for (let tries = 1; ; tries++) {
        try {
          return await performOnce(action, at);
        } catch (error) {
          if (endsRun(error) || (c.signal.aborted && isAbortError(error))) throw error;
          const answer = failureAnswer(action, errorMessage(error));
          restoreAccess(c.paths);
          // Nothing is known about a landing that could not be reconciled: recovery settles it.
          if (answer === null) throw error;
          const { unit, attempt } = answer.event as { unit: string; attempt: number };
          warn(c, { unit, attempt }, `${action.type} failed: ${errorMessage(error)}`);
          if (repeatable.has(action.type) && tries < triesMax && !c.signal.aborted) continue;
          const live = c.attempts.find({ unit, attempt });
          const records = live === null ? [] : await abandonAttempt(c, live, at);
          setRejection(c, answer.event);
          return { ...answer, records };
        }
      }
    },
    async close(at) {
      await integration.close();
      await radar.stop();
      await closeAttempts(c, at);
    },
  };
}

/** The actions that may be performed twice. A new attempt takes the place of the others. */
const repeatable: ReadonlySet<Action["type"]> = new Set<Action["type"]>([
  "attempt.review",
  "candidate.build",
  "gates.run",
]);

/**
 * The answer of an action that failed for a reason that says nothing about the work. Null for actions without a
 * unit, and for a landing, which has a state of its own (`Integration.land`).
 */
export function failureAnswer(action: Action, reason: string): Answer | null {
  if (action.type === "run.finish" || action.type === "checkout.await") return null;
  const { unit, attempt } = action;
  const of = { unit, attempt };
  switch (action.type) {
    case "attempt.prepare":
      return { event: { type: "attempt.unprepared", ...of, reason, retriable: true } };
    case "worker.start": {
      const { fork } = action;
      return { event: { type: "worker.exited", ...of, fork, outcome: "crashed", reason } };
    }
    case "self_review.start":
      return {
        event: {
          type: "self_review.finished",
          ...of,
          approved: false,
          reason: `no verdict on the change: ${reason}`,
        },
      };
    case "attempt.review":
      return {
        event: {
          type: "review.finished",
          ...of,
          passed: false,
          verdict: "errored",
          reason,
          retriable: true,
        },
      };
    case "candidate.build": {
      const { car, onto } = action;
      const words = `the candidate could not be built: ${reason}`;
      return { event: { type: "candidate.failed", ...of, car, onto, reason: words } };
    }
    case "gates.run": {
      const { car, tree } = action;
      return {
        event: {
          type: "gates.finished",
          ...of,
          car,
          tree,
          verdicts: {},
          passed: false,
          blame: "environment",
          reason: `the gates could not run: ${reason}`,
        },
      };
    }
    case "landing.perform":
    case "worker.stop":
    case "gates.cancel":
      return null;
    default:
      return action satisfies never;
  }
}

/** Stores the reason of a failure that ends the attempt, as far as it is not one of an attempt without work. */
function setRejection({ memory }: RunContext, event: Answer["event"]): void {
  if (!("reason" in event) || !("attempt" in event) || event.type === "attempt.unprepared") return;
  const { reason } = event;
  memory.setPendingRejection(event, { verdict: "errored", reason, detail: reason });
}
