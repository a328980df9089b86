import { describe, expect, test } from "bun:test";
import type { RecordedEvent } from "../../log/event-log.ts";
import type { CompiledPlan } from "../../plan/compiled.ts";
import { foldHistory, settledUnits, unresolvedUnits } from "./runs.ts";

let seq = 0;
function record(
  run: string,
  type: string,
  data: Record<string, unknown>,
  of: { unit?: string; attempt?: number } = {},
): RecordedEvent {
  seq++;
  return {
    seq,
    ts: "2026-01-01T00:00:00.000Z",
    run,
    plan: "p",
    unit: of.unit ?? null,
    attempt: of.attempt ?? null,
    type,
    kind: "lifecycle",
    data,
  };
}
const started = (run: string, digest: string): RecordedEvent =>
  record(run, "run.started", { units: [{ unit: "a", digest }] });
const changed = (run: string, to: string): RecordedEvent =>
  record(run, "unit.changed", { to, reason: `is ${to}` }, { unit: "a", attempt: 1 });
const kept = (run: string): RecordedEvent =>
  record(run, "attempt.kept", { ref: "r", commit: "c", base: "b" }, { unit: "a", attempt: 1 });

describe("foldHistory", () => {
  test("B9 kept work and rejections hold for later runs of the same task only", () => {
    const first = [started("r1", "d1"), kept("r1"), changed("r1", "failed")];
    expect(foldHistory([...first, started("r2", "d1")]).get("a")).toMatchObject({
      run: "r2",
      phase: "pending",
      kept: { ref: "r", commit: "c", base: "b" },
    });
    expect(foldHistory([...first, started("r2", "d2")]).get("a")?.kept).toBeNull();
  });

  test("B9 nothing that is known of a task holds for another text of it", () => {
    const of = { unit: "a", attempt: 1 };
    const first = [
      started("r1", "d1"),
      kept("r1"),
      record("r1", "attempt.rejected", { verdict: "gate_failed", reason: "x" }, of),
      record("r1", "gates.finished", { blame: "attempt", tree: "t1" }, of),
      record("r1", "gates.finished", { blame: "base", tree: "t2" }, of),
      record("r1", "gate.finished", { gate: "semantic", car: 1, diagnostics: [{ line: 1 }] }, of),
      record("r1", "landing.refused", { cause: "blocked_by_checkout" }, of),
    ];
    const parts = (digest: string): unknown[] => {
      const found = foldHistory([...first, started("r2", digest)]).get("a");
      return [found?.rejection?.verdict, found?.rejectedTree, found?.semantic, found?.blocked];
    };
    expect(parts("d1")).toEqual(["gate_failed", "t1", [{ line: 1 }], true]);
    expect(parts("d2")).toEqual([undefined, null, [], false]);
  });
});

test.each([
  ["attempt", "t"],
  ["base", null],
  ["integration", null],
  [null, null],
])("a tree that gates blame on %s is remembered as rejected: %p", (blame, tree) => {
  const of = { unit: "a", attempt: 1 };
  const judged = record("r1", "gates.finished", { blame, tree: "t" }, of);
  expect(foldHistory([started("r1", "d1"), judged]).get("a")?.rejectedTree ?? null).toBe(tree);
});

test.each([
  ["complete", "text"],
  ["disapproved", null],
  ["timed_out", null],
])("a read-only unit that ends %s has the result %p", (outcome, text) => {
  const of = { unit: "a", attempt: 1 };
  const result = record("r1", "unit.result", { outcome, result: "text", inputs: {} }, of);
  const found = foldHistory([started("r1", "d1"), result]).get("a")?.result ?? null;
  expect(found?.text ?? null).toBe(text);
});

test("a verdict of another gate leaves the semantic diagnostics", () => {
  const judged = (gate: string, diagnostics: unknown[]): RecordedEvent =>
    record("r1", "gate.finished", { gate, car: 1, diagnostics }, { unit: "a", attempt: 1 });
  const found = { code: "stale_reference" };
  const events = [started("r1", "d1"), judged("semantic", [found]), judged("lint", [])];
  expect(foldHistory(events).get("a")?.semantic).toEqual([found]);
});

test("the semantic diagnostics of a unit are those of its kept work's last candidate", () => {
  const judged = (car: number | null, diagnostics: unknown[]): RecordedEvent =>
    record(
      "r1",
      "gate.finished",
      { gate: "semantic", car, diagnostics },
      { unit: "a", attempt: 1 },
    );
  const found = { file: "a.py", line: 3, code: "stale_reference", severity: "error" };
  const events = [started("r1", "d1"), judged(1, [found]), judged(null, [])];
  expect(foldHistory(events).get("a")?.semantic).toEqual([found]);
  expect(foldHistory([...events, judged(2, [])]).get("a")?.semantic).toEqual([]);
  // The next attempt's work has not been judged yet.
  expect(foldHistory([...events, kept("r1")]).get("a")?.semantic).toEqual([]);
});

