import { describe, expect, test } from "bun:test";
import type { Action } from "../kernel/action.ts";
import { failureAnswer } from "./performer.ts";

const of = { unit: "u", attempt: 2 };
const [onto, commit, tree] = ["onto", "commit", "tree"];

describe("B17 an action that fails for a reason that says nothing about the work", () => {
  const answered: [Action, Record<string, unknown>][] = [
    [
      { type: "attempt.prepare", ...of, retryOf: null, fixing: false },
      { type: "attempt.unprepared", retriable: true },
    ],
    [
      { type: "worker.start", ...of, fork: 1 },
      { type: "worker.exited", fork: 1, outcome: "crashed" },
    ],
    [
      { type: "self_review.start", ...of },
      { type: "self_review.finished", approved: false },
    ],
    [
      { type: "attempt.review", ...of },
      { type: "review.finished", passed: false, verdict: "errored", retriable: true },
    ],
    [
      { type: "candidate.build", ...of, car: 3, onto, commit },
      { type: "candidate.failed", car: 3, onto },
    ],
    [
      { type: "gates.run", ...of, car: 3, commit, tree, onto, behind: null },
      { type: "gates.finished", car: 3, tree, passed: false, blame: "environment" },
    ],
  ];
  test.each(answered)("$type is answered by the failure of its own attempt", (action, event) => {
    const answer = failureAnswer(action, "disk on fire");
    expect(answer?.event).toMatchObject({ ...of, ...event });
    expect(answer?.event).toMatchObject({ reason: expect.stringContaining("disk on fire") });
  });

  const silent: Action[] = [
    { type: "worker.stop", ...of },
    { type: "gates.cancel", ...of, car: null },
    { type: "landing.perform", ...of, car: 3, from: onto, to: commit, tree },
    { type: "run.finish", status: "failed" },
  ];
  test.each(silent)("$type has no such answer", (action) => {
    expect(failureAnswer(action, "disk on fire")).toBeNull();
  });
});
