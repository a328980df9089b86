/** The views on handwritten event logs. */
import { describe, expect, test } from "bun:test";
import { renderExplain } from "../../src/cli/commands/history/explain.ts";
import { renderReview } from "../../src/cli/commands/plan/review.ts";
import { renderStatus } from "../../src/cli/render/status.ts";
import type { RecordedEvent } from "../../src/log/event-log.ts";
import { present } from "../../src/std/assert.ts";
import { explainUnit } from "../../src/views/explain.ts";
import {
  type PlanFacts,
  type PlanStatus,
  type ShownRun,
  showUnits,
  viewPlan,
  viewPlanUnits,
} from "../../src/views/plan-view.ts";
import { selfCorrections } from "../../src/views/recovered-tool-errors.ts";
import { type ReviewFacts, viewReview } from "../../src/views/review.ts";
import { neverStarted, type RunView, shownPhase, viewRun } from "../../src/views/run-view.ts";
import { type RanPlan, viewStatus } from "../../src/views/status.ts";
import { timelineLine } from "../../src/views/timeline.ts";
import { countEvents } from "../harness/event-sums.ts";
import { RunLog } from "../harness/run-log.ts";

function view(log: RunLog): RunView {
  return present(viewRun(log.events), "a run");
}

/** The plan of one run, as the log has it. */
function plan(log: RunLog, live: string | null = null): RanPlan {
  const run = view(log);
  return { ...viewPlan(run.plan, { planned: null, runs: [run], live, git: null }, true), run };
}

/** A run as `plan review` and `explain` show it. */
function shown(log: RunLog, live: string | null = null): ShownRun {
  const { run, units } = plan(log, live);
  return showUnits(run, units, (_, id) => run.units.find(({ unit }) => unit === id) ?? null);
}

const three = {
  units: [{ unit: "a" }, { unit: "b", depends_on: ["a"] }, { unit: "c", depends_on: ["b"] }],
};

const noFacts: ReviewFacts = {
  counts: () => [],
  cost: () => null,
  diffs: new Map(),
  corrections: () => [],
  crashed: false,
};

describe("viewRun", () => {
  test.each([
    ["running", true, false, "interrupted"],
    ["running", false, false, "crashed"],
    ["running", true, true, "running"],
    ["partial", true, false, "partial"],
  ] as const)(
    "a run that is %s, interrupted: %p, live: %p, is shown as %s",
    (phase, interrupted, live, as) => {
      expect(shownPhase({ phase, interrupted }, live)).toBe(as);
    },
  );

  test("an abandoned unit without an attempt was never started", () => {
    const of = (phase: string, attempts: number) => neverStarted({ phase }, attempts);
    expect([of("abandoned", 0), of("abandoned", 1), of("failed", 0)]).toEqual([true, false, false]);
  });

  test("viewRun is null without a start event, and has every unit from the start", () => {
    expect(viewRun([])).toBeNull();
    const run = view(new RunLog(three));
    expect(run.phase).toBe("running");
    expect(run.units.map(({ unit, phase, waitingOn }) => [unit, phase, waitingOn])).toEqual([
      ["a", "pending", []],
      ["b", "pending", ["a"]],
      ["c", "pending", ["b"]],
    ]);
  });

  test("a unit settled before the run has its phase and blocks no dependent", () => {
    const run = view(
      new RunLog({
        units: [
          { unit: "a", settled: "landed" },
          { unit: "b", depends_on: ["a"] },
        ],
      }),
    );
    expect(run.units.map(({ phase, settled, waitingOn }) => [phase, settled, waitingOn])).toEqual([
      ["landed", true, []],
      ["pending", false, []],
    ]);
  });

  test("E1 a rejection has gate, command, exit and the end of the output", () => {
    const [unit] = view(new RunLog({ units: [{ unit: "a" }] }).rejected("a", 1)).units;
    const rejection = unit?.attempts[0]?.rejection;
    expect(rejection?.verdict).toBe("gate_failed");
    expect(
      rejection?.gates.map(({ gate, command, exit, tail }) => [gate, command, exit, tail]),
    ).toEqual([["tests", "sh check.sh", "exit code 1", "expected 4, got 5\n"]]);
    expect(unit?.keptRef).toBe("refs/dgov/keep/r1/a/1");
  });

  test("A17 a flaky gate is listed with its attempt", () => {
    const log = new RunLog({ units: [{ unit: "a" }] });
    log.add(
      "gate.finished",
      { gate: "tests", status: "flaky", reason: "failed, then passed" },
      "a",
      1,
    );
    expect(view(log).units[0]?.attempts[0]?.flaky).toEqual(["tests"]);
  });

  test("gates of the verification of the branch are not an attempt of a unit", () => {
    const log = new RunLog({ units: [{ unit: "a" }] });
    log.add("gate.finished", { gate: "tests", status: "passed" }, "a", 0);
    expect(view(log).units[0]?.attempts).toEqual([]);
  });

  test("unknown events and malformed data do not change a view", () => {
    const plain = view(new RunLog(three));
    const log = new RunLog(three).add("moon.rose", { full: true }, "a", 1);
    log.add("unit.changed", { to: 7, reason: null }, "unknown");
    expect(view(log).units.map((unit) => unit.phase)).toEqual(
      plain.units.map((unit) => unit.phase),
    );
  });
});

