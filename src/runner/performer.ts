/** The performer of a real run: sends each action to the part of the shell that does it. */
import type { Action } from "../kernel/action.ts";
import { performPrepare } from "./attempt/prepare.ts";
import { performReview, performSelfReview } from "./attempt/review.ts";
import { openAttempts, type RunMemory } from "./attempt/state.ts";
import { performWork } from "./attempt/work.ts";
import { Integration } from "./integration.ts";
import { Radar } from "./radar.ts";
import type { RunContext } from "./run-context.ts";
import type { Answer, Performer } from "./run-loop.ts";

export interface RealPerformer extends Performer {
  memory: RunMemory;
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
          return performPrepare(attempts, action);
        case "worker.start":
          return performWork(attempts, action, at);
        case "worker.stop":
          // The `worker.start` answers when its worker is dead.
          live.find(action)?.abort.abort();
          return Promise.resolve(null);
        case "self_review.start":
          return performSelfReview(attempts, action);
        case "attempt.review":
          return performReview(attempts, action, at);
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
