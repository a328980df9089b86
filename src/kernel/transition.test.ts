/** Decisions of the kernel, event by event: complete action lists and reasons. */
import { describe, expect, test } from "bun:test";
import { outstanding } from "../../test/sim/outstanding.ts";
import type { Action } from "./action.ts";
import type { DagUnit } from "./dag.ts";
import type { Blame, Event, GateStatus, KernelLimits, WorkerOutcome } from "./event.ts";
import { checkInvariants } from "./invariants.ts";
import { isPass } from "./train.ts";
import { initialState, replay, type Step, transition } from "./transition.ts";

type Start = Extract<Event, { type: "run.started" }>;
type StartOptions = Omit<Start, "type" | "dag" | "limits"> & {
  units: (Partial<DagUnit> & { id: string })[];
  limits: Partial<KernelLimits>;
};

const roomy: KernelLimits = {
  jobs: 9,
  rejectionRetries: 1,
  crashRetries: 1,
  timeoutRetries: 1,
  speculation: 9,
  maxGates: 9,
  rebuilds: 2,
};

function startOf({ units, limits, ...rest }: Partial<StartOptions>): Start {
  const named = (units ?? [{ id: "a" }]).map((unit) => ({
    role: "worker" as const,
    deps: [],
    selfReview: false,
    forksMax: 0,
    fixesMax: 0,
    ...unit,
  }));
  return {
    type: "run.started",
    dag: { units: named },
    limits: { ...roomy, ...limits },
    order: "ready",
    tip: "t0",
    gates: ["tests"],
    settled: [],
    ...rest,
  };
}

/** A run under test: applies events and returns the requested actions. */
function begin(options: Partial<StartOptions> = {}) {
  let state = initialState();
  const events: Event[] = [];
  const step = (event: Event): Step => {
    const next = transition(state, event);
    checkInvariants(next.state, event, next);
    state = next.state;
    events.push(event);
    return next;
  };
  const tell = (event: Event): Action[] => step(event).actions;
  const firstActions = tell(startOf(options));
  const reviewed = (unit: string, attempt = 1, base = state.tip): Action[] => {
    tell({ type: "attempt.prepared", unit, attempt, base });
    tell({ type: "worker.exited", unit, attempt, fork: 0, outcome: "complete", reason: "" });
    const [commit, tree] = [`${unit}${attempt}`, `${base}+${unit}${attempt}`];
    return tell({ type: "review.finished", unit, attempt, passed: true, commit, tree });
  };
  return {
    firstActions,
    step,
    tell,
    events,
    reviewed,
    get state() {
      return state;
    },
    phase: (unit: string) => `${state.units[unit]?.phase}: ${state.units[unit]?.reason}`,
    exit: (unit: string, outcome: WorkerOutcome, attempt = 1, fork = 0) =>
      tell({ type: "worker.exited", unit, attempt, fork, outcome, reason: "so" }),
    prepared: (unit: string, attempt = 1) =>
      tell({ type: "attempt.prepared", unit, attempt, base: state.tip }),
    built: (unit: string, car: number, onto: string, attempt = 1) =>
      tell({
        type: "candidate.built",
        unit,
        attempt,
        car,
        onto,
        commit: `c${car}`,
        tree: `${onto}+${unit}${attempt}`,
      }),
    conflicted: (unit: string, car: number, onto: string) =>
      tell({ type: "candidate.conflicted", unit, attempt: 1, car, onto, reason: "f.txt" }),
    passed: (unit: string, car: number | null, tree: string, blame: "integration" | null = null) =>
      tell({
        type: "gates.finished",
        unit,
        attempt: 1,
        car,
        tree,
        verdicts: { tests: "passed" },
        passed: true,
        blame,
        reason: "",
      }),
    screened: (unit: string, car: number, tree: string) =>
      tell({ type: "candidate.screened", unit, attempt: 1, car, tree }),
    failed: (unit: string, car: number | null, tree: string, blame: Blame | null = "attempt") =>
      tell({
        type: "gates.finished",
        unit,
        attempt: 1,
        car,
        tree,
        verdicts: { tests: "failed" },
        passed: false,
        blame,
        reason: "tests failed",
      }),
    landed: (unit: string, car: number, attempt = 1) =>
      tell({ type: "landing.finished", unit, attempt, car, commit: `c${car}` }),
    refused: (
      unit: string,
      car: number,
      cause: "target_moved" | "blocked_by_checkout" | "proof_failed",
      tip = "t0",
    ) => tell({ type: "landing.refused", unit, attempt: 1, car, cause, reason: "so", tip }),
  };
}

