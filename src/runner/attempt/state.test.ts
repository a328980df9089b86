import { expect, test } from "bun:test";
import { ForkSummary } from "./state.ts";

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
