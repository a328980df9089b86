/** `diagnose` on handwritten event logs. */
import { describe, expect, test } from "bun:test";
import { renderFindings } from "../../src/cli/commands/history/diagnose.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { readLine } from "../../src/cli/line.ts";
import { emptyCandidate } from "../../src/kernel/reasons.ts";
import { projectFailures, runFailures, unitFailures } from "../../src/views/catalog/failures.ts";
import { type DiagnoseFacts, diagnose, landedKey } from "../../src/views/diagnose.ts";
import { RunLog } from "../harness/run-log.ts";

const units = [{ unit: "t/m.a" }, { unit: "t/m.b", depends_on: ["t/m.a"] }];

function log(run = "r1", more: Partial<ConstructorParameters<typeof RunLog>[0]> = {}): RunLog {
  return new RunLog({ run, plan: "p", units, ...more });
}

function found(runs: readonly RunLog[], more: Partial<DiagnoseFacts> = {}) {
  return diagnose({
    runs: runs.map(({ events }) => events),
    liveRun: null,
    plans: new Set(["p", "q"]),
    landed: new Set(),
    ignoredHistory: [],
    unignoredState: [],
    brokenLedger: [],
    keepRefs: new Set(),
    ...more,
  });
}

function names(...args: Parameters<typeof found>): string[] {
  return found(...args).map(({ name }) => name);
}

/** A run in which `t/m.a` failed with one recorded event. */
function failing(type: string, data: object, phase = "failed"): RunLog {
  return log()
    .add("attempt.prepared", { base: "b" }, "t/m.a", 1)
    .add(type, { ...data }, "t/m.a", 1)
    .phase("t/m.a", phase, "a reason")
    .phase("t/m.b", "skipped", "skipped because t/m.a failed")
    .finished("failed");
}

const rejected = (verdict: string, more: object = {}): RunLog =>
  failing("attempt.rejected", { verdict, reason: `said ${verdict}`, ...more });

describe("failed units", () => {
  test.each([
    ...(
      [
        "scope_violation",
        "read_scope_violation",
        "reserved_path",
        "path_policy_violation",
        "department_violation",
        "unsafe_path",
        "empty_diff",
        "diff_too_large",
        "hook_fail",
        "tampering",
        "text_conflict",
        "self_review",
        "disapproved",
        "exhausted",
        "no_progress",
      ] as const
    ).map((verdict) => [verdict, rejected(verdict)] as const),
    ["gate_failed", rejected("gate_failed", { gates: [{ gate: "t", status: "failed" }] })],
    ["base_red", rejected("gate_failed", { gates: [{ status: "failed", blame: "base" }] })],
    [
      "integration_failed",
      rejected("gate_failed", { gates: [{ status: "failed", blame: "integration" }] }),
    ],
    ["gate_unrunnable", rejected("gate_failed", { gates: [{ status: "errored" }] })],
    ["empty_diff", rejected("text_conflict", { reason: "the target already has this change" })],
    ["empty_diff", rejected("text_conflict", { reason: emptyCandidate })],
    ["incomplete", failing("worker.exited", { outcome: "incomplete", reason: "r" })],
    ["blocked", failing("worker.exited", { outcome: "blocked", reason: "r" })],
    ["crashed", failing("worker.exited", { outcome: "crashed", reason: "signal 9" })],
    ["provider_failed", failing("worker.exited", { outcome: "provider_failed", reason: "503" })],
    ["refused_by_provider", failing("worker.exited", { outcome: "refused_by_provider" })],
    ["timed_out", failing("worker.exited", { outcome: "timed_out" }, "timed_out")],
    ["dependency_lost", failing("attempt.unprepared", { reason: "dependency_lost: x is gone" })],
    ["setup_failed", failing("attempt.unprepared", { reason: "setup failed: exit code 1" })],
    ["unprepared", failing("attempt.unprepared", { reason: "no space" })],
    ["blocked_by_checkout", failing("landing.refused", { cause: "blocked_by_checkout" })],
    ["target_moved", failing("landing.refused", { cause: "target_moved" })],
    ["target_gone", failing("landing.refused", { cause: "target_gone" })],
    ["proof_failed", failing("landing.refused", { cause: "proof_failed" })],
    ["unknown", rejected("what a newer dgov says")],
  ] as const)(
    "a failed unit is diagnosed as %s, and units skipped because of it are not",
    (name, run) => {
      expect(names([run])).toEqual([name]);
    },
  );

  test("a finding names its event as evidence, and the next command", () => {
    expect(found([rejected("scope_violation")])).toEqual([
      {
        name: "scope_violation",
        intentClass: "plan_repair",
        run: "r1",
        plan: "p",
        unit: "t/m.a",
        attempt: 1,
        evidence: [{ seq: 3, at: "2026-01-02T03:04:02.000Z", text: "said scope_violation" }],
        first:
          "add the paths to the claims of t/m.a, remove them from its task, or land the work with dgov land t/m.a --claim FILE",
        nextAction: "dgov run p --continue",
        doNot: "apply the change manually: other tasks do not expect it",
      },
    ]);
  });

  test("a finding with kept work suggests opening it, and files left out of it are a finding", () => {
    const run = log()
      .rejected("t/m.a", 1)
      .add("attempt.kept", { ref: "refs/k", omitted: ["big.bin"] }, "t/m.a", 1)
      .phase("t/m.a", "failed")
      .finished("failed");
    expect(found([run]).map(({ name, nextAction }) => [name, nextAction])).toEqual([
      ["gate_failed", "dgov take t/m.a"],
      ["work_omitted", "dgov plan review p --only t/m.a"],
    ]);
  });

  test("a stale event is not a finding", () => {
    const run = log()
      .add("worker.exited", { outcome: "crashed", reason: "signal 9" }, "t/m.a", 1)
      .add("landing.refused", { cause: "target_moved", stale: true }, "t/m.a", 1)
      .phase("t/m.a", "failed")
      .finished("failed");
    expect(names([run])).toEqual(["crashed"]);
  });
});

