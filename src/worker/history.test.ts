import { describe, expect, test } from "bun:test";
import type { ChatMessage } from "../model/message.ts";
import { History } from "./history.ts";

type Reply = Extract<ChatMessage, { role: "assistant" }>;

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

test("a history of exactly its limit is not cut, and one token more is", () => {
  const turns: [string, string | null, boolean, string][] = [
    ["grep", null, true, long],
    ["grep", null, true, long],
  ];
  const tokens = historyOf(turns, 1).tokens();
  expect(historyOf(turns, tokens).fit()).toBeNull();
  const cut = historyOf(turns, tokens - 1);
  expect(cut.fit()).toEqual({
    messages: 2,
    reason: `over ${tokens - 1} estimated tokens: 2 messages of the oldest turns`,
  });
  expect(cut.tokens()).toBeLessThanOrEqual((tokens - 1) * 0.75);
});

test("a token is estimated as four characters of content, reasoning, names and arguments", () => {
  const tokensWith = (more: Partial<Reply>, note = "") => {
    const history = new History({ system: "", task: "", tokensMax: 1 });
    history.addReply({ role: "assistant", content: "", toolCalls: [], ...more });
    history.addNote(note);
    return history.tokens();
  };
  const plain = tokensWith({});
  const call = { id: "c", name: "name", argumentsText: "args" };
  expect(plain).toBe(16);
  expect(tokensWith({}, "x".repeat(40)) - plain).toBe(10);
  expect(tokensWith({ content: "x".repeat(40) }) - plain).toBe(10);
  expect(tokensWith({ reasoning: "x".repeat(40) }) - plain).toBe(10);
  expect(tokensWith({ toolCalls: [call] }) - plain).toBe(10);
  expect(tokensWith({ content: "x" }) - plain).toBe(1);
});

test("the notice of removed turns names 40 files and 2000 characters of the last error", () => {
  const noticeFor = (files: number, error: string): string => {
    const edits = Array.from({ length: files }, (_, i): [string, string, boolean, string] => [
      "edit_file",
      `f${i}`,
      true,
      "x",
    ]);
    const history = historyOf(
      [...edits, ["run_tests", null, false, error], ["grep", null, true, long]],
      600,
    );
    history.fit();
    return history.messages()[2]?.content ?? "";
  };
  expect(noticeFor(40, "x")).toMatch(/f39\nThe last error/);
  expect(noticeFor(41, "x")).toMatch(/f39 and 1 more\nThe last error/);
  expect(noticeFor(1, `${"x".repeat(1999)}y`)).toEndWith("xy");
  expect(noticeFor(1, `${"x".repeat(2000)}y`)).toContain("[1 characters cut]");
});

test.each([
  ["of a write that failed", ["edit_file", "a", false]],
  ["of a write of another file", ["edit_file", "b", true]],
  ["of a tool that does not write", ["grep", "a", true]],
] as [string, [string, string, boolean]][])(
  "a read is not stale because %s",
  (_, [tool, target, ok]) => {
    const history = historyOf(
      [
        ["read_file", "a", true, long],
        [tool, target, ok, "x"],
      ],
      600,
    );
    history.fit();
    expect(JSON.stringify(history.messages())).not.toContain("before a later change");
  },
);

test("only reads that succeeded, before the write, become stale", () => {
  const turns: [string, string | null, boolean, string][] = [
    ["read_file", "a", false, long],
    ["file_symbols", "a", true, long],
    ["read_file", "a", true, long],
    ["write_file", "a", true, "x"],
    ["read_file", "a", true, long],
  ];
  const history = historyOf(turns, 4000);
  expect(history.fit()?.messages).toBe(1);
  const contents = history.messages().flatMap((m) => (m.role === "tool" ? [m.content.length] : []));
  expect(contents.map((length) => length < 200)).toEqual([false, false, true, true, false]);
});

test("a conversation without turns cannot be halved, and one with turns is halved from what it has", () => {
  expect(historyOf([], 5000).halve()).toBe(false);
  const history = historyOf(
    [
      ["grep", null, true, long],
      ["grep", null, true, long],
    ],
    1_000_000,
  );
  const before = history.tokens();
  expect([history.halve(), history.fit()?.messages]).toEqual([true, 3]);
  expect(history.tokens()).toBeLessThanOrEqual(before / 2 + 20);
});

test("a read in the turn of the write does not become stale, whichever comes first", () => {
  const history = new History({ system: "SYSTEM", task: "TASK", tokensMax: 1500 });
  const calls = ["read_file", "edit_file", "read_file"].map((name, index) => ({
    id: `c${index}`,
    name,
    argumentsText: "{}",
  }));
  history.addReply({ role: "assistant", content: "", toolCalls: calls });
  for (const { id, name } of calls) {
    history.addResult(id, long, { tool: name, target: "a", ok: true });
  }
  history.fit();
  expect(JSON.stringify(history.messages())).not.toContain("before a later change");
});