describe("viewStatus", () => {
  const live = { run: "r1", plan: "p" };

  test("viewStatus without runs is idle", () => {
    expect(viewStatus([], null)).toEqual({
      status: "idle",
      summary: "idle: no runs yet",
      next: null,
      runs: [],
    });
  });

  test("viewStatus of a run without events is starting", () => {
    expect(viewStatus([], live).summary).toBe("running: p: starting");
  });

  test.each(["reviewing", "validating", "integrating", "landing", "queued", "waiting"])(
    "E10 a unit that is %s counts as running, not as needing attention",
    (phase) => {
      const log = new RunLog(three).rejected("a", 1).phase("a", phase);
      expect(viewStatus([plan(log, "r1")], live).status).toBe("running");
    },
  );

  test("E10 a failed run needs attention, and its skipped and unstarted units are listed", () => {
    const log = new RunLog(three)
      .phase("a", "failed", "out of attempts")
      .phase("b", "skipped", "a failed");
    const status = viewStatus([plan(log.finished("failed"))], null);
    expect(status.status).toBe("needs_attention");
    expect(status.next).toBe("dgov plan review p");
    expect(renderStatus(status)).toMatchInlineSnapshot(`
      "needs attention: p: last run failed: 0/3 landed, 1 failed, 1 skipped, 1 not started

      p  run r1  failed onto main: 1 failed, 1 skipped, 1 not started
        started 2026-01-02 03:04:00 UTC, ended 2026-01-02 03:04:03
        failed       a    out of attempts
        skipped      b    a failed
        not started  c    waiting for b

      next: dgov plan review p"
    `);
  });

  test("an unfinished run without a process counts as crashed", () => {
    const status = viewStatus([plan(new RunLog(three))], null);
    expect([status.status, status.runs[0]?.phase]).toEqual(["needs_attention", "crashed"]);
    expect(status.summary).toContain("last run crashed");
  });

  test("an open run counts as crashed while another run is alive, and only that one as running", () => {
    const crashed = plan(new RunLog({ ...three, run: "r0", plan: "q" }), "r1");
    const status = viewStatus([plan(new RunLog(three), "r1"), crashed], live);
    expect(status.runs.map(({ run, phase }) => [run, phase])).toEqual([
      ["r1", "running"],
      ["r0", "crashed"],
    ]);
    expect([status.status, status.next]).toEqual(["running", "dgov watch"]);
    const starting = viewStatus([crashed], live);
    expect([starting.summary, starting.runs[0]?.phase]).toEqual([
      "running: p: starting",
      "crashed",
    ]);
  });

  test("a run with every unit landed is idle", () => {
    const log = new RunLog({ units: [{ unit: "a" }] }).lands("a").finished("complete");
    const status = viewStatus([plan(log)], null);
    expect([status.status, status.summary]).toEqual([
      "idle",
      "idle: p: last run complete: 1/1 landed",
    ]);
  });
});

