import { describe, expect, test } from "bun:test";
import { History } from "./history.ts";

/** A history with turns of one call each: [tool, target, ok, text]. */
function historyOf(turns: [string, string | null, boolean, string][], tokensMax: number): History {
  const history = new History({ system: "SYSTEM", task: "TASK", tokensMax });
  for (const [index, [tool, target, ok, text]] of turns.entries()) {
    const toolCalls = [{ id: `c${index}`, name: tool, argumentsText: "{}" }];
    history.addReply({ role: "assistant", content: "", toolCalls });
    history.addResult(`c${index}`, text, { tool, target, ok });
  }
  return history;
}

const long = "x".repeat(4000);

describe("fit", () => {
  test("a history within its limit is not changed", () => {
    expect(historyOf([["read_file", "a", true, long]], 5000).fit()).toBeNull();
  });

  test("reads that a later write made stale are shortened first", () => {
    const history = historyOf(
      [
        ["read_file", "a", true, long],
        ["read_file", "b", true, long],
        ["edit_file", "a", true, "edited"],
        ["read_file", "a", true, long],
      ],
      2500,
    );
    expect(history.fit()).toMatchObject({ messages: 1 });
    const results = history.messages().filter((message) => message.role === "tool");
    expect(results.map((message) => message.content)).toEqual([
      "[content of a before a later change; read the file again if you need it]",
      long,
      "edited",
      long,
    ]);
  });

  test("a failed write makes no read stale", () => {
    const history = historyOf(
      [
        ["read_file", "a", true, long],
        ["edit_file", "a", false, "no match"],
        ["grep", null, true, "x"],
      ],
      900,
    );
    history.fit();
    expect(history.messages().some((m) => m.content.startsWith("[content of a "))).toBe(false);
  });

  test("the oldest turns are removed next, and a notice lists their changed files and last error", () => {
    const history = historyOf(
      [
        ["edit_file", "src/a.ts", true, long],
        ["run_tests", null, false, "1 failed: the reason"],
        ["grep", null, true, long],
        ["grep", null, true, "last"],
      ],
      1200,
    );
    const cut = history.fit();
    expect(cut?.reason).toContain("oldest turns");
    expect(history.tokens()).toBeLessThan(1200);
    const [system, task, notice] = history.messages();
    expect([system?.content, task?.content]).toEqual(["SYSTEM", "TASK"]);
    expect(notice?.content).toBe(
      "[3 earlier turns were cut to save room]\n" +
        "Files you changed in them: src/a.ts\n" +
        "The last error in them was from run_tests: 1 failed: the reason",
    );
    expect(history.messages().at(-1)).toMatchObject({ role: "tool", content: "last" });
  });

  test("a last turn that exceeds the limit is shortened to head and tail", () => {
    const history = historyOf([["read_file", "a", true, `HEAD${"x".repeat(100_000)}TAIL`]], 2000);
    expect(history.fit()?.reason).toContain("shortened");
    const text = history.messages().at(-1)?.content ?? "";
    expect([text.startsWith("HEAD"), text.endsWith("TAIL"), text.length < 9000]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("system prompt and task are kept in full even when they exceed the limit", () => {
    const history = new History({ system: long, task: long, tokensMax: 100 });
    history.addReply({ role: "assistant", content: "a", toolCalls: [] });
    history.addNote("b");
    history.fit();
    expect(
      history
        .messages()
        .slice(0, 2)
        .map((message) => message.content),
    ).toEqual([long, long]);
  });
});
