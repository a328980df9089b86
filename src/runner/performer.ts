/** The performer of a real run: sends each action to the part of the shell that does it. */
import type { Action } from "../kernel/action.ts";
import type { Memory } from "./attempt/memory.ts";
import { prepareAttempt } from "./attempt/prepare.ts";
import { reviewAttempt, selfReviewAttempt } from "./attempt/review.ts";
import { workAttempt } from "./attempt/work.ts";
import { openAttempts } from "./attempts.ts";
import type { RunContext } from "./context.ts";
import { Integration } from "./integration.ts";
import type { Answer, Performer } from "./ports.ts";
import { Radar } from "./radar.ts";

export interface RealPerformer extends Performer {
  memory: Memory;
  /** Ends watches and waits for removals; nothing of the run is left working afterwards. */
  close(at: string): Promise<void>;
}

/** `sharedBefore` is git's shared state when the run started; see `Integration`. */
export function realPerformer(context: RunContext, sharedBefore: string): RealPerformer {
  const attempts = openAttempts(context);
  const { memory, live } = attempts;
  const integration = new Integration(context, memory, sharedBefore);
  const radar = new Radar(context, { live, reviewed: memory.reviewed });
  return {
    memory,
    evidence(change) {
      radar.observe(change);
      return memory.evidence(change);
    },
    connect(report) {
      integration.connect(report);
      radar.start();
    },
    perform(action: Action, at: string): Promise<Answer | null> {
      switch (action.type) {
        case "attempt.prepare":
          return prepareAttempt(attempts, action);
        case "worker.start":
          return workAttempt(attempts, action, at);
        case "worker.stop":
          // The `worker.start` answers when its worker is dead.
          live.find(action)?.abort.abort();
          return Promise.resolve(null);
        case "self_review.start":
          return selfReviewAttempt(attempts, action);
        case "attempt.review":
          return reviewAttempt(attempts, action, at);
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
      await live.close(at);
    },
  };
}