describe("explainUnit", () => {
  test("explainUnit follows a skipped unit back to the failed one", () => {
    const log = new RunLog(three)
      .rejected("a", 1)
      .phase("a", "failed", "out of attempts", 1)
      .phase("b", "skipped", "a failed")
      .phase("c", "skipped", "b was skipped")
      .finished("failed");
    const explained = present(explainUnit(shown(log), "c"), "c");
    expect(explained.because.map(({ unit, reason }) => [unit, reason])).toEqual([
      ["b", "a failed"],
      ["a", "out of attempts"],
    ]);
    expect(present(explainUnit(shown(log), "a"), "a").next).toBe("dgov take a");
    expect(renderExplain(explained)).toMatchInlineSnapshot(`
      "c is skipped since 2026-01-02 03:04:06 UTC: b was skipped
        Do c (plan p, run r1, attempt 0)

      because of:
        b  skipped  a failed
        a  failed   out of attempts

      history:
        2026-01-02 03:04:06  skipped  b was skipped
      next: dgov run p --continue"
    `);
  });

  test("explainUnit of a pending unit names the units it waits for", () => {
    const explained = explainUnit(shown(new RunLog(three)), "b");
    expect(explained?.reason).toBe("waiting for a");
  });

  test("explainUnit of a scope violation suggests more claims", () => {
    const log = new RunLog({ units: [{ unit: "a" }] })
      .rejected("a", 1, { verdict: "scope_violation", gates: [] })
      .phase("a", "failed")
      .finished("failed");
    expect(explainUnit(shown(log), "a")?.next).toContain("claims");
  });

  test.each([
    ["failed", "failed", true, "dgov take a"],
    ["failed", "timed_out", true, "dgov take a"],
    ["failed", "failed", false, "dgov run p --continue"],
    ["interrupted", "abandoned", true, "dgov run p --continue"],
    ["interrupted", "abandoned", false, "dgov run p --continue"],
    ["interrupted", "skipped", false, "dgov run p --continue"],
    ["complete", "landed", true, null],
    ["complete", "done", false, null],
    ["complete", "undone", true, "dgov run p"],
    ["running", "working", true, "dgov watch"],
    ["interrupted", "working", true, "dgov run p --continue"],
  ])(
    "in a run that is %s the next step of a unit that is %s (kept work: %p) is %s",
    (status, phase, kept, next) => {
      const log = new RunLog({ units: [{ unit: "a" }] });
      if (kept) log.rejected("a", 1);
      log.phase("a", phase);
      if (status !== "running") log.finished(status);
      const live = status === "running" ? "r1" : null;
      expect(explainUnit(shown(log, live), "a")?.next).toBe(next);
    },
  );

  test("explainUnit is null for an unknown unit", () => {
    expect(explainUnit(shown(new RunLog(three)), "x")).toBeNull();
  });
});

describe("selfCorrections", () => {
  function result(
    tool: string,
    ok: boolean,
    target: string | null = "f.ts",
    attempt = 1,
  ): RecordedEvent {
    const data = { tool, ok, target, text: ok ? "done" : "no such text" };
    const of = { seq: 1, ts: "", run: "r", plan: "p", unit: "a", attempt };
    return { ...of, type: "result", kind: "telemetry", data };
  }

  test.each([
    ["a failure followed by success", [result("edit_file", false), result("edit_file", true)], 1],
    [
      "two failures followed by success",
      [result("edit_file", false), result("edit_file", false), result("edit_file", true)],
      1,
    ],
    ["a failure without success", [result("edit_file", false)], 0],
    [
      "success on another target",
      [result("edit_file", false), result("edit_file", true, "g.ts")],
      0,
    ],
    ["success with another tool", [result("edit_file", false), result("write_file", true)], 0],
    [
      "success in another attempt",
      [result("edit_file", false), result("edit_file", true, "f.ts", 2)],
      0,
    ],
    [
      "success after done",
      [result("edit_file", false), result("done", true, null), result("edit_file", true)],
      0,
    ],
    [
      "success after a rejected done",
      [result("edit_file", false), result("done", false, null), result("edit_file", true)],
      1,
    ],
  ])("the number of self-corrections is right for %s", (_, results, count) => {
    expect(selfCorrections(results)).toHaveLength(count);
  });
});