const prepare = (unit: string, attempt = 1): Action => ({
  type: "attempt.prepare",
  unit,
  attempt,
  retryOf: attempt === 1 ? null : attempt - 1,
  fixing: false,
});
const build = (unit: string, car: number, onto: string, attempt = 1): Action => ({
  type: "candidate.build",
  unit,
  attempt,
  car,
  onto,
  commit: `${unit}${attempt}`,
});
const judge = (unit: string, car: number, onto: string, behind: string | null = null): Action => ({
  type: "gates.run",
  unit,
  attempt: 1,
  car,
  commit: `c${car}`,
  tree: `${onto}+${unit}1`,
  onto,
  behind,
});
const land = (unit: string, car: number, from: string): Action => ({
  type: "landing.perform",
  unit,
  attempt: 1,
  car,
  from,
  to: `c${car}`,
  tree: `${from}+${unit}1`,
});
const finish = (status: "complete" | "partial" | "failed" | "interrupted"): Action => ({
  type: "run.finish",
  status,
});

describe("one unit", () => {
  test("a unit goes from its worktree to the target", () => {
    const run = begin();
    expect(run.firstActions).toEqual([prepare("a")]);
    expect(run.prepared("a")).toEqual([{ type: "worker.start", unit: "a", attempt: 1, fork: 0 }]);
    expect(run.exit("a", "complete")).toEqual([{ type: "attempt.review", unit: "a", attempt: 1 }]);
    const review = { type: "review.finished", unit: "a", attempt: 1, passed: true } as const;
    expect(run.tell({ ...review, commit: "a1", tree: "t0+a1" })).toEqual([build("a", 1, "t0")]);
    expect(run.built("a", 1, "t0")).toEqual([judge("a", 1, "t0")]);
    expect(run.passed("a", 1, "t0+a1")).toEqual([land("a", 1, "t0")]);
    expect(run.landed("a", 1)).toEqual([finish("complete")]);
    expect(run.state.tip).toBe("c1");
    expect(run.tell({ type: "run.finished", status: "complete" })).toEqual([]);
    expect(run.state.finished).toBe("complete");
    expect(run.landed("a", 1)).toEqual([]);
  });

  test("a unit lands without a gate run when no gates are configured", () => {
    const run = begin({ gates: [] });
    run.reviewed("a");
    expect(run.built("a", 1, "t0")).toEqual([land("a", 1, "t0")]);
  });

  test("a unit with self-review is reviewed by another model before its changes are checked", () => {
    const run = begin({ units: [{ id: "a", selfReview: true }] });
    run.prepared("a");
    expect(run.exit("a", "complete")).toEqual([
      { type: "self_review.start", unit: "a", attempt: 1 },
    ]);
    const said = { type: "self_review.finished", unit: "a", attempt: 1 } as const;
    expect(run.tell({ ...said, approved: false, reason: "no test" })).toEqual([prepare("a", 2)]);
    run.prepared("a", 2);
    run.exit("a", "complete", 2);
    expect(run.tell({ ...said, attempt: 2, approved: true, reason: "" })).toEqual([
      { type: "attempt.review", unit: "a", attempt: 2 },
    ]);
  });

  test("an exhausted worker continues in a new conversation while it has forks, then is rejected", () => {
    const run = begin({ units: [{ id: "a", forksMax: 1 }] });
    run.prepared("a");
    expect(run.exit("a", "exhausted")).toEqual([
      { type: "worker.start", unit: "a", attempt: 1, fork: 1 },
    ]);
    expect(run.phase("a")).toBe("forking: fork 1 of 1: continuing in a new conversation");
    expect(run.exit("a", "exhausted")).toEqual([]);
    expect(run.exit("a", "exhausted", 1, 1)).toEqual([prepare("a", 2)]);
  });

  test("a unit that landed earlier needs no work", () => {
    const run = begin({
      units: [{ id: "a" }, { id: "b", deps: ["a"] }],
      settled: [{ unit: "a", as: "landed" }],
    });
    expect(run.firstActions).toEqual([prepare("b")]);
    expect(begin({ settled: [{ unit: "a", as: "landed" }] }).firstActions).toEqual([
      finish("complete"),
    ]);
  });

  test("a read-only unit is done when its worker completes", () => {
    const run = begin({
      units: [
        { id: "r", role: "researcher" },
        { id: "a", deps: ["r"] },
      ],
    });
    run.prepared("r");
    expect(run.exit("r", "complete")).toEqual([prepare("a")]);
    expect(run.phase("r")).toBe("done: result recorded");
  });

  test("a run without units is complete", () => {
    expect(begin({ units: [] }).firstActions).toEqual([finish("complete")]);
  });
});

