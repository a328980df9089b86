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
  viewPlanRow,
  viewUnitStatuses,
} from "../../src/views/plan-view.ts";
import { selfCorrections } from "../../src/views/recovered-tool-errors.ts";
import { type ReviewFacts, viewReview } from "../../src/views/review.ts";
import { type RunView, viewRun } from "../../src/views/run-view.ts";
import { viewStatus } from "../../src/views/status.ts";
import { timelineLine } from "../../src/views/timeline.ts";
import { countEvents } from "../harness/event-sums.ts";
import { RunLog } from "../harness/run-log.ts";

function view(log: RunLog): RunView {
  return present(viewRun(log.events), "a run");
}

const three = {
  units: [{ unit: "a" }, { unit: "b", depends_on: ["a"] }, { unit: "c", depends_on: ["b"] }],
};

const noFacts: ReviewFacts = {
  counts: [],
  cost: () => null,
  diffs: new Map(),
  corrections: new Map(),
  crashed: false,
};

describe("viewRun", () => {
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
      expect(viewStatus([view(log)], live).status).toBe("running");
    },
  );

  test("E10 a failed run needs attention, and its skipped and unstarted units are listed", () => {
    const log = new RunLog(three)
      .phase("a", "failed", "out of attempts")
      .phase("b", "skipped", "a failed");
    const status = viewStatus([view(log.finished("failed"))], null);
    expect(status.status).toBe("needs_attention");
    expect(status.next).toBe("dgov plan review p");
    expect(renderStatus(status)).toMatchInlineSnapshot(`
      "needs attention: p: last run failed: 0/3 landed, 1 failed, 1 skipped

      p  run r1  failed onto main: 1 failed, 1 skipped, 1 pending
        started 2026-01-02 03:04:00 UTC, ended 2026-01-02 03:04:03
        failed   a    out of attempts
        skipped  b    a failed
        pending  c    waiting for b

      next: dgov plan review p"
    `);
  });

  test("an unfinished run without a process counts as crashed", () => {
    const status = viewStatus([view(new RunLog(three))], null);
    expect([status.status, status.runs[0]?.phase]).toEqual(["needs_attention", "crashed"]);
    expect(status.summary).toContain("last run crashed");
  });

  test("an open run counts as crashed while another run is alive, and only that one as running", () => {
    const crashed = view(new RunLog({ ...three, run: "r0", plan: "q" }));
    const status = viewStatus([view(new RunLog(three)), crashed], live);
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
    const status = viewStatus([view(log)], null);
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
    const explained = present(explainUnit(view(log), "c"), "c");
    expect(explained.because.map(({ unit, reason }) => [unit, reason])).toEqual([
      ["b", "a failed"],
      ["a", "out of attempts"],
    ]);
    expect(present(explainUnit(view(log), "a"), "a").next).toBe("dgov take a");
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
    const explained = explainUnit(view(new RunLog(three)), "b");
    expect(explained?.reason).toBe("waiting for a");
  });

  test("explainUnit of a scope violation suggests more claims", () => {
    const log = new RunLog({ units: [{ unit: "a" }] })
      .rejected("a", 1, { verdict: "scope_violation", gates: [] })
      .phase("a", "failed")
      .finished("failed");
    expect(explainUnit(view(log), "a")?.next).toContain("claims");
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
      expect(explainUnit(view(log), "a")?.next).toBe(next);
    },
  );

  test("explainUnit is null for an unknown unit", () => {
    expect(explainUnit(view(new RunLog(three)), "x")).toBeNull();
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
    const review = viewReview(view(log), { ...noFacts, counts, cost: () => 0.5 }, null);
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
      const facts = { ...noFacts, counts: countEvents(turns), cost };
      const review = viewReview(view(log), facts, null);
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
    const corrections = new Map([
      [
        "a",
        [{ attempt: 1, tool: "edit_file", target: "f.ts", failures: 2, error: "no such text" }],
      ],
    ]);
    const review = viewReview(view(log), { ...noFacts, diffs, corrections }, null);
    expect(renderReview(review)).toMatchInlineSnapshot(`
      "p: run r1 partial in 9.0 s, onto main
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

describe("viewPlanRow", () => {
  const facts = {
    name: "p",
    path: ".dgov/plans/p",
    kind: "plan" as const,
    archived: false,
    compiled: true,
    changedSinceCompile: false,
    tasks: 3,
    deployed: new Set<string>(),
    run: null,
    live: false,
  };
  const landed = (...units: string[]): RunLog =>
    units.reduce((log, unit) => log.lands(unit), new RunLog(three));

  test.each([
    ["uncompiled", { compiled: false }, 0],
    ["ready", {}, 0],
    ["running", { run: view(new RunLog(three)), live: true }, 0],
    ["crashed", { run: view(new RunLog(three)) }, 0],
    ["failed", { run: view(new RunLog(three).finished("failed")) }, 0],
    ["partial", { run: view(landed("a").finished("partial")) }, 1],
    ["landed", { run: view(landed("a", "b", "c").finished("complete")) }, 3],
    ["degraded", { run: view(landed("a", "b", "c").finished("complete", { degraded: true })) }, 3],
    ["landed", { deployed: new Set(["a", "b", "c"]) }, 3],
    ["partial", { deployed: new Set(["b"]) }, 1],
    [
      "landed",
      {
        run: view(new RunLog({ units: [{ unit: "a" }] }).lands("a").finished("complete")),
        deployed: new Set(["a", "b", "c"]),
      },
      3,
    ],
  ] as [PlanStatus, Partial<PlanFacts>, number][])(
    "viewPlanRow gives the status %s",
    (status, more, count) => {
      const row = viewPlanRow({ ...facts, ...more });
      expect([row.status, row.landed, row.total]).toEqual([status, count, 3]);
    },
  );
});

describe("viewStandings", () => {
  const planned = three.units.map(({ unit, depends_on = [] }) => ({
    unit,
    summary: unit,
    role: "worker",
    dependsOn: depends_on,
    digest: "1",
  }));
  const inGit = { unit: "a", digest: "1", commit: "c".repeat(40), at: "2026-01-02T03:04:05.000Z" };

  test("viewStandings takes landings from git and other states from the last run", () => {
    const log = new RunLog(three)
      .lands("a")
      .phase("b", "failed", "tests")
      .phase("c", "skipped", "b failed");
    const standings = viewUnitStatuses(planned, [inGit], view(log.finished("partial")));
    expect(standings.map(({ unit, state, reason }) => [unit, state, reason])).toEqual([
      ["a", "landed", ""],
      ["b", "failed", "tests"],
      ["c", "skipped", "b failed"],
    ]);
  });

  test("B9 a unit without its landing commit in git is pending, and so is a changed unit", () => {
    const log = new RunLog({ units: [{ unit: "a" }, { unit: "b", digest: "0" }] })
      .lands("a")
      .lands("b");
    const standings = viewUnitStatuses(planned, [{ ...inGit, unit: "b", digest: "0" }], view(log));
    expect(
      standings.map(({ unit, state, changed, waitingOn }) => [unit, state, changed, waitingOn]),
    ).toEqual([
      ["a", "pending", false, []],
      ["b", "pending", true, ["a"]],
      ["c", "pending", false, ["b"]],
    ]);
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
