import { describe, expect, test } from "bun:test";
import { gateAnnotations } from "../github/run-report.ts";
import { progressLine } from "./lines.ts";

function line(type: string, data: Record<string, unknown>, stream = false): string | null {
  const of = { run: "r", plan: "p", unit: "u", attempt: 1, kind: "lifecycle" as const };
  return progressLine({ seq: 1, ts: "2026-01-02T03:04:05.000Z", ...of, type, data }, stream);
}

describe("a line of a gate", () => {
  const gate = { gate: "types", car: 1, status: "passed", duration_ms: 1234, reason: "" };
  test.each<[string, Record<string, unknown>, string | null]>([
    ["says how long it took", gate, "u: types passed (1.2 s)"],
    ["says when nothing was run", { ...gate, cached: true }, "u: types passed (cached)"],
    [
      "says which tree, if not the candidate",
      { ...gate, car: null },
      "u: types passed (1.2 s, own tree)",
    ],
    [
      "says why",
      { ...gate, status: "failed", reason: "exit code 1" },
      "u: types failed (1.2 s): exit code 1",
    ],
    [
      "A23 does not call a unit failed whose base has not landed",
      { ...gate, status: "failed", behind: "v", reason: "exit code 1" },
      "u: types does not pass behind v (1.2 s): exit code 1",
    ],
    ["is left out where nothing was judged", { ...gate, status: "not_applicable" }, null],
  ])("%s", (_, data, text) => {
    expect(line("gate.finished", data)).toBe(text);
  });
});

test("E1 a rejection shows each failing gate's command, where it has one, its end and its tail", () => {
  const failed = { status: "failed", command: null, exit: null, tail: "" };
  const gates = [
    { ...failed, gate: "semantic", tail: "a.py:1: stale_reference: gone\n" },
    { ...failed, gate: "structure" },
    { ...failed, gate: "lint", command: "ruff check", exit: "exit code 1", tail: "a.py:2: bad\n" },
    { ...failed, gate: "tests", status: "passed" },
  ];
  const data = { verdict: "gate_failed", reason: "three", ref: "refs/dgov/keep/r/u/1", gates };
  expect(line("attempt.rejected", data)).toBe(
    [
      "u: attempt 1 rejected (gate_failed): three",
      "  semantic (failed)",
      "    a.py:1: stale_reference: gone",
      "  structure (failed)",
      "  lint: ruff check (exit code 1)",
      "    a.py:2: bad",
      "  kept: refs/dgov/keep/r/u/1",
    ].join("\n"),
  );
});

test("E19 a rejection and an annotation show the failure of a long output, not only its last lines", () => {
  const warnings = "warning: unused variable\n".repeat(100);
  const tail = `---- adds stdout ----\nthread 'adds' panicked at src/lib.rs:9:9:\n  left: 0\n${warnings}`;
  const gate = { gate: "tests", status: "failed", command: "cargo test", exit: "exit code 101" };
  const data = { verdict: "gate_failed", reason: "r", ref: null, gates: [{ ...gate, tail }] };
  const [annotation] = gateAnnotations([{ ...gate, reason: "r", tail, diagnostics: [] }], null);
  for (const text of [line("attempt.rejected", data), annotation?.message]) {
    expect(text).toContain("panicked at src/lib.rs:9:9:");
    expect(text).toContain("left: 0");
  }
});

test("a command that names many files is cut", () => {
  const command = `pytest ${Array.from({ length: 99 }, (_, n) => `test_${n}.py`).join(" ")}`;
  const gate = { gate: "tests", status: "failed", command, exit: "exit code 1", tail: "" };
  const text = line("attempt.rejected", {
    verdict: "gate_failed",
    reason: "r",
    ref: null,
    gates: [gate],
  });
  const shown = text?.split("\n")[1] ?? "";
  expect(shown).toMatch(/^ {2}tests: pytest test_0\.py .*… \(exit code 1\)$/);
  expect(shown.length).toBeLessThan(240);
});

test("A23 a unit is printed as re-queued when its base is gone, and not each time it is queued", () => {
  const queued = { from: "queued", to: "queued" };
  expect(line("unit.changed", { ...queued, reason: "re-queued: v did not land" })).toBe(
    "u: re-queued: v did not land",
  );
  expect(line("unit.changed", { ...queued, reason: "gates passed" })).toBeNull();
});
