import { describe, expect, test } from "bun:test";
import { Accumulator } from "./accumulate.ts";

function calls(fragments: object[], taken: string[] = []) {
  const answer = new Accumulator();
  for (const fragment of fragments) {
    answer.add({ choices: [{ index: 0, delta: { tool_calls: [fragment] } }] });
  }
  return answer.toolCalls(new Set(taken));
}
const fn = (name: string, args: unknown) => ({ function: { name, arguments: args } });
const args = (text: string) => ({ function: { arguments: text } });

describe("tool calls", () => {
  test.each([
    [
      "fragments of one index are joined",
      [
        { index: 0, id: "a", ...fn("read", "") },
        { index: 0, ...args('{"x"') },
        { index: 0, ...args(":1}") },
      ],
      [["a", "read", '{"x":1}']],
    ],
    [
      "a repeated name is not doubled",
      [
        { index: 0, id: "a", ...fn("read", "{") },
        { index: 0, ...fn("read", "}") },
      ],
      [["a", "read", "{}"]],
    ],
    [
      "one index with two ids is two calls",
      [
        { index: 0, id: "a", ...fn("read", "{}") },
        { index: 0, id: "b", ...fn("bash", "{}") },
      ],
      [
        ["a", "read", "{}"],
        ["b", "bash", "{}"],
      ],
    ],
    [
      "without index a new id starts a call and a fragment without one continues the last",
      [{ id: "a", ...fn("read", "{") }, args("}"), { id: "b", ...fn("bash", "{}") }],
      [
        ["a", "read", "{}"],
        ["b", "bash", "{}"],
      ],
    ],
    [
      "without index and id a name after whole arguments starts a call",
      [fn("read", "{}"), fn("bash", "{}")],
      [
        ["call00000", "read", "{}"],
        ["call00001", "bash", "{}"],
      ],
    ],
    [
      "arguments as an object become text",
      [{ index: 0, id: "a", ...fn("read", { path: "x" }) }],
      [["a", "read", '{"path":"x"}']],
    ],
    [
      "repeated ids are replaced",
      [
        { index: 0, id: "a", ...fn("read", "{}") },
        { index: 1, id: "a", ...fn("bash", "{}") },
      ],
      [
        ["a", "read", "{}"],
        ["call00001", "bash", "{}"],
      ],
    ],
    [
      "an index out of range counts as none",
      [
        { index: 500, id: "a", ...fn("read", "{}") },
        { index: -1, ...args("") },
      ],
      [["a", "read", "{}"]],
    ],
  ])("%s", (_, fragments, expected) => {
    expect(calls(fragments).map((c) => [c.id, c.name, c.argumentsText])).toEqual(expected);
  });

  test("calls of one delta without index and id stay apart", () => {
    const answer = new Accumulator();
    answer.add({ choices: [{ delta: { tool_calls: [fn("read", ""), fn("bash", "{}")] } }] });
    expect(answer.toolCalls(new Set()).map((c) => [c.name, c.argumentsText])).toEqual([
      ["read", ""],
      ["bash", "{}"],
    ]);
  });

  test("an id of an earlier turn is replaced", () => {
    const [call] = calls([{ index: 0, id: "a", ...fn("read", "{}") }], ["a"]);
    expect(call?.id).toBe("call00001");
  });
});

test("text, finish reason and usage are gathered, whatever else a chunk holds", () => {
  const answer = new Accumulator();
  answer.add({ choices: [] });
  answer.add(null);
  answer.add({ choices: [{ delta: { content: "a", reasoning_content: "hm" } }], usage: {} });
  answer.add({ choices: [{ delta: { content: "b" }, finish_reason: "stop" }] });
  answer.add({
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
  });
  expect([
    answer.text,
    answer.reasoning,
    answer.finishReason,
    answer.choices,
    answer.usage,
  ]).toEqual(["ab", "hm", "stop", 2, { promptTokens: 9, cachedTokens: 4, completionTokens: 2 }]);
});