describe("unsuccessful attempts", () => {
  const twice: [WorkerOutcome, string, string][] = [
    ["incomplete", "retry 1 of 1: incomplete: so", "failed: incomplete: so"],
    ["no_progress", "retry 1 of 1: no_progress: so", "failed: no_progress: so"],
    ["exhausted", "retry 1 of 1: exhausted: so", "failed: exhausted: so"],
    ["crashed", "retry 1 of 1: crashed: so", "failed: crashed: so"],
    ["provider_failed", "retry 1 of 1: provider_failed: so", "failed: provider_failed: so"],
    ["timed_out", "retry 1 of 1: timed_out: so", "timed_out: timed_out: so"],
  ];
  test.each(twice)(
    "a worker that ends %s is retried within its own limit",
    (outcome, retry, end) => {
      const run = begin();
      run.prepared("a");
      const exit = { type: "worker.exited", unit: "a", fork: 0, outcome, reason: "so" } as const;
      const { actions, changes } = run.step({ ...exit, attempt: 1 });
      expect(actions).toEqual([prepare("a", 2)]);
      expect(changes).toEqual([
        { unit: "a", from: "working", to: "waiting", reason: retry },
        { unit: "a", from: "waiting", to: "preparing", reason: "attempt 2" },
      ]);
      run.prepared("a", 2);
      expect(run.tell({ ...exit, attempt: 2 })).toEqual([finish("failed")]);
      expect(run.phase("a")).toBe(end);
    },
  );

  test.each(["blocked", "refused_by_provider"] as const)(
    "a worker that ends %s is not retried",
    (outcome) => {
      const run = begin();
      run.prepared("a");
      expect(run.exit("a", outcome)).toEqual([finish("failed")]);
      expect(run.phase("a")).toBe(`failed: ${outcome}: so`);
    },
  );

  test.each(["incomplete", "no_progress", "exhausted"] as const)(
    "a read-only unit that ends %s is not retried, because there is no work to continue",
    (outcome) => {
      const run = begin({ units: [{ id: "r", role: "reviewer" }] });
      run.prepared("r");
      expect(run.exit("r", outcome)).toEqual([finish("failed")]);
    },
  );

  test.each([
    [true, [prepare("a", 2)]],
    [false, [finish("failed")]],
  ] as const)(
    "a worktree that cannot be created, retriable %p, is retried or fails the unit",
    (retriable, actions) => {
      const run = begin();
      const event = { type: "attempt.unprepared", unit: "a", attempt: 1, reason: "full" } as const;
      expect(run.tell({ ...event, retriable })).toEqual([...actions]);
    },
  );

  test.each([
    [true, [prepare("a", 2)], "preparing: attempt 2"],
    [false, [finish("failed")], "failed: scope_violation: b.txt"],
  ] as const)(
    "a rejecting review, retriable %p, is retried or fails the unit",
    (retriable, actions, phase) => {
      const run = begin();
      run.prepared("a");
      run.exit("a", "complete");
      const no = { passed: false, verdict: "scope_violation", reason: "b.txt", retriable } as const;
      expect(run.tell({ type: "review.finished", unit: "a", attempt: 1, ...no })).toEqual([
        ...actions,
      ]);
      expect(run.phase("a")).toBe(phase);
    },
  );

  test.each([
    ["incomplete", 1, "failed"],
    ["crashed", 2, "failed"],
    ["timed_out", 3, "timed_out"],
  ] as const)(
    "a worker that ends %s has %d retries of its own kind, then is %s",
    (outcome, n, end) => {
      const limits = { rejectionRetries: 1, crashRetries: 2, timeoutRetries: 3 };
      const run = begin({ limits });
      for (let attempt = 1; attempt <= n; attempt++) {
        run.prepared("a", attempt);
        expect(run.exit("a", outcome, attempt)).toEqual([prepare("a", attempt + 1)]);
      }
      run.prepared("a", n + 1);
      expect(run.exit("a", outcome, n + 1)).toEqual([finish("failed")]);
      expect(run.state.units["a"]?.phase).toBe(end);
    },
  );

  test("a reviewer may have its issues fixed as often as it may, and no oftener", () => {
    const run = begin({ units: [{ id: "a", role: "reviewer", fixesMax: 1 }] });
    run.prepared("a");
    expect(run.exit("a", "disapproved")).toMatchObject([{ type: "attempt.prepare", fixing: true }]);
    const none = begin({ units: [{ id: "a", role: "reviewer", fixesMax: 0 }] });
    none.prepared("a");
    expect(none.exit("a", "disapproved")).toEqual([finish("failed")]);
  });

  test("A3 all dependents of a failed unit are skipped, and no other units", () => {
    const run = begin({
      units: [
        { id: "a" },
        { id: "b", deps: ["a"] },
        { id: "c", deps: ["b"] },
        { id: "d" },
        { id: "e", deps: ["d"] },
      ],
    });
    run.prepared("a");
    expect(run.exit("a", "blocked")).toEqual([]);
    expect(run.phase("b")).toBe("skipped: skipped because a failed");
    expect(run.phase("c")).toBe("skipped: skipped because a failed");
    expect(run.phase("e")).toBe("pending: waiting for d");
    run.prepared("d");
    expect(run.exit("d", "blocked")).toEqual([finish("failed")]);
  });
});

