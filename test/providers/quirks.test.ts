/**
 * D7: deviations of real servers from the wire format, each as its server sends it. Each one has a typed
 * outcome: a correctly assembled answer, or a bounded failure with the server's message.
 */
import { describe, expect, test } from "bun:test";
import type { Endpoint } from "../../src/model/endpoint.ts";
import type { ModelResult } from "../../src/model/message.ts";
import { openProvider } from "../../src/model/provider.ts";
import { sendWithRetries } from "../../src/model/retry.ts";
import { endpointAt } from "../harness/endpoint.ts";
import { document, events, type RawAnswer, rawServer } from "./raw-server.ts";

const done = "data: [DONE]\n\n";
/** A chunk with one choice. */
const delta = (change: object, finish: string | null = null, more: object = {}) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta: change, finish_reason: finish }],
  ...more,
});
const calls = (...list: object[]) => delta({ tool_calls: list });
const fn = (name: string, args: unknown) => ({
  type: "function",
  function: { name, arguments: args },
});
const more = (args: string) => ({ function: { arguments: args } });
const path = (name: string) => JSON.stringify({ path: name });
const whole = (message: object, finish = "stop") =>
  document({ object: "chat.completion", choices: [{ index: 0, message, finish_reason: finish }] });

async function ask(answer: RawAnswer, changes: Partial<Endpoint> = {}): Promise<ModelResult> {
  await using server = await rawServer(answer);
  return await openProvider(endpointAt(server.baseUrl, changes)).send(request());
}

function request(signal = new AbortController().signal) {
  return {
    model: "m",
    messages: [{ role: "user" as const, content: "hello" }],
    tools: [{ name: "read_file", description: "", parameters: { type: "object" } }],
    toolChoice: "auto" as const,
    signal,
  };
}

/** Text, calls as [id, name, arguments], and finish reason. */
type Wanted = { text?: string; calls?: [string, string, string][]; finish: string };

function saidBy(result: ModelResult): Wanted | string {
  if (result.kind !== "reply") return "reason" in result ? result.reason : result.kind;
  return {
    ...(result.text === "" ? {} : { text: result.text }),
    ...(result.toolCalls.length === 0
      ? {}
      : { calls: result.toolCalls.map((c) => [c.id, c.name, c.argumentsText]) }),
    finish: result.finishReason,
  };
}

