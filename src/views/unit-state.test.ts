import { describe, expect, test } from "bun:test";
import { alreadySatisfied } from "../kernel/reasons.ts";
import type { Phase } from "../kernel/state.ts";
import {
  isEnded,
  isFinished,
  type PhaseFacts,
  stateInRun,
  type UnitStateName,
  unitStates,
} from "./unit-state.ts";

const phases: Record<Phase | "undone", { live: UnitStateName; ended: UnitStateName }> = {
  pending: { live: "waiting", ended: "interrupted" },
  preparing: { live: "working", ended: "interrupted" },
  working: { live: "working", ended: "interrupted" },
  forking: { live: "working", ended: "interrupted" },
  self_reviewing: { live: "checking", ended: "interrupted" },
  reviewing: { live: "checking", ended: "interrupted" },
  queued: { live: "queued", ended: "interrupted" },
  integrating: { live: "checking", ended: "interrupted" },
  validating: { live: "testing", ended: "interrupted" },
  landing: { live: "landing", ended: "interrupted" },
  waiting: { live: "waiting", ended: "interrupted" },
  landed: { live: "landed", ended: "landed" },
  done: { live: "done", ended: "done" },
  failed: { live: "failed", ended: "failed" },
  timed_out: { live: "timed_out", ended: "timed_out" },
  skipped: { live: "skipped", ended: "skipped" },
  abandoned: { live: "interrupted", ended: "interrupted" },
  undone: { live: "undone", ended: "undone" },
};

const of = (phase: string, more: Partial<PhaseFacts> = {}): PhaseFacts => ({
  ...{ phase, from: "", reason: "", attempt: 1 },
  ...more,
});

describe("stateInRun", () => {
  test.each(Object.entries(phases))(
    "E17 the state of a unit that is %s",
    (phase, { live, ended }) => {
      expect([stateInRun(of(phase), true), stateInRun(of(phase), false)]).toEqual([live, ended]);
      const unstarted = of(phase, { attempt: 0 });
      const stopped = ended === "interrupted" ? "not_started" : ended;
      expect(stateInRun(unstarted, false)).toBe(stopped);
      expect(stateInRun(unstarted, true)).toBe(phase === "abandoned" ? "not_started" : live);
    },
  );

  test("E17 a phase that this version does not know is working in a live run, else stopped", () => {
    const [live, ended] = [stateInRun(of("dreaming"), true), stateInRun(of("dreaming"), false)];
    expect([live, ended]).toEqual(["working", "interrupted"]);
    expect(stateInRun(of("constructor", { attempt: 0 }), false)).toBe("not_started");
  });

  const satisfied = { reason: `${alreadySatisfied}: landed earlier as aaaaaaaaaa` };
  test.each([
    ["landed", satisfied, "already_satisfied"],
    ["landed", { reason: "landed as aaaaaaaaaa" }, "landed"],
    ["failed", satisfied, "failed"],
    ["waiting", { from: "preparing", reason: "retry 1 of 2: setup failed" }, "waiting"],
    ["waiting", { from: "working", reason: "retry 1 of 2: crashed: signal 9" }, "waiting"],
    ["waiting", { from: "working", reason: "retry 1 of 2: provider_failed" }, "waiting"],
    ["waiting", { from: "working", reason: "retry 1 of 1: timed_out: 900 s" }, "waiting"],
    ["waiting", { from: "working", reason: "retry 1 of 2: no_progress: same calls" }, "rejected"],
    ["waiting", { from: "working", reason: "retry 10 of 20: crashedness" }, "rejected"],
    ["waiting", { from: "reviewing", reason: "retry 1 of 2: empty_diff: nothing" }, "rejected"],
    ["waiting", { from: "validating", reason: "retry 2 of 2: gate_failed: tests" }, "rejected"],
    ["waiting", { from: "landing", reason: "src/x.txt is in the way" }, "blocked"],
    ["waiting", { from: "landing", reason: "fix landed as aaaaaaaaaa; waiting" }, "waiting"],
    ["waiting", { from: "working", reason: "fix 1 of 1: disapproved: no" }, "waiting"],
  ] as [string, Partial<PhaseFacts>, UnitStateName][])(
    "E17 a unit that is %s with %j is %s",
    (phase, more, state) => {
      expect(stateInRun(of(phase, more), true)).toBe(state);
    },
  );
});

test("E17 every state but paused is shown for a phase, and each is an end or belongs to a live run", () => {
  const shown = Object.values(phases).flatMap(({ live, ended }) => [live, ended]);
  const special = ["rejected", "blocked", "already_satisfied", "not_started", "paused"];
  expect(new Set([...shown, ...special])).toEqual(new Set(Object.keys(unitStates)));
  for (const { ended } of Object.values(phases)) expect(isEnded(ended)).toBe(true);
  const states = Object.keys(unitStates) as UnitStateName[];
  expect(states.filter(isFinished)).toEqual(["landed", "done", "already_satisfied"]);
  expect(states.filter((state) => !isEnded(state))).toEqual([
    ...(["waiting", "working", "checking", "testing", "queued", "landing"] as const),
    ...(["rejected", "paused", "blocked"] as const),
  ]);
});