describe("resolved failures", () => {
  const bad = rejected("scope_violation");
  test.each([
    ["it landed in a newer run", [log("r2").lands("t/m.a").finished("partial"), bad], {}],
    ["it was settled in a newer run", [log("r2", settled("t/m.a")).finished("partial"), bad], {}],
    [
      "git has its landing commit",
      [bad],
      { landed: new Set([landedKey({ plan: "p", unit: "t/m.a", digest: "1" })]) },
    ],
    [
      "the newest complete run does not have it",
      [log("r2", only("t/m.b")).finished("partial"), bad],
      {},
    ],
    ["its plan does not exist any more", [bad], { plans: new Set<string>() }],
    ["it is running", [log("r2"), bad], { liveRun: "r2" }],
    ["it was undone", [undone()], {}],
    ["there was no run", [], {}],
  ] as const)("a failed unit is not a finding when %s", (_, runs, facts) => {
    expect(names(runs, facts)).toEqual([]);
  });

  test.each([
    [
      "another version of it landed",
      [bad],
      { landed: new Set([landedKey({ plan: "p", unit: "t/m.a", digest: "2" })]) },
    ],
    [
      "a newer run did not reach it",
      [log("r2").phase("t/m.a", "abandoned").finished("failed"), bad],
      {},
    ],
    [
      "a unit of the same name in another plan landed",
      [log("r2", { plan: "q" }).lands("t/m.a").finished("complete"), bad],
      {},
    ],
    [
      "a newer run selected other units",
      [log("r2", only("t/m.b")).lands("t/m.b").finished("complete"), bad].map((run, at) =>
        at === 0 ? selected(run) : run,
      ),
      {},
    ],
  ] as const)("a failed unit is still a finding when %s", (_, runs, facts) => {
    expect(names(runs, facts)).toEqual(["scope_violation"]);
  });

  function settled(unit: string) {
    return {
      units: units.map((one) => (one.unit === unit ? { ...one, settled: "landed" as const } : one)),
    };
  }
  function only(unit: string) {
    return { units: units.filter((one) => one.unit === unit) };
  }
  function selected(run: RunLog): RunLog {
    const [started] = run.news;
    if (started !== undefined) started.data["only"] = ["t/m.b"];
    return run;
  }
  function undone(): RunLog {
    return log().lands("t/m.a").finished("complete").add("unit.undone", { commit: "c" }, "t/m.a");
  }
});