describe("deviations in tool calls", () => {
  test.each<[string, RawAnswer, Wanted]>([
    [
      // ggml-org/llama.cpp#20198; older builds leave the id out.
      "llama.cpp: arguments as an object, and no id",
      whole({ role: "assistant", content: null, tool_calls: [fn("read_file", { path: "a" })] }),
      { calls: [["call00000", "read_file", path("a")]], finish: "stop" },
    ],
    [
      // ggml-org/llama.cpp#22722
      "llama.cpp: a first fragment with the name and the first letter of the arguments",
      events(
        calls({ index: 0, id: "x1", ...fn("read_file", "{") }),
        calls({ index: 0, ...more('"path":"a"}') }),
        delta({}, "tool_calls"),
        done,
      ),
      { calls: [["x1", "read_file", path("a")]], finish: "tool_calls" },
    ],
    [
      // vllm-project/vllm#9209: a named tool choice finishes with stop; the role comes again and again.
      "vLLM: finish_reason stop with a call, and the role in every delta",
      events(
        delta({ role: "assistant", content: "" }),
        delta({
          role: "assistant",
          tool_calls: [{ index: 0, id: "chatcmpl-tool-1", ...fn("read_file", path("a")) }],
        }),
        delta({ role: "assistant", content: "" }, "stop", { stop_reason: null }),
        done,
      ),
      { calls: [["chatcmpl-tool-1", "read_file", path("a")]], finish: "stop" },
    ],
    [
      // vllm-project/vllm#44104
      "vLLM: an empty list of calls with a text answer",
      whole({ role: "assistant", content: "All done.", tool_calls: [] }),
      { text: "All done.", finish: "stop" },
    ],
    [
      // vllm-project/vllm#53255
      "vLLM: finish_reason tool_calls without a call",
      whole({ role: "assistant", content: "", tool_calls: [] }, "tool_calls"),
      { finish: "tool_calls" },
    ],
    [
      // ollama/ollama#15457
      "Ollama: index 0 for every call, arguments in one piece, and no usage",
      events(
        calls({ index: 0, id: "call_a", ...fn("read_file", path("a")) }),
        calls({ index: 0, id: "call_b", ...fn("read_file", path("b")) }),
        delta({ role: "assistant", content: "" }, "tool_calls"),
        done,
      ),
      {
        calls: [
          ["call_a", "read_file", path("a")],
          ["call_b", "read_file", path("b")],
        ],
        finish: "tool_calls",
      },
    ],
    [
      // ollama/ollama#7881
      "Ollama before 0.4.7: no index",
      events(
        calls({ id: "call_a", ...fn("read_file", path("a")) }),
        calls({ id: "call_b", ...fn("read_file", path("b")) }),
        delta({}, "stop"),
        done,
      ),
      {
        calls: [
          ["call_a", "read_file", path("a")],
          ["call_b", "read_file", path("b")],
        ],
        finish: "stop",
      },
    ],
    [
      // open-webui/computer#224
      "Gemini: two calls in one delta without index, and deltas of arguments without any other field",
      events(
        calls({ id: "g1", ...fn("read_file", path("a")) }, { id: "g2", ...fn("read_file", "{") }),
        calls(more('"path":"b"}')),
        delta({}, "stop"),
        done,
      ),
      {
        calls: [
          ["g1", "read_file", path("a")],
          ["g2", "read_file", path("b")],
        ],
        finish: "stop",
      },
    ],
    [
      // BerriAI/litellm#33678: calls that a gateway would merge by index have no id at all.
      "parallel calls with one id",
      events(
        calls({ index: 0, id: "same", ...fn("read_file", path("a")) }),
        calls({ index: 1, id: "same", ...fn("read_file", path("b")) }),
        delta({}, "tool_calls"),
        done,
      ),
      {
        calls: [
          ["same", "read_file", path("a")],
          ["call00001", "read_file", path("b")],
        ],
        finish: "tool_calls",
      },
    ],
    [
      // Mistral's stream writes a missing id as "null", sends arguments as an object, and expects nine
      // letters and digits in return (jackmpcollins/magentic#276).
      'Mistral: the id "null", arguments as an object',
      events(
        calls({ index: 0, id: "null", ...fn("read_file", { path: "a" }) }),
        delta({}, "tool_calls"),
        done,
      ),
      { calls: [["call00000", "read_file", path("a")]], finish: "tool_calls" },
    ],
    [
      "Fireworks and Together: null content, a null refusal, and unknown fields",
      events(
        delta({ role: "assistant", content: null, refusal: null, function_call: null }),
        delta({
          content: null,
          token_id: 7,
          tool_calls: [{ index: 0, id: "f1", ...fn("read_file", path("a")) }],
        }),
        delta({ content: null, tool_calls: null }, "tool_calls", { perf_metrics: {}, error: null }),
        done,
      ),
      { calls: [["f1", "read_file", path("a")]], finish: "tool_calls" },
    ],
  ])("D7 tool calls are read from %s", async (_, answer, wanted) => {
    expect(saidBy(await ask(answer))).toEqual(wanted);
  });

  test("D7 Gemini: the thought signature of a call is sent back with it", async () => {
    const signature = { google: { thought_signature: "EjQKMg" } };
    const first = calls({ id: "g1", ...fn("read_file", path("a")), extra_content: signature });
    await using server = await rawServer(
      events(first, delta({}, "stop"), done),
      events(delta({ content: "ok" }, "stop"), done),
    );
    const provider = openProvider(endpointAt(server.baseUrl));
    const reply = await provider.send(request());
    if (reply.kind !== "reply") throw new Error(reply.kind);
    await provider.send({
      ...request(),
      messages: [
        { role: "user", content: "hello" },
        { role: "assistant", content: "", toolCalls: reply.toolCalls },
        { role: "tool", callId: "g1", content: "one" },
      ],
    });
    const messages = server.requests[1]?.body["messages"] as unknown[];
    // Null, not empty: backends of Bedrock reject empty text (vercel/ai#13744).
    expect(messages[1]).toEqual({
      role: "assistant",
      content: null,
      tool_calls: [{ id: "g1", ...fn("read_file", path("a")), extra_content: signature }],
    });
  });
});

