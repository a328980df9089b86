import { expect, test } from "bun:test";
import type { Action } from "../kernel/action.ts";
import { failureAnswer } from "./performer.ts";

const of = { unit: "a", attempt: 1 };
const car = { ...of, car: 1, commit: "c", onto: "o", tree: "t", behind: null };

test.each<[Action, string | null]>([
  [{ type: "attempt.prepare", ...of } as Action, "attempt.unprepared"],
  [{ type: "worker.start", ...of, fork: 0 } as Action, "worker.exited"],
  [{ type: "self_review.start", ...of } as Action, "self_review.finished"],
  [{ type: "attempt.review", ...of } as Action, "review.finished"],
  [{ type: "candidate.build", ...car } as unknown as Action, "candidate.conflicted"],
  [{ type: "gates.run", ...car } as unknown as Action, "gates.finished"],
  [{ type: "landing.perform", ...car, from: "o", to: "c" } as unknown as Action, null],
  [{ type: "run.finish" } as Action, null],
])("B17 the failure of %j is answered by %s, for its unit only", (action, type) => {
  const answer = failureAnswer(action, "git failed");
  expect(answer?.event.type ?? null).toBe(type as never);
  if (answer !== null) expect(answer.event).toMatchObject(of);
});