describe("jobs", () => {
  test("jobs limit how many units work at once, and retries start before first attempts", () => {
    const run = begin({ units: ["a", "b", "c", "d"].map((id) => ({ id })), limits: { jobs: 2 } });
    expect(run.firstActions).toEqual([prepare("a"), prepare("b")]);
    run.prepared("a");
    expect(run.exit("a", "crashed")).toEqual([prepare("a", 2)]);
    run.prepared("b");
    expect(run.exit("b", "complete")).toEqual([
      { type: "attempt.review", unit: "b", attempt: 1 },
      prepare("c"),
    ]);
    expect(run.phase("d")).toBe("pending: ready; waiting for a free worker");
  });

  test("units start in the order in which they became ready", () => {
    const run = begin({
      units: [{ id: "r", role: "researcher" }, { id: "x", deps: ["r"] }, { id: "b" }],
      limits: { jobs: 1 },
    });
    run.prepared("r");
    expect(run.exit("r", "complete")).toEqual([prepare("b")]);
  });
});

/** Two reviewed units; the second car is based on the first. */
function twoCars(options: Partial<StartOptions> = {}) {
  const run = begin({ units: [{ id: "a" }, { id: "b" }], ...options });
  run.reviewed("a");
  run.reviewed("b");
  run.built("a", 1, "t0");
  return run;
}

