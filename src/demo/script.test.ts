import { describe, expect, test } from "bun:test";
import { call, conversationOf, done, replyTo, type WireMessage } from "./script.ts";

const head: WireMessage[] = [
  { role: "system", content: "You are a worker.\nRole: worker" },
  { role: "user", content: "Unit: tasks/main.a\nAttempt: 2\n\nDo it.\nUnit: not/this.one" },
];
const assistant: WireMessage = { role: "assistant", content: "" };

describe("conversationOf", () => {
  test("unit, attempt and role are read from their first mention in the first two messages", () => {
    expect(conversationOf(head, ["done"])).toMatchObject({
      unit: "tasks/main.a",
      attempt: 2,
      fork: 0,
      role: "worker",
      turn: 1,
      tools: ["done"],
    });
  });

  test("the turn number includes turns cut from the history", () => {
    const cut: WireMessage = { role: "user", content: "[3 earlier turns were cut to save room]" };
    expect(conversationOf([...head, cut, assistant, assistant], []).turn).toBe(6);
  });
});

describe("replyTo", () => {
  const script = {
    rules: [
      { unit: "tasks/main.a", attempt: 1, turns: [call("glob", {}), done("first")] },
      { unit: "tasks/main.a", turns: [done("again")] },
    ],
  };

  test("the first matching rule replies and its last turn repeats", () => {
    expect(replyTo(script, conversationOf(head, []))).toEqual(done("again"));
    const first = head.map((m) => ({ ...m, content: String(m.content).replace("2", "1") }));
    expect(replyTo(script, conversationOf(first, []))).toEqual(call("glob", {}));
    const later = conversationOf([...first, assistant, assistant, assistant], []);
    expect(replyTo(script, later)).toEqual(done("first"));
  });

  test("a conversation without a rule gets a call of done", () => {
    const other = conversationOf([{ role: "system", content: "Unit: x/y.z" }], []);
    expect(replyTo(script, other).calls?.[0]?.tool).toBe("done");
  });
});
