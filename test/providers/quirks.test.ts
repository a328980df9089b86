/**
 * D7: what real servers make of the wire format, each quirk as its server writes it, and what dgov
 * makes of the quirk. Every one ends in a typed outcome: an answer put together right, or a failure
 * that is bounded and said in the server's words.
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

describe("D7 what servers do to tool calls", () => {
  test.each<[string, RawAnswer, Wanted]>([
    [
      // ggml-org/llama.cpp#20198; older builds leave the id out.
      "llama.cpp: arguments are an object, and there is no id",
      whole({ role: "assistant", content: null, tool_calls: [fn("read_file", { path: "a" })] }),
      { calls: [["call00000", "read_file", path("a")]], finish: "stop" },
    ],
    [
      // ggml-org/llama.cpp#22722
      "llama.cpp: the first fragment holds the name and the first letter of the arguments",
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
      "vLLM: finish_reason stop beside a call, and the role in every delta",
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
      "vLLM: an empty list of calls beside an answer in words",
      whole({ role: "assistant", content: "All done.", tool_calls: [] }),
      { text: "All done.", finish: "stop" },
    ],
    [
      // vllm-project/vllm#53255
      "vLLM: finish_reason tool_calls without any call",
      whole({ role: "assistant", content: "", tool_calls: [] }, "tool_calls"),
      { finish: "tool_calls" },
    ],
    [
      // ollama/ollama#15457
      "Ollama: every call has index 0, with its arguments in one piece, and no usage",
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
      "Gemini: two calls in one delta without index, arguments cut over deltas without anything",
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
      // BerriAI/litellm#33678: what a gateway that merges indices would glue together has no id at all.
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
      // Mistral's stream spells a missing id "null", sends arguments as an object, and wants nine
      // letters and digits back (jackmpcollins/magentic#276).
      'Mistral: the id "null", arguments as an object',
      events(
        calls({ index: 0, id: "null", ...fn("read_file", { path: "a" }) }),
        delta({}, "tool_calls"),
        done,
      ),
      { calls: [["call00000", "read_file", path("a")]], finish: "tool_calls" },
    ],
    [
      "Fireworks and Together: null content, a refusal that is null, fields nobody knows",
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
  ])("%s", async (_, answer, wanted) => {
    expect(saidBy(await ask(answer))).toEqual(wanted);
  });

  test("Gemini: a thought signature comes with a call, and goes back with it", async () => {
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
    // Null, not empty: what stands behind Bedrock refuses empty text (vercel/ai#13744).
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

describe("D7 what servers do to the stream", () => {
  test.each<[string, RawAnswer]>([
    [
      "OpenRouter: comments while it waits, and a second finish reason of its own",
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
      "Azure: a first chunk about the filter without choices, and one with a choice without delta",
      events(
        { id: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
        ...hello,
        { id: "", choices: [{ index: 0, finish_reason: null, content_filter_results: {} }] },
        stop,
        done,
      ),
    ],
    [
      "LiteLLM: a last chunk with usage and no choices, usage {} in all others",
      events(
        ...hello.map((chunk) => ({ ...chunk, usage: {} })),
        { ...stop, usage: {} },
        { choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } },
        done,
      ),
    ],
    [
      "gateways before Bedrock: carriage returns, and no [DONE]",
      { pieces: [sse(...hello, stop).replaceAll("\n", "\r\n")] },
    ],
    ["a byte order mark at the start", { pieces: ["\ufeff", sse(...hello, stop), done] }],
    [
      "letters of several bytes, cut anywhere",
      { pieces: [...bytes(sse(...hello, stop))].map((byte) => new Uint8Array([byte])) },
    ],
    [
      "no line between events (one line end where two belong)",
      { pieces: [`${sse(...hello, stop)}${done}`.replaceAll("\n\n", "\n")] },
    ],
    ["no end of the last line", { pieces: [sse(...hello), `data: ${JSON.stringify(stop)}`] }],
    [
      // diegosouzapw/OmniRoute#7800
      "a stream that ends in [DONE] and never says why",
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
    [
      "one document where a stream was asked for",
      whole({ role: "assistant", content: "Grüße 🙂" }),
    ],
    [
      "DeepSeek: empty lines before a document, as signs of life",
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
      "a stream that calls itself text/plain",
      { ...events(...hello, stop, done), headers: { "content-type": "text/plain" } },
    ],
    [
      "Mistral: content as a list of parts, thoughts among them",
      events(
        delta({ content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] }),
        delta({ content: [{ type: "text", text: "Grüße 🙂" }] }),
        stop,
        done,
      ),
    ],
  ])("%s", async (_, answer) => {
    expect(saidBy(await ask(answer))).toEqual({ text: "Grüße 🙂", finish: "stop" });
  });

  test("a stream where one document was asked for", async () => {
    await using server = await rawServer(events(...hello, stop, done));
    const endpoint = endpointAt(server.baseUrl, { stream: false });
    const result = await openProvider(endpoint).send(request());
    expect(saidBy(result)).toEqual({ text: "Grüße 🙂", finish: "stop" });
    expect(server.requests[0]?.body).not.toHaveProperty("stream_options");
  });

  test.each([
    ["DeepSeek, llama.cpp", "reasoning_content"],
    ["OpenRouter, vLLM, Ollama", "reasoning"],
  ])("%s: reasoning beside the answer", async (_, field) => {
    const thought = {
      ...hello[0],
      choices: [{ index: 0, delta: { content: null, [field]: "hm" } }],
    };
    const result = await ask(events(thought, ...hello, stop, done));
    expect(result).toMatchObject({ kind: "reply", text: "Grüße 🙂", reasoning: "hm" });
  });
});

describe("D7 what servers say when they fail is a typed failure", () => {
  test.each<[string, RawAnswer, object]>([
    [
      "OpenRouter: an error in the middle of the stream, the finish reason error beside it",
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
      "OpenRouter: no credit, said with status 200",
      document({ error: { code: 402, message: "Insufficient credits" } }),
      { kind: "fatal", status: 402, reason: "the endpoint answered 402: Insufficient credits" },
    ],
    [
      // BerriAI/litellm#40578
      "LiteLLM: an error as a chunk of a good stream, its code as text",
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
      "llama.cpp: the field error in place of data",
      { pieces: ['error: {"code":500,"message":"context shift is disabled"}\n\n'] },
      { kind: "retriable", reason: "the endpoint answered 500: context shift is disabled" },
    ],
    [
      "LM Studio: an event error with words",
      { pieces: ['event: error\ndata: {"error":"Model unloaded."}\n\n'] },
      { kind: "retriable", reason: "the endpoint failed: Model unloaded." },
    ],
    [
      "vLLM, Mistral: the message without an error around it",
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
      "DeepSeek: insufficient_system_resource as the finish reason",
      events(...hello, delta({}, "insufficient_system_resource"), done),
      { kind: "retriable", reason: "the endpoint broke its answer off" },
    ],
    [
      "a gateway's own page for every address",
      { headers: { "content-type": "text/html" }, pieces: ["<!doctype html>\n<p>Sign in</p>"] },
      { kind: "fatal", status: 200 },
    ],
    [
      "a list of models, from an address that ends too early",
      document({ object: "list", data: [] }),
      { kind: "fatal", status: 200 },
    ],
  ])("%s", async (_, answer, wanted) => {
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
  ])("Groq: a call it could not read is another try, a few times (%s)", async (_, answer) => {
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
    // By which the loop knows that the request is to be made without forcing a tool.
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
  ])("a refusal a setting mends names the setting: %s", async (message, setting) => {
    const result = await ask(document({ error: { message } }, 400));
    expect(result.kind === "fatal" && result.reason).toContain(message);
    expect(result.kind === "fatal" && result.reason).toContain(`(see ${setting}`);
  });
});

describe("settings on the wire", () => {
  async function sent(changes: Partial<Endpoint>) {
    await using server = await rawServer(events(delta({ content: "ok" }, "stop"), done));
    await openProvider(endpointAt(server.baseUrl, changes)).send(request());
    const [first] = server.requests;
    if (first === undefined) throw new Error("nothing was sent");
    return first;
  }

  test("by default a request holds what every server knows", async () => {
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

  test("Azure: the key in api-key, the version in the address", async () => {
    const { path: address, headers } = await sent({
      auth: "api-key",
      query: { "api-version": "2024-10-21" },
    });
    expect(address).toBe("/v1/chat/completions?api-version=2024-10-21");
    expect([headers["api-key"], headers["authorization"]]).toEqual(["key", undefined]);
  });

  test("every other setting is a field or a header", async () => {
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

  test("DeepSeek: reasoning goes back where it was asked for", async () => {
    await using server = await rawServer(events(delta({ content: "ok" }, "stop"), done));
    const answer = { role: "assistant" as const, content: "", toolCalls: [], reasoning: "hm" };
    await openProvider(endpointAt(server.baseUrl)).send({ ...request(), messages: [answer] });
    expect(server.requests[0]?.body["messages"]).toEqual([
      { role: "assistant", content: "(no answer)", reasoning_content: "hm" },
    ]);
  });
});