const hello = [delta({ role: "assistant", content: "" }), delta({ content: "Grüße 🙂" })];
const stop = delta({}, "stop");
const bytes = (text: string) => new TextEncoder().encode(text);
const sse = (...chunks: object[]) => chunks.map((c) => `data: ${JSON.stringify(c)}\n\n`).join("");

describe("deviations in the stream", () => {
  test.each<[string, RawAnswer]>([
    [
      "OpenRouter: comments while waiting, and a second finish reason",
      events(
        ": OPENROUTER PROCESSING\n\n",
        ": OPENROUTER PROCESSING\n\n",
        ...hello,
        { choices: [{ index: 0, delta: {}, finish_reason: "stop", native_finish_reason: "end" }] },
        done,
      ),
    ],
    [
      // Azure/azure-sdk-for-go#21086, microsoft/autogen#6465
      "Azure: a first chunk without choices, and a choice without a delta",
      events(
        { id: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
        ...hello,
        { id: "", choices: [{ index: 0, finish_reason: null, content_filter_results: {} }] },
        stop,
        done,
      ),
    ],
    [
      "LiteLLM: a last chunk with usage and no choices, and empty usage in all others",
      events(
        ...hello.map((chunk) => ({ ...chunk, usage: {} })),
        { ...stop, usage: {} },
        { choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } },
        done,
      ),
    ],
    [
      "gateways to Bedrock: carriage returns, and no [DONE]",
      { pieces: [sse(...hello, stop).replaceAll("\n", "\r\n")] },
    ],
    ["a byte order mark at the start", { pieces: ["\ufeff", sse(...hello, stop), done] }],
    [
      "characters of several bytes, split anywhere",
      { pieces: [...bytes(sse(...hello, stop))].map((byte) => new Uint8Array([byte])) },
    ],
    [
      "no empty line between events",
      { pieces: [`${sse(...hello, stop)}${done}`.replaceAll("\n\n", "\n")] },
    ],
    ["no newline at the end", { pieces: [sse(...hello), `data: ${JSON.stringify(stop)}`] }],
    [
      // diegosouzapw/OmniRoute#7800
      "a stream that ends in [DONE] without a finish reason",
      events(...hello, done),
    ],
    [
      // adolfousier/opencrabs#1499
      "GLM: an empty finish reason in every chunk",
      events(
        ...hello.map((c) => ({ choices: [{ ...c.choices[0], finish_reason: "" }] })),
        stop,
        done,
      ),
    ],
    ["one document instead of a stream", whole({ role: "assistant", content: "Grüße 🙂" })],
    [
      "DeepSeek: empty lines before a document",
      {
        headers: { "content-type": "application/json" },
        pieces: [
          "\n\n",
          "\n",
          JSON.stringify({ choices: [{ ...hello[1]?.choices[0], finish_reason: "stop" }] }),
        ],
      },
    ],
    [
      "a stream of type text/plain",
      { ...events(...hello, stop, done), headers: { "content-type": "text/plain" } },
    ],
    [
      "Mistral: content as a list of parts, including thoughts",
      events(
        delta({ content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] }),
        delta({ content: [{ type: "text", text: "Grüße 🙂" }] }),
        stop,
        done,
      ),
    ],
  ])("D7 text is read from %s", async (_, answer) => {
    expect(saidBy(await ask(answer))).toEqual({ text: "Grüße 🙂", finish: "stop" });
  });

  test("D7 a stream instead of one document is read", async () => {
    await using server = await rawServer(events(...hello, stop, done));
    const endpoint = endpointAt(server.baseUrl, { stream: false });
    const result = await openProvider(endpoint).send(request());
    expect(saidBy(result)).toEqual({ text: "Grüße 🙂", finish: "stop" });
    expect(server.requests[0]?.body).not.toHaveProperty("stream_options");
  });

  test.each([
    ["DeepSeek, llama.cpp", "reasoning_content"],
    ["OpenRouter, vLLM, Ollama", "reasoning"],
  ])("D7 %s: reasoning is read beside the answer", async (_, field) => {
    const thought = {
      ...hello[0],
      choices: [{ index: 0, delta: { content: null, [field]: "hm" } }],
    };
    const result = await ask(events(thought, ...hello, stop, done));
    expect(result).toMatchObject({ kind: "reply", text: "Grüße 🙂", reasoning: "hm" });
  });
});

