/** The performer of a real run: sends each action to the part of the shell that does it. */
import type { Action } from "../kernel/action.ts";
import { Attempts } from "./attempts.ts";
import type { RunContext } from "./context.ts";
import { Integration } from "./integration.ts";
import type { Answer, Performer } from "./ports.ts";
import { Radar } from "./radar.ts";

export interface RealPerformer extends Performer {
  attempts: Attempts;
  /** Ends watches and waits for removals; nothing of the run is left working afterwards. */
  close(at: string): Promise<void>;
}

/** `sharedBefore` is git's shared state when the run started; see `Integration`. */
export function realPerformer(context: RunContext, sharedBefore: string): RealPerformer {
  const attempts = new Attempts(context);
  const integration = new Integration(context, attempts, sharedBefore);
  const radar = new Radar(context, attempts);
  return {
    attempts,
    evidence(change) {
      radar.observe(change);
      return attempts.evidence(change);
    },
    connect(report) {
      integration.connect(report);
      radar.start();
    },
    perform(action: Action, at: string): Promise<Answer | null> {
      switch (action.type) {
        case "attempt.prepare":
          return attempts.prepare(action);
        case "worker.start":
          return attempts.work(action, at);
        case "worker.stop":
          attempts.stop(action);
          return Promise.resolve(null);
        case "self_review.start":
          return attempts.selfReview(action);
        case "attempt.review":
          return attempts.review(action, at);
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
      await attempts.close(at);
    },
  };
}
