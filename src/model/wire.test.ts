import { describe, expect, test } from "bun:test";
import type { Endpoint } from "./endpoint.ts";
import type { ChatMessage, ModelRequest } from "./message.ts";
import {
  AnswerAccumulator,
  type AnswerPart,
  readAnswerParts,
  requestBody,
  wireMessage,
} from "./wire.ts";

/** The parts of a text that arrives in pieces of `size` bytes. */
async function partsOf(text: string, size = 1): Promise<AnswerPart[]> {
  const bytes = new TextEncoder().encode(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  }
  return Array.fromAsync(readAnswerParts(pieces()));
}

const chunk = (value: unknown): AnswerPart => ({ kind: "chunk", value, whole: false });
const done: AnswerPart = { kind: "done" };

describe("an answer body", () => {
  test.each<[string, string, AnswerPart[]]>([
    [
      "events",
      'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n',
      [chunk({ a: 1 }), chunk({ a: 2 }), done],
    ],
    ["carriage returns", 'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n', [chunk({ a: 1 }), done]],
    ["a byte order mark", '\ufeffdata: {"a":1}\n\n', [chunk({ a: 1 })]],
    [
      "comments, ids and retries",
      ': alive\n\nid: 7\nretry: 3\ndata: {"a":1}\n\n',
      [chunk({ a: 1 })],
    ],
    ["no space after the colon", 'data:{"a":1}\n\n', [chunk({ a: 1 })]],
    ["one event over two lines", 'data: {"a":\ndata: 1}\n\n', [chunk({ a: 1 })]],
    [
      "events without a line between them",
      'data: {"a":1}\ndata: {"a":2}\n\n',
      [chunk({ a: 1 }), chunk({ a: 2 })],
    ],
    ["no end of the last line", 'data: {"a":1}', [chunk({ a: 1 })]],
    ["letters of several bytes", 'data: {"a":"ü🙂"}\n\n', [chunk({ a: "ü🙂" })]],
    ["a named error", 'event: error\ndata: {"m":1}\n\n', [{ kind: "error", value: { m: 1 } }]],
    [
      "an error that is not JSON",
      "error: out of memory\n\n",
      [{ kind: "error", value: "out of memory" }],
    ],
    ["an end mark between spaces", 'data: {"a":1}\n\ndata:  [DONE] \n\n', [chunk({ a: 1 }), done]],
    [
      "one event over two lines that end in CR and LF",
      'data: {"a":\r\ndata: 1}\r\n\r\n',
      [chunk({ a: 1 })],
    ],
    ["empty data", "data:\n\ndata: [DONE]\n\n", [done]],
    ["one JSON document", '\n\n {"a":\n\n1}', [{ kind: "chunk", value: { a: 1 }, whole: true }]],
    ["no bytes", "", []],
    ["a web page", "<html>\n<body>data</body>\n\n", []],
  ])("an answer with %s is read the same in pieces of any size", async (_, text, wanted) => {
    for (const size of [1, 2, 7, 1000]) expect(await partsOf(text, size)).toEqual(wanted);
  });

  test.each([
    ["an event", 'data: {"a\n\n'],
    ["a document", '{"a":'],
  ])("an answer with %s that is cut throws a SyntaxError", async (_, text) => {
    await expect(partsOf(text)).rejects.toThrow(SyntaxError);
  });
});

describe("the body of a request", () => {
  const endpoint: Endpoint = {
    baseUrl: "http://llm/v1",
    apiKey: "key",
    auth: "bearer",
    requestTimeoutMs: 1,
    idleTimeoutMs: 1,
    headers: {},
    query: {},
    body: {},
    stream: true,
    streamUsage: false,
    maxTokens: null,
    maxTokensField: "max_tokens",
    temperature: null,
    parallelToolCalls: null,
    returnReasoning: false,
  };
  const tool = { name: "read", description: "Reads.", parameters: { type: "object" } };
  const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
    model: "m",
    messages: [{ role: "user", content: "hi" }],
    tools: [],
    toolChoice: "auto",
    signal: new AbortController().signal,
    ...more,
  });
  const plain = { model: "m", messages: [{ role: "user", content: "hi" }], stream: true };

  test.each<[string, Partial<Endpoint>, object]>([
    ["nothing", {}, {}],
    ["temperature 0", { temperature: 0 }, { temperature: 0 }],
    ["a token limit", { maxTokens: 9 }, { max_tokens: 9 }],
    [
      "another field of the limit",
      { maxTokens: 9, maxTokensField: "max_completion_tokens" },
      { max_completion_tokens: 9 },
    ],
    ["stream_usage", { streamUsage: true }, { stream_options: { include_usage: true } }],
    ["stream_usage without stream", { streamUsage: true, stream: false }, { stream: false }],
    ["no stream", { stream: false }, { stream: false }],
    ["fields of its own", { body: { top_p: 1, model: "x", stream: "x" } }, { top_p: 1 }],
    ["parallel_tool_calls without tools", { parallelToolCalls: true }, {}],
  ])("has the fields of an endpoint with %s, and no others", (_, more, fields) => {
    expect(requestBody({ ...endpoint, ...more }, request())).toEqual({ ...plain, ...fields });
  });

  test.each<[ModelRequest["toolChoice"], boolean | null, object]>([
    ["auto", null, { tool_choice: "auto" }],
    ["auto", false, { tool_choice: "auto", parallel_tool_calls: false }],
    [
      { tool: "done" },
      true,
      {
        tool_choice: { type: "function", function: { name: "done" } },
        parallel_tool_calls: true,
      },
    ],
  ])("has its tools with the choice %j and parallel calls %p", (toolChoice, parallel, fields) => {
    const body = requestBody(
      { ...endpoint, parallelToolCalls: parallel },
      request({ tools: [tool], toolChoice }),
    );
    expect(body).toEqual({ ...plain, tools: [{ type: "function", function: tool }], ...fields });
  });

  const call = { id: "a", name: "read", argumentsText: "{}" };
  const wired = { id: "a", type: "function", function: { name: "read", arguments: "{}" } };
  test.each<[string, ChatMessage, Record<string, unknown>]>([
    [
      "a result",
      { role: "tool", callId: "a", content: "x" },
      { role: "tool", tool_call_id: "a", content: "x" },
    ],
    [
      "a reply",
      { role: "assistant", content: "x", toolCalls: [] },
      { role: "assistant", content: "x" },
    ],
    [
      "an empty reply",
      { role: "assistant", content: "", toolCalls: [] },
      { role: "assistant", content: "(no answer)" },
    ],
    [
      "a reply of calls",
      { role: "assistant", content: "", toolCalls: [call] },
      { role: "assistant", content: null, tool_calls: [wired] },
    ],
    [
      "a call with a signature",
      { role: "assistant", content: "x", toolCalls: [{ ...call, extraContent: { s: 1 } }] },
      { role: "assistant", content: "x", tool_calls: [{ ...wired, extra_content: { s: 1 } }] },
    ],
    [
      "reasoning",
      { role: "assistant", content: "x", toolCalls: [], reasoning: "" },
      { role: "assistant", content: "x", reasoning_content: "" },
    ],
  ])("has %s in the wire format", (_, message, expected) => {
    expect(wireMessage(message)).toEqual(expected);
  });
});