describe("the merge train", () => {
  test("each candidate is judged on the one before it, and candidates land in order", () => {
    const run = begin({ units: [{ id: "a" }, { id: "b" }] });
    expect(run.reviewed("a")).toEqual([build("a", 1, "t0")]);
    expect(run.reviewed("b")).toEqual([]);
    expect(run.built("a", 1, "t0")).toEqual([build("b", 2, "c1"), judge("a", 1, "t0")]);
    expect(run.built("b", 2, "c1")).toEqual([judge("b", 2, "c1", "a")]);
    expect(run.passed("b", 2, "c1+b1")).toEqual([]);
    expect(run.phase("b")).toBe("queued: gates passed; waiting for its turn to land");
    expect(run.passed("a", 1, "t0+a1")).toEqual([land("a", 1, "t0")]);
    expect(run.landed("a", 1)).toEqual([land("b", 2, "c1")]);
    expect(run.landed("b", 2)).toEqual([finish("complete")]);
  });

  test("D3 a slow early unit delays neither later units nor their dependents", () => {
    const run = begin({ units: [{ id: "slow" }, { id: "b" }, { id: "c", deps: ["b"] }] });
    run.reviewed("b");
    run.built("b", 1, "t0");
    run.passed("b", 1, "t0+b1");
    expect(run.landed("b", 1)).toEqual([prepare("c")]);
  });

  test("the train is no longer than the speculation limit", () => {
    const run = begin({ units: [{ id: "a" }, { id: "b" }], limits: { speculation: 1 } });
    run.reviewed("a");
    run.reviewed("b");
    expect(run.built("a", 1, "t0")).toEqual([judge("a", 1, "t0")]);
    expect(run.passed("a", 1, "t0+a1")).toEqual([land("a", 1, "t0")]);
    expect(run.landed("a", 1)).toEqual([build("b", 2, "c1")]);
  });

  test("gate runs stay within maxGates, oldest car first", () => {
    const run = twoCars({ limits: { maxGates: 1 } });
    expect(run.built("b", 2, "c1")).toEqual([]);
    expect(run.passed("a", 1, "t0+a1")).toEqual([judge("b", 2, "c1", "a"), land("a", 1, "t0")]);
  });

  test("cars behind a failed car are rebuilt and their gates cancelled", () => {
    const run = twoCars();
    run.built("b", 2, "c1");
    expect(run.failed("a", 1, "t0+a1")).toEqual([
      { type: "gates.cancel", unit: "b", attempt: 1, car: 2 },
      build("b", 3, "t0"),
      prepare("a", 2),
    ]);
    expect(run.phase("b")).toBe("integrating: building its candidate");
    expect(run.passed("b", 2, "c1+b1")).toEqual([]);
    run.built("b", 3, "t0");
    expect(run.passed("b", 3, "t0+b1")).toEqual([land("b", 3, "t0")]);
  });

  test("a speculative failure becomes final when its base lands", () => {
    const run = twoCars({ limits: { rejectionRetries: 0 } });
    run.built("b", 2, "c1");
    expect(run.failed("b", 2, "c1+b1", "integration")).toEqual([]);
    expect(run.phase("b")).toBe("queued: waiting for a: did not pass behind it (tests failed)");
    run.passed("a", 1, "t0+a1");
    expect(run.landed("a", 1)).toEqual([
      {
        type: "gates.run",
        unit: "b",
        attempt: 1,
        car: null,
        commit: "b1",
        tree: "t0+b1",
        onto: "t0",
        behind: null,
      },
    ]);
    expect(run.passed("b", null, "t0+b1", "integration")).toEqual([finish("partial")]);
    expect(run.phase("b")).toBe("failed: tests failed; passes alone, fails with what landed");
  });

  test("A23 a pass of the attempt alone that was not confirmed attributes nothing", () => {
    const run = twoCars({ limits: { rejectionRetries: 0 } });
    run.built("b", 2, "c1");
    run.failed("b", 2, "c1+b1");
    run.passed("a", 1, "t0+a1");
    run.landed("a", 1);
    run.passed("b", null, "t0+b1");
    expect(run.phase("b")).toBe("failed: tests failed");
  });

  test("A23 an attempt that fails alone as its old base does is rejected for its candidate, and retried", () => {
    const run = twoCars();
    run.built("b", 2, "c1");
    run.failed("b", 2, "c1+b1", "other_base");
    run.passed("a", 1, "t0+a1");
    run.landed("a", 1);
    expect(run.failed("b", null, "t0+b1", "other_base")).toEqual([prepare("b", 2)]);
    expect(run.state.units["b"]?.rejections).toBe(1);
  });

  test("A23 a candidate that failed behind a bad one is queued again, in so many words, and not charged", () => {
    const run = twoCars({ limits: { rejectionRetries: 0 } });
    run.built("b", 2, "c1");
    run.failed("b", 2, "c1+b1", "other_base");
    const { changes } = run.step({
      type: "gates.finished",
      unit: "a",
      attempt: 1,
      car: 1,
      tree: "t0+a1",
      verdicts: { tests: "failed" },
      passed: false,
      blame: "attempt",
      reason: "tests failed",
    });
    expect(changes).toContainEqual({
      unit: "b",
      from: "queued",
      to: "queued",
      reason: "re-queued: a, which it was based on, did not land as it was",
    });
    expect(run.state.units["b"]).toMatchObject({ phase: "integrating", rejections: 0 });
  });

  test("A31 no candidate is based on one before its object gates have passed", () => {
    const run = begin({ units: [{ id: "a" }, { id: "b" }, { id: "c" }], screening: true });
    run.reviewed("a");
    run.reviewed("b");
    run.reviewed("c");
    expect(run.built("a", 1, "t0")).toEqual([judge("a", 1, "t0")]);
    expect(run.screened("a", 1, "t0+a1")).toEqual([build("b", 2, "c1")]);
    expect(run.screened("a", 1, "t0+a1")).toEqual([]);
    expect(run.built("b", 2, "c1")).toEqual([judge("b", 2, "c1", "a")]);
    expect(run.failed("b", 2, "c1+b1")).toEqual([build("c", 3, "c1")]);
  });

  test("A31 a candidate that passes every gate may be built upon without a report of its object gates", () => {
    const run = begin({ units: [{ id: "a" }, { id: "b" }], screening: true });
    run.reviewed("a");
    run.reviewed("b");
    run.built("a", 1, "t0");
    expect(run.passed("a", 1, "t0+a1")).toEqual([build("b", 2, "c1"), land("a", 1, "t0")]);
  });

  test("a speculative failure is discarded when its base fails", () => {
    const run = twoCars({ limits: { rejectionRetries: 0 } });
    run.built("b", 2, "c1");
    run.failed("b", 2, "c1+b1");
    expect(run.failed("a", 1, "t0+a1")).toEqual([build("b", 3, "t0")]);
    run.built("b", 3, "t0");
    expect(run.passed("b", 3, "t0+b1")).toEqual([land("b", 3, "t0")]);
  });

  test("a speculative conflict is discarded when its base fails", () => {
    const run = twoCars();
    expect(run.conflicted("b", 2, "c1")).toEqual([]);
    run.passed("a", 1, "t0+a1");
    expect(run.landed("a", 1)).toEqual([prepare("b", 2)]);
    expect(run.state.units["b"]?.rejections).toBe(1);
  });

  test("B17 a candidate that the machine could not build fails its unit without a retry", () => {
    const run = twoCars();
    const failed = { type: "candidate.failed", unit: "b", attempt: 1, car: 2, onto: "c1" } as const;
    expect(run.tell({ ...failed, reason: "disk full" })).toEqual([]);
    run.passed("a", 1, "t0+a1");
    expect(run.landed("a", 1)).toEqual([finish("partial")]);
    expect([run.phase("b"), run.state.units["b"]?.rejections]).toEqual(["failed: disk full", 0]);
  });

  test("a failed car does not delay the next car, which is based on the car before it", () => {
    const run = begin({ units: [{ id: "a" }, { id: "b" }, { id: "c" }] });
    run.reviewed("a");
    run.reviewed("b");
    run.reviewed("c");
    run.built("a", 1, "t0");
    expect(run.built("b", 2, "c1")).toEqual([build("c", 3, "c2"), judge("b", 2, "c1", "a")]);
    expect(run.failed("b", 2, "c1+b1")).toEqual([build("c", 4, "c1")]);
  });

  test("A1 a candidate that fails on the tip has its attempt judged alone to attribute the failure", () => {
    const run = twoCars({ limits: { rejectionRetries: 0, speculation: 1 } });
    run.passed("a", 1, "t0+a1");
    run.landed("a", 1);
    run.built("b", 2, "c1");
    expect(run.failed("b", 2, "c1+b1", "integration")).toEqual([
      {
        type: "gates.run",
        unit: "b",
        attempt: 1,
        car: null,
        commit: "b1",
        tree: "t0+b1",
        onto: "t0",
        behind: null,
      },
    ]);
    expect(run.phase("b")).toBe(
      "validating: tests failed; running gates on the attempt alone to attribute the failure",
    );
    expect(run.failed("b", null, "t0+b1")).toEqual([finish("partial")]);
    expect(run.phase("b")).toBe("failed: tests failed");
  });

  test("a candidate with the tree of its attempt is judged once", () => {
    const run = begin({ limits: { rejectionRetries: 0 } });
    run.reviewed("a");
    run.built("a", 1, "t0");
    expect(run.failed("a", 1, "t0+a1")).toEqual([finish("failed")]);
  });

  test.each(["base", "environment"] as const)(
    "a failure blamed on the %s is not retried",
    (blame) => {
      const run = begin();
      run.reviewed("a");
      run.built("a", 1, "t0");
      expect(run.failed("a", 1, "t0+a1", blame)).toEqual([finish("failed")]);
      expect(run.state.units["a"]?.rejections).toBe(0);
    },
  );

  test("gates on an attempt's own tree wait for a free slot like all others", () => {
    const run = twoCars({ limits: { maxGates: 1, speculation: 1, rejectionRetries: 0 } });
    run.passed("a", 1, "t0+a1");
    run.landed("a", 1);
    run.built("b", 2, "c1");
    const alone = run.failed("b", 2, "c1+b1", "integration");
    expect(alone.map((action) => action.type)).toEqual(["gates.run"]);
    expect(outstanding(run.state)).toEqual(alone);
  });
});