describe("viewReview", () => {
  test("D11 the totals of a review include the tokens of failed attempts", () => {
    const log = new RunLog({ units: [{ unit: "a" }] })
      .rejected("a", 1)
      .lands("a")
      .finished("complete");
    const turn = (attempt: number): RecordedEvent => ({
      seq: 1,
      ts: "",
      run: "r1",
      plan: "p",
      unit: "a",
      attempt,
      type: "turn.finished",
      kind: "telemetry",
      data: { model: "m", usage: { prompt_tokens: 100, cached_tokens: 10, completion_tokens: 7 } },
    });
    const counts = countEvents([turn(1), turn(1), turn(2)]);
    const review = viewReview(
      shown(log),
      { ...noFacts, counts: () => counts, cost: () => 0.5 },
      null,
    );
    expect(review.spending).toEqual({
      turns: 3,
      calls: 0,
      failedCalls: 0,
      unmeteredTurns: 0,
      promptTokens: 300,
      cachedTokens: 30,
      completionTokens: 21,
      cost: 1,
      costAtLeast: 1,
    });
  });

  const metered = { prompt_tokens: 100, cached_tokens: 10, completion_tokens: 7 };
  // [case, usage of the turns of attempts 1 and 2, price of each attempt, prompt tokens, cost, its lower bound]
  const spendings: [string, unknown[], (number | null)[], (number | null)[]][] = [
    ["no turns", [], [5, 5], [0, null, null]],
    ["a price and usage", [metered, metered], [5, 6], [200, 11, 11]],
    ["a price of 0", [metered, metered], [0, 0], [200, 0, 0]],
    ["no price", [metered, metered], [null, null], [200, null, null]],
    ["a price for one of two providers", [metered, metered], [null, 6], [200, null, 6]],
    ["no usage", [null, null], [5, 6], [null, null, null]],
    ["usage of one of two turns", [metered, null], [5, 6], [100, null, 5]],
    ["neither price nor usage", [null], [null, null], [null, null, null]],
  ];
  test.each(spendings)(
    "E18 an unknown cost is null, never 0: %s",
    (_, usages, prices, expected) => {
      const log = new RunLog({ units: [{ unit: "a" }] }).rejected("a", 1).lands("a");
      const turns = usages.map(
        (usage, i): RecordedEvent => ({
          ...{ seq: 1, ts: "", run: "r1", plan: "p", unit: "a", attempt: i + 1 },
          ...{ type: "turn.finished", kind: "telemetry", data: { model: "m", usage } },
        }),
      );
      const cost = ({ attempt }: { attempt: number | null }) => prices[(attempt ?? 0) - 1] ?? null;
      const facts = { ...noFacts, counts: () => countEvents(turns), cost };
      const review = viewReview(shown(log), facts, null);
      for (const { promptTokens, cost, costAtLeast } of [
        review.spending,
        review.units[0]?.spending ?? review.spending,
      ]) {
        expect([promptTokens, cost, costAtLeast]).toEqual(expected);
      }
    },
  );

  test("E1 the text of a review shows landings, rejections with reasons, and next commands", () => {
    const log = new RunLog({ units: [{ unit: "a" }, { unit: "b" }] })
      .lands("a")
      .add("attempt.prepared", { base: "b".repeat(40) }, "b", 1)
      .rejected("b", 1)
      .phase("b", "failed", "out of attempts", 1)
      .finished("partial", { warnings: ["the branch is red"] });
    const diffs = new Map([
      [
        "a",
        {
          files: 1,
          insertions: 3,
          deletions: 1,
          paths: [{ path: "f.ts", status: "modified", insertions: 3, deletions: 1 }],
        },
      ],
    ]);
    const found = { attempt: 1, tool: "edit_file", target: "f.ts", failures: 2, error: "no such" };
    const corrections = (_: string, unit: string) => (unit === "a" ? [found] : []);
    const review = viewReview(shown(log), { ...noFacts, diffs, corrections }, null);
    expect(renderReview(review)).toMatchInlineSnapshot(`
      "p: run r1 partial in 9.0 s, onto main; 1/2 landed
        started 2026-01-02 03:04:00 UTC; 0 turns, 0 calls, 0 tokens in, 0 out
        warning: the branch is red

      a  landed
        Do a
        landed cccccccccc at 2026-01-02 03:04:05: 1 file, +3 -1
          modified  f.ts  +3 -1
        1 attempt; 0 turns, 0 calls, 0 tokens in, 0 out
        self-corrected: edit_file f.ts after 2 failures
        attempt 1 (m): worker complete

      b  failed: out of attempts
        Do b
        1 attempt; 0 turns, 0 calls, 0 tokens in, 0 out
        attempt 1: rejected
          gates: tests failed 1.5 s
          rejected: gate_failed: tests: 1 failing test
          tests failed (exit code 1): sh check.sh
            | expected 4, got 5
        kept: refs/dgov/keep/r1/b/1
        open it: git worktree add <dir> refs/dgov/keep/r1/b/1
        next: dgov take b

      git diff bbbbbbbbbb..aaaaaaaaaa"
    `);
  });
});