describe("runs", () => {
  const failed = { verification: { status: "failed", reason: "tests failed" } };
  const passed = { verification: { status: "passed", reason: "" } };
  const done = (run: string, more: object, plan = "p"): RunLog =>
    log(run, { plan })
      .lands("t/m.a")
      .lands("t/m.b")
      .finished("complete", { ...more });

  test.each([
    ["crashed_run", [log()]],
    [
      "repository_changed",
      [log().add("repository.changed", { diff: "config: +x" }).finished("complete")],
    ],
    ["red_branch", [done("r1", failed)]],
    ["degraded", [done("r1", { ...passed, degraded: true })]],
    ["base_red", [redBase("r1", { status: "skipped", reason: "nothing landed" })]],
    ["base_red", [redBase("r1", { status: "passed", reason: "the base was red before" })]],
    ["not_recorded", [done("r1", { warnings: ["no bookkeeping commit: main moved"] })]],
    ["flaky_gate", [flaky("r1")]],
  ] as const)("a run is diagnosed as %s", (name, runs) => {
    expect(names(runs)).toEqual([name]);
  });

  test.each([
    ["a live run", [log()], { liveRun: "r1" }],
    [
      "a branch that passed in a later run of any plan",
      [done("r2", passed, "q"), done("r1", failed)],
      {},
    ],
    ["a failing base that the run fixed", [redBase("r1", passed.verification)], {}],
    [
      "a base that passed in a later run",
      [done("r2", passed, "q"), redBase("r1", { status: "" })],
      {},
    ],
    ["a gate that passed in a later run", [judged("r2", "passed"), flaky("r1")], {}],
    [
      "a configuration that a newer run accepted",
      [done("r2", {}), log().add("repository.changed", { diff: "x" }).finished("complete")],
      {},
    ],
  ] as const)("%s is not a finding", (_, runs, facts) => {
    expect(names(runs, facts)).toEqual([]);
  });

  test("a flaky verdict of an earlier run that is reused is not a finding, and does not clear one", () => {
    expect(names([judged("r1", "flaky", true)])).toEqual([]);
    expect(names([judged("r2", "passed", true), flaky("r1")])).toEqual(["flaky_gate"]);
  });

  test("a run without landings does not clear a failed branch", () => {
    const idle = log("r2", { plan: "q" }).finished("interrupted", {
      verification: { status: "skipped", reason: "nothing landed" },
    });
    expect(names([idle, done("r1", failed)])).toEqual(["red_branch"]);
  });

  test("a branch that passed does not clear another one that failed", () => {
    const other = log("r2", { target: "release" }).lands("t/m.a").finished("complete", passed);
    expect(names([other, done("r1", failed)])).toEqual(["red_branch"]);
  });

  test("a failing base is diagnosed with gate, command and reason", () => {
    expect(found([redBase("r1", { status: "skipped" })])).toMatchObject([
      {
        unit: null,
        nextAction: "dgov plan remediate p",
        evidence: [{ seq: 2, text: "lint (make lint): 2 findings" }],
      },
    ]);
  });

  function redBase(run: string, verification: object): RunLog {
    const gate = { gate: "lint", command: "make lint", status: "failed", reason: "2 findings" };
    return log(run)
      .add("base.checked", { tip: "b", gates: [gate] })
      .finished("complete", { verification });
  }
  function judged(run: string, status: string, cached = false): RunLog {
    const gate = { gate: "tests", command: "make test", status, reason: "", cached };
    return log(run).add("gate.finished", gate, "t/m.a", 1).lands("t/m.a").finished("complete");
  }
  function flaky(run: string): RunLog {
    return judged(run, "flaky");
  }
});

describe("repository", () => {
  test("each kind of repository problem is one finding", () => {
    const path = ".dgov/plans/archive/plan/_root.toml";
    const facts = {
      ignoredHistory: [path, ".dgov/ledger.jsonl"],
      unignoredState: [".dgov/state.db", ".dgov/out/x"],
      brokenLedger: [".dgov/ledger.jsonl:3: not JSON"],
    };
    expect(found([], facts).map(({ name, evidence }) => [name, evidence[0]?.text])).toEqual([
      ["archive_policy_drift", `${path} is ignored by git`],
      ["history_ignored", ".dgov/ledger.jsonl is ignored by git"],
      ["state_not_ignored", "not ignored by git: .dgov/state.db, .dgov/out/x"],
      ["ledger_broken", ".dgov/ledger.jsonl:3: not JSON"],
    ]);
  });

  test("kept work of a deleted plan is a finding while its ref exists", () => {
    const run = log().rejected("t/m.a", 1).phase("t/m.a", "failed").finished("failed");
    const ref = "refs/dgov/keep/r1/t/m.a/1";
    const gone = { plans: new Set<string>() };
    const [finding] = found([run], { ...gone, keepRefs: new Set([ref]) });
    expect([finding?.name, finding?.nextAction]).toEqual(["forgotten_work", `git show ${ref}`]);
    expect(names([run], gone)).toEqual([]);
  });
});

describe("failure catalog", () => {
  const all = Object.entries({ ...unitFailures, ...runFailures, ...projectFailures });

  test.each(all)(
    "the catalog entry %s names an existing command, and what to avoid",
    async (_, shape) => {
      for (const ref of [null, "refs/k"]) {
        const place = { plan: "p", unit: "t/m.a", ref, target: "main" };
        const next = shape.next(place);
        const [program, ...words] = next.split(" ");
        if (program === "git") expect(next).toMatch(/^git (show|check-ignore) /);
        else {
          expect(program).toBe("dgov");
          await parses(words);
        }
        expect(shape.doNot).not.toBe("");
      }
    },
  );
});

/** Parses a dgov command line. Throws when it is not valid. */
async function parses(words: string[]): Promise<void> {
  const line = await readLine(commands, words);
  if (line.commandError !== null) throw line.commandError;
  if ("subcommands" in line.target) throw new Error(`no such command: ${words.join(" ")}`);
  if (line.argumentError !== null) throw line.argumentError;
}

test.each(["plan", "unit", "digest"])("units that differ in their %s have other keys", (field) => {
  const unit = { plan: "p", unit: "u", digest: "d" };
  expect(landedKey({ ...unit, [field]: "x" })).not.toBe(landedKey(unit));
});

test("the text of a finding has its evidence and its next command", () => {
  expect(renderFindings(found([rejected("scope_violation")]))).toBe(
    `scope_violation: t/m.a, plan p, run r1, attempt 1
    event 3, 2026-01-02 03:04:02: said scope_violation
  first:  add the paths to the claims of t/m.a, remove them from its task, or land the work with dgov land t/m.a --claim FILE
  next:   dgov run p --continue
  do not: apply the change manually: other tasks do not expect it

1 finding`,
  );
});