function calls(fragments: object[], taken: string[] = []) {
  const answer = new AnswerAccumulator();
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
      "without an index, a new id starts a call and a fragment without an id continues the last one",
      [{ id: "a", ...fn("read", "{") }, args("}"), { id: "b", ...fn("bash", "{}") }],
      [
        ["a", "read", "{}"],
        ["b", "bash", "{}"],
      ],
    ],
    [
      "without index and id, a name after complete arguments starts a call",
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
      "the text null is no id",
      [
        { id: "null", ...fn("read", "{") },
        { id: "null", ...args("}") },
      ],
      [["call00000", "read", "{}"]],
    ],
    [
      "a fragment without name, id and index starts no call, one with an index does",
      [args("{}"), { index: 0, ...args("{") }, { index: 0, id: "a", ...fn("read", "}") }],
      [["a", "read", "{}"]],
    ],
    [
      "without an index, an id continues its call and no other",
      [
        { id: "a", ...fn("read", "{") },
        { id: "a", ...args("}") },
        { id: "b", ...args("x") },
      ],
      [
        ["a", "read", "{}"],
        ["b", "", "x"],
      ],
    ],
    [
      "without index and id, a name in the middle of arguments continues the call",
      [fn("read", '{"x'), fn("read", '":1}')],
      [["call00000", "read", '{"x":1}']],
    ],
    [
      "fragments of two indexes are not mixed",
      [
        { index: 0, id: "a", ...fn("read", "{") },
        { index: 1, id: "b", ...fn("bash", "[") },
        { index: 0, ...args("}") },
        { index: 1, ...args("]") },
      ],
      [
        ["a", "read", "{}"],
        ["b", "bash", "[]"],
      ],
    ],
    [
      "indexes 0 to 127 are valid, and others are none",
      [
        { index: 127, id: "a", ...fn("read", "{") },
        { index: 128, ...args("}") },
        { index: 1.5, ...args(" ") },
        { index: "0", ...args(" ") },
      ],
      [["a", "read", "{}  "]],
    ],
    [
      "arguments that are null or a number are none",
      [
        { index: 0, id: "a", ...fn("read", null) },
        { index: 0, ...fn("read", 7) },
      ],
      [["a", "read", ""]],
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
      "an index out of range is ignored",
      [
        { index: 500, id: "a", ...fn("read", "{}") },
        { index: -1, ...args("") },
      ],
      [["a", "read", "{}"]],
    ],
  ])("%s", (_, fragments, expected) => {
    expect(calls(fragments).map((c) => [c.id, c.name, c.argumentsText])).toEqual(expected);
  });

  test("calls of one delta without index and id are separate", () => {
    const answer = new AnswerAccumulator();
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

test("text, reasoning, finish reason and usage are read from chunks, and other fields are ignored", () => {
  const answer = new AnswerAccumulator();
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

test("E18 usage is read from the choice of a chunk that has none of its own", () => {
  const answer = new AnswerAccumulator();
  const usage = { prompt_tokens: 9, completion_tokens: 2 };
  answer.add({ choices: [{ delta: {}, finish_reason: "stop", usage }] });
  expect(answer.usage?.promptTokens).toBe(9);
});

test("a signature of a call is kept, from whichever fragment has it", () => {
  const signature = { google: { thought_signature: "s" } };
  const found = calls([
    { index: 0, id: "a", ...fn("read", "{}") },
    { index: 0, extra_content: signature },
  ]);
  expect(found).toEqual([{ id: "a", name: "read", argumentsText: "{}", extraContent: signature }]);
});

test("content is read as text, or as a list of text and thinking", () => {
  const answer = new AnswerAccumulator();
  const parts = [
    { type: "text", text: "b" },
    { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
    { type: "thinking", thinking: "so" },
    { type: "image", text: 7 },
    null,
  ];
  answer.add({ choices: [{ delta: { content: "a" }, finish_reason: "stop" }] });
  answer.add({ choices: [{ delta: { content: parts }, finish_reason: "" }] });
  answer.add({ choices: [{ delta: { content: 7 }, finish_reason: 7 }] });
  expect([answer.text, answer.reasoning, answer.finishReason]).toEqual(["ab", "hmso", "stop"]);
});