describe("unresolvedUnits", () => {
  test.each(["failed", "timed_out", "abandoned"])(
    "D9 a unit that is %s is unresolved in every bare run",
    (phase) => {
      const history = foldHistory([started("r1", "d1"), changed("r1", phase)]);
      const once = unresolvedUnits(history, [{ id: "a", digest: "d1" }]);
      expect(once.map((u) => [u.unit, u.phase])).toEqual([["a", phase]]);
      expect(unresolvedUnits(history, [{ id: "a", digest: "d1" }])).toEqual(once);
    },
  );

  test("B9 a unit whose task changed is not unresolved", () => {
    const history = foldHistory([started("r1", "d1"), changed("r1", "failed")]);
    expect(unresolvedUnits(history, [{ id: "a", digest: "d2" }])).toEqual([]);
  });

  test("landed and skipped units are not unresolved", () => {
    for (const phase of ["landed", "skipped"]) {
      const history = foldHistory([started("r1", "d1"), changed("r1", phase)]);
      expect(unresolvedUnits(history, [{ id: "a", digest: "d1" }])).toEqual([]);
    }
  });
});

/** `ask` is a researcher, `work` builds on it, `judge` reviews that, `sum` reads the verdict. */
function plan(
  digests: Partial<Record<"ask" | "work" | "judge" | "sum", string>> = {},
): CompiledPlan {
  const task = (
    id: "ask" | "work" | "judge" | "sum",
    role: string,
    dependsOn: string[],
  ): object => ({
    id,
    role,
    dependsOn,
    digest: digests[id] ?? "1",
  });
  const tasks = [
    task("ask", "researcher", []),
    task("work", "worker", ["ask"]),
    task("judge", "reviewer", ["work"]),
    task("sum", "researcher", ["judge", "ask"]),
  ];
  return { tasks } as unknown as CompiledPlan;
}

const landed = [{ unit: "work", digest: "1", commit: "c1", run: "r1" as string | null }];
const answered = (inputs: Record<string, string> = {}): object => ({
  digest: "1",
  result: { text: "said", inputs },
});
const history = new Map(
  Object.entries({ ask: answered(), judge: answered({ work: "c1" }), sum: answered() }),
) as unknown as Parameters<typeof settledUnits>[2];

function settled(of: CompiledPlan, commits = landed, known = history): string[] {
  return settledUnits(of, commits, known, "bare").map(({ unit, as }) => `${unit} ${as}`);
}

describe("settledUnits", () => {
  test("a result for the same digest and input commits holds", () => {
    expect(settled(plan())).toEqual(["ask done", "work landed", "judge done", "sum done"]);
  });

  test("nothing is settled in a restart", () => {
    expect(settledUnits(plan(), landed, history, "restart")).toEqual([]);
  });

  test.each<[string, string[], string[]]>([
    ["its own task changed", settled(plan({ judge: "2" })), ["ask done", "work landed"]],
    [
      "the reviewed unit landed again",
      settled(plan(), [{ unit: "work", digest: "1", commit: "c2", run: "r2" }]),
      ["ask done", "work landed"],
    ],
    ["the reviewed unit has to run again", settled(plan({ work: "2" })), ["ask done"]],
    ["the reviewed unit was undone", settled(plan(), []), ["ask done"]],
    [
      "a result that it was given has to be found again",
      settled(plan({ ask: "2" })),
      ["work landed", "judge done"],
    ],
    [
      "it never had a result",
      settled(plan(), landed, new Map([...history].filter(([unit]) => unit !== "judge"))),
      ["ask done", "work landed"],
    ],
  ])("a result does not hold when %s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });

  const listed = ["ask", "work", "judge"].map((name) => ({
    ...{ unit: name, digest: "1", commit: name === "ask" ? "c0" : "c1", run: null },
  }));
  const dgovs = (one: (typeof listed)[number]) => (one.unit === "work" ? landed : [one]);
  test.each<[string, string[], string[]]>([
    [
      "holds while its inputs are the Python program's, too",
      settled(plan(), listed, new Map()),
      ["ask done", "work landed", "judge done"],
    ],
    [
      "does not hold when its task changed",
      settled(plan({ ask: "2" }), listed, new Map()),
      ["work landed", "judge done"],
    ],
    [
      "does not hold when its input landed again with dgov",
      settled(plan(), listed.flatMap(dgovs), new Map()),
      ["ask done", "work landed"],
    ],
    [
      "does not hold when its input was reverted",
      settled(plan(), listed.toSpliced(1, 1), new Map()),
      ["ask done"],
    ],
  ])("B21 a read-only unit among the Python program's landings %s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});
