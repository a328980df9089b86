import { afterEach, describe, expect, test } from "bun:test";
import { call, type ModelTurn } from "../../src/demo/script.ts";
import { type ScriptedModel, startScriptedModel } from "../../src/demo/scripted-model.ts";
import type { ModelResult } from "../../src/model/message.ts";
import { openProvider } from "../../src/model/provider.ts";
import { endpointAt } from "../harness/endpoint.ts";
import { scaled } from "../harness/limits.ts";

let model: ScriptedModel | null = null;
afterEach(async () => {
  await model?.stop();
  model = null;
});

interface Patience {
  requestTimeoutMs?: number;
  idleTimeoutMs?: number;
}

async function ask(turn: ModelTurn, o: Patience = {}): Promise<ModelResult> {
  model = await startScriptedModel({ rules: [{ turns: [turn] }] });
  return askAt(model.baseUrl, o);
}

function askAt(baseUrl: string, o: Patience & { signal?: AbortSignal } = {}) {
  const { signal, ...patience } = {
    requestTimeoutMs: scaled(20_000),
    idleTimeoutMs: scaled(20_000),
    ...o,
  };
  return openProvider(endpointAt(baseUrl, patience)).send({
    model: "m",
    messages: [{ role: "user", content: "hello" }],
    tools: [{ name: "read_file", description: "", parameters: { type: "object" } }],
    toolChoice: "auto",
    signal: signal ?? new AbortController().signal,
  });
}

const read = call("read_file", { path: "a long enough path to come in several pieces.ts" });
const args = JSON.stringify(read.calls?.[0]?.args);

describe("valid answers", () => {
  test.each<[string, ModelTurn]>([
    ["a call by the specification", read],
    ["a call without index", { ...read, quirks: { noIndex: true } }],
    ["a call with a repeated name", { ...read, quirks: { repeatName: true } }],
    ["a call with finish reason stop", { ...read, finish: "stop" }],
  ])("%s is assembled", async (_, turn) => {
    expect(await ask({ ...turn, text: "I read ü🙂." })).toMatchObject({
      kind: "reply",
      text: "I read ü🙂.",
      toolCalls: [{ name: "read_file", argumentsText: args }],
      usage: { cachedTokens: 0 },
    });
    expect(model?.requests).toHaveLength(1);
  });

  test("two calls with one index stay separate", async () => {
    const two = {
      calls: [...(read.calls ?? []), { tool: "glob", args: {} }],
      quirks: { sameIndex: true },
    };
    expect(await ask(two)).toMatchObject({
      toolCalls: [{ argumentsText: args }, { name: "glob", argumentsText: "{}" }],
    });
  });

  test("keep-alive comments reset the idle timeout", async () => {
    const slow = { text: "at last", quirks: { keepAlive: 12 } };
    expect(await ask(slow, { idleTimeoutMs: 120 })).toMatchObject({
      kind: "reply",
      text: "at last",
    });
  });

  test("D7 an answer without usage is not an error", async () => {
    expect(await ask({ ...read, usage: null })).toMatchObject({ kind: "reply", usage: null });
  });
});

describe("failures", () => {
  test.each([429, 500, 502, 503, 529, 408])("D7 the status %p is retriable", async (status) => {
    expect(await ask({ fault: { kind: "status", status } })).toMatchObject({
      kind: "retriable",
      limited: status === 429,
      retryAfterMs: null,
    });
  });

  test.each([400, 401, 402, 403, 404, 422])("D7 the status %p is fatal", async (status) => {
    const result = await ask({ fault: { kind: "status", status, body: "the reason" } });
    expect(result).toMatchObject({ kind: "fatal", status });
    expect(result.kind === "fatal" ? result.reason : "").toContain("the reason");
  });

  test("D7 Retry-After is read as seconds and as a date", async () => {
    const inTen = new Date(Date.now() + 10_500).toUTCString();
    expect(await ask({ fault: { kind: "status", status: 429, retryAfter: "7" } })).toMatchObject({
      limited: true,
      retryAfterMs: 7000,
    });
    await model?.stop();
    const dated = await ask({ fault: { kind: "status", status: 503, retryAfter: inTen } });
    expect(dated.kind === "retriable" ? dated.retryAfterMs : 0).toBeGreaterThan(5000);
  });

  test.each([
    "reset_before_headers",
    "reset_after_headers",
    "hang_before_headers",
    "hang_after_headers",
    "cut_stream",
    "invalid_json",
    "error_chunk",
    "empty_choices",
    "empty_body",
  ] as const)("D7 the fault %s is retriable", async (kind) => {
    const soon = kind.startsWith("hang") ? { requestTimeoutMs: 300, idleTimeoutMs: 150 } : {};
    const result = await ask({ ...read, fault: { kind } }, soon);
    expect(result).toMatchObject({ kind: "retriable", limited: false });
  });

  test("D7 a refused connection is retriable", async () => {
    expect(await askAt("http://127.0.0.1:9/v1")).toMatchObject({ kind: "retriable" });
  });

  test.each([
    ["a web page instead of a stream", { kind: "html_body" } as const, "base_url"],
    [
      "a redirect",
      { kind: "status", status: 302, location: "http://127.0.0.1:9/" } as const,
      "redirects",
    ],
  ])("D7 %s is fatal", async (_, fault, word) => {
    const result = await ask({ fault });
    expect(result.kind).toBe("fatal");
    expect(result.kind === "fatal" ? result.reason : "").toContain(word);
    expect(model?.requests).toHaveLength(1);
  });

  test("D7 an invalid address is fatal", async () => {
    expect(await askAt("not a url")).toMatchObject({ kind: "fatal" });
  });

  test("D7 a cancelled request ends at once, before and after the headers", async () => {
    for (const kind of ["hang_before_headers", "hang_after_headers"] as const) {
      const controller = new AbortController();
      model = await startScriptedModel({
        rules: [
          {
            turns: [
              () => {
                setTimeout(() => controller.abort(), 20);
                return { fault: { kind } };
              },
            ],
          },
        ],
      });
      expect(await askAt(model.baseUrl, { signal: controller.signal })).toMatchObject({
        kind: "cancelled",
      });
      await model.stop();
    }
  });
});