describe("landing", () => {
  /** One unit whose landing is in progress. */
  const landing = (options: Partial<StartOptions> = {}) => {
    const run = begin(options);
    run.reviewed("a");
    run.built("a", 1, "t0");
    run.passed("a", 1, "t0+a1");
    return run;
  };

  test("a landing refused because the target moved rebuilds the candidate on the new tip", () => {
    const run = landing();
    expect(run.refused("a", 1, "target_moved", "x")).toEqual([build("a", 2, "x")]);
    expect(run.state.tip).toBe("x");
  });

  test("a move of the target rebuilds every car", () => {
    const run = twoCars();
    expect(run.tell({ type: "target.moved", tip: "x" })).toEqual([
      { type: "gates.cancel", unit: "a", attempt: 1, car: 1 },
      build("a", 3, "x"),
    ]);
    expect(run.built("a", 3, "x")).toEqual([build("b", 4, "c3"), judge("a", 3, "x")]);
    expect(run.step({ type: "target.moved", tip: "x" }).disposition).toBe("stale");
  });

  test("a head that is rebuilt too often goes to the end of the queue", () => {
    const run = twoCars({ limits: { rebuilds: 1 } });
    run.tell({ type: "target.moved", tip: "x" });
    const actions = run.tell({ type: "target.moved", tip: "y" });
    expect(actions).toEqual([build("b", 4, "y")]);
    expect(run.state.train.map((car) => car.unit)).toEqual(["b", "a"]);
  });

  test("a move of the target during a landing waits for the answer of the landing", () => {
    const run = landing();
    expect(run.step({ type: "target.moved", tip: "c1" }).disposition).toBe("stale");
  });

  test("B4 a landing blocked by a checkout is retried when the checkout changes, and once at the end", () => {
    const run = landing({ units: [{ id: "a" }, { id: "b" }] });
    expect(run.refused("a", 1, "blocked_by_checkout")).toEqual([]);
    expect(run.phase("a")).toBe("waiting: so");
    expect(run.tell({ type: "checkout.changed" })).toEqual([build("a", 2, "t0")]);
    run.built("a", 2, "t0");
    run.passed("a", 2, "t0+a1");
    expect(run.refused("a", 2, "blocked_by_checkout")).toEqual([]);
    run.prepared("b");
    expect(run.exit("b", "blocked")).toEqual([build("a", 3, "t0")]);
    run.built("a", 3, "t0");
    run.passed("a", 3, "t0+a1");
    expect(run.refused("a", 3, "blocked_by_checkout")).toEqual([finish("failed")]);
    expect(run.phase("a")).toBe("failed: so");
  });

  test("the answer of an earlier wait for the checkouts does not end a later one", () => {
    const run = landing({ limits: { checkoutWaitS: 10 } });
    expect(run.refused("a", 1, "blocked_by_checkout")).toEqual([
      { type: "checkout.await", wait: 1 },
    ]);
    run.tell({ type: "checkout.waited", wait: 1, changed: true });
    run.built("a", 2, "t0");
    run.passed("a", 2, "t0+a1");
    expect(run.refused("a", 2, "blocked_by_checkout")).toEqual([
      { type: "checkout.await", wait: 2 },
    ]);
    const late = run.step({ type: "checkout.waited", wait: 1, changed: false });
    expect(late.disposition).toBe("stale");
    expect(run.tell({ type: "checkout.waited", wait: 2, changed: true })).toEqual([
      build("a", 3, "t0"),
    ]);
  });

  test("a landing refused without a move of the target is retried as often as a blocked one", () => {
    const run = landing();
    expect(run.refused("a", 1, "target_moved", "t0")).toEqual([build("a", 2, "t0")]);
    run.built("a", 2, "t0");
    run.passed("a", 2, "t0+a1");
    expect(run.refused("a", 2, "target_moved", "t0")).toEqual([finish("failed")]);
  });

  test("a blocked landing on a target that moved as well is based on the new tip", () => {
    const run = landing({ units: [{ id: "a" }, { id: "b" }] });
    expect(run.refused("a", 1, "blocked_by_checkout", "x")).toEqual([]);
    expect(run.tell({ type: "checkout.changed" })).toEqual([build("a", 2, "x")]);
  });

  test("a head that is rebuilt too often stays when the plan orders the train, or nothing else is in it", () => {
    const ordered = twoCars({ limits: { rebuilds: 1 }, order: "plan" });
    const alone = landing({ limits: { rebuilds: 1 } });
    alone.refused("a", 1, "target_moved", "x");
    expect(alone.tell({ type: "target.moved", tip: "y" })).toEqual([build("a", 3, "y")]);
    for (const tip of ["x", "y"]) ordered.tell({ type: "target.moved", tip });
    expect(ordered.state.train.map((car) => car.unit)).toEqual(["a", "b"]);
    expect([alone.phase("a"), ordered.phase("a")]).toEqual([
      "integrating: building its candidate",
      "integrating: building its candidate",
    ]);
  });

  test("a failed landing proof is final even with retries left", () => {
    const run = landing();
    expect(run.refused("a", 1, "proof_failed")).toEqual([finish("failed")]);
  });
});