describe("failures", () => {
  test.each<[string, RawAnswer, object]>([
    [
      "OpenRouter: an error in the middle of the stream with finish reason error",
      events(
        ...hello,
        delta({ content: "" }, "error", {
          error: { code: 502, message: "Provider returned error", metadata: { raw: "overloaded" } },
        }),
      ),
      {
        kind: "retriable",
        reason: "the endpoint answered 502: Provider returned error: overloaded",
      },
    ],
    [
      "OpenRouter: missing credit with status 200",
      document({ error: { code: 402, message: "Insufficient credits" } }),
      { kind: "fatal", status: 402, reason: "the endpoint answered 402: Insufficient credits" },
    ],
    [
      // BerriAI/litellm#40578
      "LiteLLM: an error chunk in a stream, with its code as text",
      events(...hello, { error: { message: "queue full", type: "None", code: "429" } }, done),
      { kind: "retriable", limited: true, reason: "the endpoint answered 429: queue full" },
    ],
    [
      "LiteLLM: an error without a code",
      events({ error: { message: "litellm.APIConnectionError" } }, done),
      {
        kind: "retriable",
        limited: false,
        reason: "the endpoint failed: litellm.APIConnectionError",
      },
    ],
    [
      "llama.cpp: a field `error` in place of `data`",
      { pieces: ['error: {"code":500,"message":"context shift is disabled"}\n\n'] },
      { kind: "retriable", reason: "the endpoint answered 500: context shift is disabled" },
    ],
    [
      "LM Studio: an error event with a text",
      { pieces: ['event: error\ndata: {"error":"Model unloaded."}\n\n'] },
      { kind: "retriable", reason: "the endpoint failed: Model unloaded." },
    ],
    [
      "vLLM, Mistral: a message without an error object",
      document(
        { object: "error", message: "auto tool choice requires --enable-auto-tool-choice" },
        400,
      ),
      {
        kind: "fatal",
        reason: "the endpoint answered 400: auto tool choice requires --enable-auto-tool-choice",
      },
    ],
    [
      "DeepSeek: the finish reason insufficient_system_resource",
      events(...hello, delta({}, "insufficient_system_resource"), done),
      { kind: "retriable", reason: "the endpoint aborted its answer" },
    ],
    [
      "a gateway's web page for every address",
      { headers: { "content-type": "text/html" }, pieces: ["<!doctype html>\n<p>Sign in</p>"] },
      { kind: "fatal", status: 200 },
    ],
    [
      "a list of models, from an incomplete address",
      document({ object: "list", data: [] }),
      { kind: "fatal", status: 200 },
    ],
  ])("D7 a typed failure comes from %s", async (_, answer, wanted) => {
    expect(await ask(answer)).toMatchObject(wanted);
  });

  const badCall = {
    message: "Failed to call a function.",
    type: "invalid_request_error",
    code: "tool_use_failed",
    failed_generation: "<function=read_file{",
    status_code: 400,
  };

  test.each<[string, RawAnswer]>([
    ["as a status", document({ error: badCall }, 400)],
    // anomalyco/opencode#1018
    [
      "in the stream",
      { pieces: [`event: error\ndata: ${JSON.stringify({ error: badCall })}\n\n`] },
    ],
  ])("D7 Groq: an unparsable tool call (%s) is retried a few times", async (_, answer) => {
    await using server = await rawServer(answer);
    const provider = openProvider(endpointAt(server.baseUrl));
    const policy = { retriesMax: 2, backoffMinMs: 1, backoffMaxMs: 1, retryAfterMaxMs: 1 };
    const result = await sendWithRetries(policy, {
      send: () => provider.send(request()),
      onRetry: async () => {},
      sleep: async () => {},
      random: () => 0,
    });
    expect(server.requests).toHaveLength(3);
    // The loop recognises by this status that it must retry without forcing a tool.
    expect(result).toMatchObject({ kind: "fatal", status: 400 });
    expect(result.kind === "fatal" && result.reason).toMatch(
      /Failed to call a function.*<function=read_file\{; gave up after 3 tries/,
    );
  });

  test.each([
    [
      "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
      "max_tokens_field",
    ],
    ["Extra inputs are not permitted: stream_options", "stream_usage = false"],
    [
      "The reasoning_content in the thinking mode must be passed back to the API.",
      "return_reasoning",
    ],
    ["Unsupported value: 'temperature' does not support 0 with this model.", "temperature"],
  ])("D7 a rejected request names the setting that fixes it: %s", async (message, setting) => {
    const result = await ask(document({ error: { message } }, 400));
    expect(result.kind === "fatal" && result.reason).toContain(message);
    expect(result.kind === "fatal" && result.reason).toContain(`(see ${setting}`);
  });
});

describe("settings in requests", () => {
  async function sent(changes: Partial<Endpoint>) {
    await using server = await rawServer(events(delta({ content: "ok" }, "stop"), done));
    await openProvider(endpointAt(server.baseUrl, changes)).send(request());
    const [first] = server.requests;
    if (first === undefined) throw new Error("nothing was sent");
    return first;
  }

  test("a request has only widely supported fields by default", async () => {
    const { path: address, headers, body } = await sent({});
    expect(address).toBe("/v1/chat/completions");
    expect(headers["authorization"]).toBe("Bearer key");
    expect(Object.keys(body).toSorted()).toEqual([
      "messages",
      "model",
      "stream",
      "stream_options",
      "tool_choice",
      "tools",
    ]);
  });

  test("Azure: the key is sent as api-key, and the version in the address", async () => {
    const { path: address, headers } = await sent({
      auth: "api-key",
      query: { "api-version": "2024-10-21" },
    });
    expect(address).toBe("/v1/chat/completions?api-version=2024-10-21");
    expect([headers["api-key"], headers["authorization"]]).toEqual(["key", undefined]);
  });

  test("every other setting becomes a field or a header", async () => {
    const { headers, body } = await sent({
      headers: { "HTTP-Referer": "https://project.example", "X-Title": "project" },
      body: { top_p: 0.9, provider: { order: ["x"] }, stream: "not this one" },
      stream: false,
      maxTokens: 4096,
      maxTokensField: "max_completion_tokens",
      temperature: 0,
      parallelToolCalls: false,
    });
    expect(headers).toMatchObject({
      "http-referer": "https://project.example",
      "x-title": "project",
    });
    expect(body).toMatchObject({
      top_p: 0.9,
      provider: { order: ["x"] },
      stream: false,
      max_completion_tokens: 4096,
      temperature: 0,
      parallel_tool_calls: false,
    });
    expect(body).not.toHaveProperty("max_tokens");
    expect(body).not.toHaveProperty("stream_options");
  });

  test("DeepSeek: reasoning is sent back when the settings ask for it", async () => {
    await using server = await rawServer(events(delta({ content: "ok" }, "stop"), done));
    const answer = { role: "assistant" as const, content: "", toolCalls: [], reasoning: "hm" };
    await openProvider(endpointAt(server.baseUrl)).send({ ...request(), messages: [answer] });
    expect(server.requests[0]?.body["messages"]).toEqual([
      { role: "assistant", content: "(no answer)", reasoning_content: "hm" },
    ]);
  });
});
