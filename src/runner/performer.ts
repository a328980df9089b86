/** The performer of `dgov run`: passes each action to the module that performs it. */
import { performPrepare } from "./attempt/prepare.ts";
import { performReview, performSelfReview } from "./attempt/review.ts";
import { performWork } from "./attempt/work.ts";
import { closeAttempts } from "./attempt/worktree.ts";
import { Integration } from "./integration.ts";
import { Radar } from "./radar.ts";
import type { RunContext } from "./run-context.ts";
import type { Performer } from "./run-loop.ts";

interface RunPerformer extends Performer {
  /** Ends watches, keeps live attempts and removes their worktrees; nothing is left running. */
  close(at: string): Promise<void>;
}

export function runPerformer(c: RunContext): RunPerformer {
  const integration = new Integration(c);
  const radar = new Radar(c);
  return {
    observe: (change) => radar.observe(change),
    recordsOf: (change) => c.memory.settleRejection(change),
    connect(report) {
      integration.connect(report);
      radar.start();
    },
    perform(action, at) {
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
        case "run.finish":
          return Promise.resolve(null);
        default:
          return action satisfies never;
      }
    },
    async close(at) {
      integration.stopWatching();
      await radar.stop();
      await closeAttempts(c, at);
    },
  };
}