test.each<[GateStatus | undefined, boolean]>([
  ["passed", true],
  ["flaky", true],
  ["not_applicable", true],
  ["failed", false],
  ["errored", false],
  [undefined, false],
])("a gate that is %s allows a landing: %p", (status, expected) => {
  expect(isPass(status)).toBe(expected);
});

test("a unit that waits for many others names five of them", () => {
  const ids = ["1", "2", "3", "4", "5", "6"];
  const units = ids.map((id) => ({ id }));
  const waits = (deps: string[]): string =>
    begin({ units: [...units, { id: "a", deps }], limits: { jobs: 1 } }).phase("a");
  expect(waits(ids.slice(1))).toBe("pending: waiting for 2, 3, 4, 5, 6");
  expect(waits(ids)).toBe("pending: waiting for 1, 2, 3, 4, 5 and 1 more");
});

describe("plan order", () => {
  test("plan order lands no unit before the units the plan puts first", () => {
    const run = begin({ units: [{ id: "a" }, { id: "b" }], order: "plan" });
    expect(run.reviewed("b")).toEqual([]);
    expect(run.reviewed("a")).toEqual([build("a", 1, "t0")]);
    run.built("a", 1, "t0");
    run.built("b", 2, "c1");
    expect(run.failed("a", 1, "t0+a1")).toEqual([
      { type: "gates.cancel", unit: "b", attempt: 1, car: 2 },
      prepare("a", 2),
    ]);
    expect(run.phase("b")).toBe("queued: waiting for its turn in plan order");
    run.prepared("a", 2);
    expect(run.exit("a", "blocked", 2)).toEqual([build("b", 3, "t0")]);
  });

  test("plan order follows dependencies where the plan lists units in another order", () => {
    const run = begin({ units: [{ id: "b", deps: ["a"] }, { id: "a" }], order: "plan" });
    expect(run.reviewed("a")).toEqual([build("a", 1, "t0")]);
  });
});