describe("viewPlan", () => {
  const commit = "c".repeat(40);
  const at = "2026-01-02T03:04:05.000Z";
  const inGit = (unit: string, more = {}) => ({
    unit,
    digest: "1",
    commit,
    at,
    run: "r1",
    ...more,
  });
  const planned = three.units.map(({ unit, depends_on = [] }) => ({
    ...{ unit, summary: unit, role: "worker", dependsOn: depends_on, digest: "1" },
  }));
  const facts = { planned, runs: [], live: null, git: null };
  const landed = (...units: string[]): RunLog =>
    units.reduce((log, unit) => log.lands(unit), new RunLog(three));
  const all = landed("a", "b", "c");
  const git = (...units: string[]) => ({
    branch: "main",
    landed: units.map((unit) => inGit(unit)),
  });
  const interrupted = new RunLog(three).add("run.interrupted").finished("interrupted");

  test.each([
    ["uncompiled", {}, 0, false],
    ["ready", {}, 0],
    ["running", { runs: [view(new RunLog(three))], live: "r1" }, 0],
    ["crashed", { runs: [view(new RunLog(three))] }, 0],
    ["failed", { runs: [view(new RunLog(three).finished("failed"))] }, 0],
    ["interrupted", { runs: [view(interrupted)] }, 0],
    ["partial", { runs: [view(landed("a").finished("interrupted"))] }, 1],
    ["partial", { runs: [view(landed("a").finished("partial"))] }, 1],
    ["landed", { runs: [view(all.finished("complete"))] }, 3],
    ["degraded", { runs: [view(landed("a", "b", "c").finished("x", { degraded: true }))] }, 3],
    ["landed", { git: git("a", "b", "c") }, 3],
    ["partial", { git: git("b") }, 1],
    ["partial", { git: git("a", "b") }, 2],
  ] as [PlanStatus, Partial<PlanFacts>, number, boolean?][])(
    "E17 the status of a plan is %s",
    (status, more, count, compiled = true) => {
      const found = viewPlan("p", { ...facts, ...more }, compiled);
      expect([found.status, found.landed, found.total]).toEqual([status, count, 3]);
    },
  );

  const states = (more: Partial<PlanFacts>) =>
    viewPlanUnits({ ...facts, ...more }).map(({ state }) => state);

  test("E17 landings are those of git, other states those of the last run", () => {
    const log = new RunLog(three)
      .lands("a")
      .phase("b", "failed", "tests")
      .phase("c", "skipped", "b failed");
    const runs = [view(log.finished("partial"))];
    const found = viewPlanUnits({ ...facts, runs, git: git("a") });
    expect(found.map(({ unit, state, reason }) => [unit, state, reason])).toEqual([
      ["a", "landed", ""],
      ["b", "failed", "tests"],
      ["c", "skipped", "b failed"],
    ]);
  });

  test("B9 E17 a unit whose landing git no longer has is undone, and a changed one is not started", () => {
    const log = new RunLog({ units: [{ unit: "a" }, { unit: "b", digest: "0" }] });
    const runs = [view(log.lands("a").lands("b"))];
    const changed = { branch: "main", landed: [inGit("b", { digest: "0" })] };
    const found = viewPlanUnits({ ...facts, runs, git: changed });
    expect(found.map((one) => [one.unit, one.state, one.changed, one.waitingOn])).toEqual([
      ["a", "undone", false, []],
      ["b", "not_started", true, ["a"]],
      ["c", "not_started", false, ["b"]],
    ]);
    expect(found[0]?.reason).toBe("landed in run r1 as cccccccccc, which is not on main any more");
    expect(found[0]?.commit).toBe(commit);
  });

  // The second run, newest, after a run r1 in which a landed and b failed.
  const first = view(
    landed("a").phase("b", "failed", "tests", 1).phase("c", "skipped", "b").finished("partial"),
  );
  const second = (units: ConstructorParameters<typeof RunLog>[0]["units"]) =>
    new RunLog({ run: "r2", units });

  test("E25 a unit that landed before the last run has the run, the commit and the attempts that landed it", () => {
    const log = second([{ unit: "a", settled: "landed" }, { unit: "b" }, { unit: "c" }]);
    const runs = [view(log.lands("b", "d".repeat(40)).finished("partial")), first];
    const landed = [inGit("a"), inGit("b", { run: "r2", commit: "d".repeat(40) })];
    const found = viewPlanUnits({ ...facts, runs, git: { branch: "main", landed } });
    expect(
      found.map(({ run, commit, attempts, state }) => [run, commit?.[0], attempts, state]),
    ).toEqual([
      ["r1", "c", 1, "landed"],
      ["r2", "d", 1, "landed"],
      ["r2", undefined, 0, "not_started"],
    ]);
  });

  test("E17 a run of one unit leaves the others as earlier runs left them; what it unblocks is open again", () => {
    const log = second([{ unit: "b" }])
      .lands("b", "d".repeat(40))
      .finished("complete");
    const landed = [inGit("a"), inGit("b", { run: "r2", commit: "d".repeat(40) })];
    const runs = [{ ...view(log), whole: false }, first];
    const now = { runs, git: { branch: "main", landed } };
    expect(states(now)).toEqual(["landed", "landed", "not_started"]);
    expect(states({ ...now, planned: null })).toEqual(["landed", "landed", "not_started"]);
    expect(states({ ...now, git: git("a") })).toEqual(["landed", "undone", "not_started"]);
  });

  test("E17 a unit that a restart failed is landed while its commit is there", () => {
    const log = second(three.units).phase("a", "failed", "tests", 1).finished("failed");
    const runs = [view(log), first];
    const [a] = viewPlanUnits({ ...facts, runs, git: git("a") });
    expect(a).toMatchObject({ state: "landed", run: "r1", attempts: 1 });
    expect(a?.reason).toBe("run r2 ran it again: failed: tests");
    expect(states({ runs, git: git() })[0]).toBe("failed");
  });

  test("E17 a landing that a crash left unrecorded, and an undo that is undone, are landed", () => {
    const crashed = new RunLog(three).add("attempt.prepared", {}, "a", 1).phase("a", "landing");
    expect(states({ runs: [view(crashed)], git: git("a") })[0]).toBe("landed");
    expect(states({ runs: [view(crashed)], git: git() })[0]).toBe("interrupted");
    const undone = landed("a").add("unit.undone", { commit: "e".repeat(40) }, "a");
    const [still] = viewPlanUnits({ ...facts, runs: [view(undone)], git: git() });
    expect([still?.state, still?.reason]).toEqual(["undone", "by eeeeeeeeee"]);
    expect(states({ runs: [view(undone)], git: git("a") })[0]).toBe("landed");
  });

  test("E17 the units of a live run are those that it runs, whatever the text says now", () => {
    const runs = [view(new RunLog(three).phase("a", "working", "", 1))];
    const text = [{ ...present(planned[0], "a"), unit: "new" }];
    const live = { planned: text, runs, live: "r1" };
    expect(states(live)).toEqual(["working", "waiting", "waiting"]);
    expect(states({ ...live, live: null })).toEqual(["not_started"]);
  });
});

describe("timelineLine", () => {
  test("timelineLine is one bounded line of scalar fields", () => {
    const [event] = new RunLog({ units: [] })
      .add("run.note", { text: "x\ny".repeat(200), list: [1] })
      .events.slice(1);
    const line = timelineLine(present(event, "the note"));
    expect(line).toStartWith("03:04:01.000  p  run.note  text=x yx y");
    expect(line).not.toContain("\n");
    expect(line.length).toBeLessThan(240);
  });

  test("timelineLine shortens ids", () => {
    const data = { commit: "a".repeat(40), digest: "b".repeat(64), word: "c".repeat(30) };
    const [event] = new RunLog({ units: [] }).add("run.note", data).events.slice(1);
    expect(timelineLine(present(event, "the note"))).toEndWith(
      `commit=${"a".repeat(10)} digest=${"b".repeat(10)} word=${"c".repeat(30)}`,
    );
  });
});
