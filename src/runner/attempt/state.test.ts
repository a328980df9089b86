import { describe, expect, test } from "bun:test";
import { integrationFailed } from "../../kernel/reasons.ts";
import type { Phase } from "../../kernel/state.ts";
import { ForkSummary, type LiveAttempt, LiveAttempts, RunMemory } from "./state.ts";

test("a fork's summary has the last calls and the last message, bounded", () => {
  const summary = new ForkSummary();
  for (let turn = 1; turn <= 500; turn++) {
    const of = { turn, callId: `c${turn}`, tool: "run_bash" };
    const ok = turn % 2 === 0;
    summary.observe({ type: "turn.started", turn, turnsMax: 500 });
    summary.observe({ type: "thought", turn, text: `thinking ${turn} ${"w".repeat(9000)}` });
    summary.observe({
      type: "call",
      ...of,
      args: { command: `echo\n${turn} ${"a".repeat(9000)}` },
    });
    const rest = { text: "", rawBytes: 0, clipped: false, durationMs: 1, target: null };
    summary.observe({
      type: "result",
      ...of,
      ok,
      errorKind: ok ? null : "command_failed",
      ...rest,
    });
  }
  const text = summary.text();
  const lines = text.split("\n");
  expect(lines[0]).toBe("500 turns, 500 tool calls; the last 60:");
  expect(lines[1]).toMatch(/^- run_bash echo 441 a+: command_failed$/);
  expect(lines[60]).toMatch(/^- run_bash echo 500 a+: ok$/);
  expect(lines.at(-1)).toStartWith("Last message: thinking 500 ww");
  expect(text.length).toBeLessThan(20_000);
});

test("a fork's summary shows no texts that are in the files by now", () => {
  const summary = new ForkSummary();
  const args = { path: "p", content: "C", old_text: "O", new_text: "N", patch: "P", summary: "S" };
  const of = { turn: 1, callId: "c", tool: "edit_file" };
  summary.observe({ type: "call", ...of, args });
  const rest = { text: "", rawBytes: 0, clipped: false, durationMs: 1, target: null };
  summary.observe({ type: "result", ...of, ok: true, errorKind: null, ...rest });
  expect(summary.text()).toContain("- edit_file p: ok");
});

test("an action finds the live attempt that it names, and no other of the unit", () => {
  const attempts = new LiveAttempts();
  const live = { unit: "a", attempt: 2 } as LiveAttempt;
  attempts.add(live);
  expect(attempts.find({ unit: "a", attempt: 2 })).toBe(live);
  expect(attempts.find({ unit: "a", attempt: 1 })).toBeNull();
  expect(attempts.find({ unit: "b", attempt: 2 })).toBeNull();
});

describe("RunMemory", () => {
  const of = { unit: "a", attempt: 1 };
  const rejection = { verdict: "gate_failed" as const, reason: "tests failed", detail: "long" };
  const memoryOf = (): RunMemory => new RunMemory(new Map(), () => "digest");
  const change = (to: Phase) => ({ unit: "a", from: "validating" as const, to, reason: "" });

  test.each<[Phase, number, number]>([
    ["waiting", 1, 0],
    ["failed", 1, 0],
    ["timed_out", 1, 0],
    ["queued", 0, 1],
    ["landed", 0, 0],
    ["done", 0, 0],
  ])(
    "a unit that becomes %s records %d of its pending rejection, and a later failure %d",
    (to, now, later) => {
      const memory = memoryOf();
      memory.setPendingRejection(of, rejection);
      expect(memory.settleRejection(change(to))).toHaveLength(now);
      expect(memory.settleRejection(change("failed"))).toHaveLength(later);
    },
  );

  const failed = { gate: "tests", status: "failed" };
  test.each<[string, Record<string, unknown>[] | undefined, number, boolean]>([
    ["gates that failed", [failed], 1, true],
    ["gates of another attempt", [failed], 2, false],
    ["no gates", undefined, 1, false],
    ["a gate that could not run", [failed, { gate: "lint", status: "errored" }], 1, false],
  ])("A23 %s are attributed to what landed: (%#)", (_what, gates, attempt, expected) => {
    const memory = memoryOf();
    memory.setPendingRejection(of, { ...rejection, ...(gates === undefined ? {} : { gates }) });
    expect(memory.blameIntegration({ unit: "a", attempt })).toBe(expected);
    const [record] = memory.settleRejection(change("waiting"));
    expect(String(record?.data["reason"]).includes(integrationFailed)).toBe(expected);
  });

  test("a unit that landed starts from no earlier work, and has no rejection", () => {
    const work = { attempt: 1, rejection: "r", ref: "ref", commit: "c", base: "b" };
    const memory = new RunMemory(new Map([["a", { ...work, verdict: "gate_failed" }]]), () => null);
    expect([memory.earlier("a")?.commit, memory.rejection("a")?.verdict]).toEqual([
      "c",
      "gate_failed",
    ]);
    memory.setLanded("b", "other");
    expect(memory.earlier("a")?.commit).toBe("c");
    memory.setLanded("a", "landed");
    expect([memory.earlier("a"), memory.rejection("a")]).toEqual([undefined, undefined]);
  });
});