describe("an interrupt", () => {
  test("an interrupt stops workers, abandons unfinished units and waits for a landing", () => {
    const run = begin({
      units: [...["a", "b", "c", "d"].map((id) => ({ id })), { id: "e", deps: ["a"] }],
    });
    run.reviewed("a");
    run.built("a", 1, "t0");
    run.passed("a", 1, "t0+a1");
    run.reviewed("b");
    run.built("b", 2, "c1");
    run.prepared("c");
    const interrupt: Event = { type: "run.interrupted", cause: "signal", reason: "SIGINT" };
    expect(run.tell(interrupt)).toEqual([
      { type: "gates.cancel", unit: "b", attempt: 1, car: 2 },
      { type: "worker.stop", unit: "c", attempt: 1 },
    ]);
    for (const unit of ["b", "c", "d", "e"]) expect(run.phase(unit)).toBe("abandoned: SIGINT");
    expect(outstanding(run.state)).toEqual([land("a", 1, "t0")]);
    expect(run.step(interrupt).disposition).toBe("stale");
    expect(run.exit("c", "complete")).toEqual([]);
    expect(run.landed("a", 1)).toEqual([finish("interrupted")]);
  });

  test("D15 a fix that lands after an interrupt is not reviewed: no attempt starts, and the run ends", () => {
    const run = begin({ units: [{ id: "r", role: "reviewer", fixesMax: 1 }] });
    run.prepared("r");
    run.exit("r", "disapproved");
    run.reviewed("r", 2);
    run.built("r", 1, "t0", 2);
    run.tell({
      type: "gates.finished",
      unit: "r",
      attempt: 2,
      car: 1,
      tree: "t0+r2",
      verdicts: { tests: "passed" },
      passed: true,
      blame: null,
      reason: "",
    });
    run.tell({ type: "run.interrupted", cause: "signal", reason: "SIGINT" });
    expect(run.landed("r", 1, 2)).toEqual([finish("interrupted")]);
    expect(run.phase("r")).toBe("abandoned: fix landed as c1 and was not reviewed: SIGINT");
  });

  test("an interrupted run ends at once without a landing, and abandons a refused landing", () => {
    const run = begin();
    const interrupt: Event = { type: "run.interrupted", cause: "signal", reason: "SIGINT" };
    expect(run.tell(interrupt)).toEqual([finish("interrupted")]);
    const other = begin();
    other.reviewed("a");
    other.built("a", 1, "t0");
    other.passed("a", 1, "t0+a1");
    expect(other.tell(interrupt)).toEqual([]);
    expect(other.refused("a", 1, "proof_failed")).toEqual([finish("interrupted")]);
    expect(other.phase("a")).toBe("abandoned: SIGINT; so");
  });
});

describe("events", () => {
  const late: [string, Event][] = [
    ["the start", startOf({})],
    ["a worktree", { type: "attempt.prepared", unit: "a", attempt: 1, base: "t0" }],
    [
      "a build",
      { type: "candidate.conflicted", unit: "a", attempt: 1, car: 1, onto: "t0", reason: "" },
    ],
    ["a checkout that blocks no unit", { type: "checkout.changed" }],
    ["the current tip", { type: "target.moved", tip: "t0" }],
  ];
  test.each(late)("a repeated event is stale and changes nothing: %s", (_, event) => {
    const run = begin();
    run.reviewed("a");
    run.built("a", 1, "t0");
    const before = run.state;
    expect(run.step(event)).toMatchObject({ disposition: "stale", actions: [], changes: [] });
    expect(run.state).toEqual(before);
  });

  const impossible: [string, Event][] = [
    ["a unit outside the dag", { type: "attempt.prepared", unit: "z", attempt: 1, base: "t0" }],
    [
      "an attempt that was not started",
      { type: "attempt.prepared", unit: "a", attempt: 2, base: "t0" },
    ],
    [
      "a worker that was not started",
      { type: "worker.exited", unit: "a", attempt: 1, fork: 0, outcome: "complete", reason: "" },
    ],
    [
      "a car that was not built",
      { type: "candidate.conflicted", unit: "a", attempt: 1, car: 1, onto: "t0", reason: "" },
    ],
    ["a pass without verdicts", passWithout()],
  ];
  test.each(impossible)("an impossible event throws: %s", (name, event) => {
    const run = begin();
    if (name.startsWith("a pass")) {
      run.reviewed("a");
      run.built("a", 1, "t0");
    }
    expect(() => run.tell(event)).toThrow("invariant violated");
  });

  test("a run begins with run.started", () => {
    expect(() => transition(initialState(), { type: "checkout.changed" })).toThrow(
      "a run begins with run.started",
    );
  });

  test.each([
    [
      "a cycle",
      [
        { id: "a", deps: ["b"] },
        { id: "b", deps: ["a"] },
      ],
      "a does not depend on itself",
    ],
    ["an unknown dependency", [{ id: "a", deps: ["z"] }], "the dag has z, a dependency of a"],
    ["a duplicate", [{ id: "a" }, { id: "a" }], "unit ids are unique"],
  ])("a dag with %s throws", (_, units, words) => {
    expect(() => transition(initialState(), startOf({ units }))).toThrow(words);
  });

  test("replayed events give the same state, and the state survives JSON", () => {
    const run = twoCars();
    expect(replay(run.events)).toEqual(run.state);
    const again = JSON.parse(JSON.stringify(run.state));
    expect(transition(again, run.events[0] as Event).state).toEqual(run.state);
  });
});

function passWithout(): Event {
  const passed = { car: 1, tree: "t0+a1", verdicts: {}, passed: true, blame: null } as const;
  return { type: "gates.finished", unit: "a", attempt: 1, ...passed, reason: "" };
}
