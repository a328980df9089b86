/** D7: every failure of an endpoint is bounded and ends in a typed outcome. */

import { describe, expect, test } from "bun:test";
import { call, done, type ModelTurn, type WireFault } from "../../src/demo/script.ts";
import type { WorkerMessage } from "../../src/worker/protocol.ts";
import { scaled } from "../harness/limits.ts";
import { setUpWorker, type WorkerEnd } from "./harness.ts";

const read = call("read_file", { path: "a.txt" });

/** Runs a worker with these turns. Short timeouts are used only for an endpoint that hangs. */
async function runTurns(turns: ModelTurn[]): Promise<WorkerEnd & { requests: number }> {
  await using s = await setUpWorker({ rules: [{ turns }] });
  const hangs = JSON.stringify(turns).includes('"hang_');
  const timeouts = { requestTimeoutMs: scaled(3000), idleTimeoutMs: scaled(3000) };
  const end = await s.run(hangs ? { provider: timeouts } : {});
  return { ...end, requests: s.model.requests.length };
}

function ofType<T extends WorkerMessage["type"]>(end: WorkerEnd, type: T) {
  return end.messages.filter((m): m is Extract<WorkerMessage, { type: T }> => m.type === type);
}

const inAMinute = () => new Date(Date.now() + 60_000).toUTCString();

describe("temporary faults", () => {
  test.concurrent.each<[string, WireFault]>([
    ["429", { kind: "status", status: 429 }],
    ["429 with a numeric Retry-After", { kind: "status", status: 429, retryAfter: "1" }],
    ["429 with an HTTP date", { kind: "status", status: 429, retryAfter: inAMinute() }],
    ["429 with a huge Retry-After", { kind: "status", status: 429, retryAfter: "86400" }],
    ["500", { kind: "status", status: 500 }],
    ["502", { kind: "status", status: 502 }],
    ["503", { kind: "status", status: 503 }],
    ["529", { kind: "status", status: 529 }],
    ["reset before headers", { kind: "reset_before_headers" }],
    ["reset after headers", { kind: "reset_after_headers" }],
    ["hung before headers", { kind: "hang_before_headers" }],
    ["hung after headers", { kind: "hang_after_headers" }],
    ["a truncated stream", { kind: "cut_stream" }],
    ["invalid JSON", { kind: "invalid_json" }],
    ["an error chunk", { kind: "error_chunk" }],
    ["empty choices", { kind: "empty_choices" }],
    ["an empty body", { kind: "empty_body" }],
  ])("D7 a temporary fault is retried: %s", async (_, fault) => {
    const end = await runTurns([{ ...read, faults: [fault] }, done("ok")]);
    expect(end.outcome).toMatchObject({ verdict: "complete", reason: "ok" });
    expect(end.requests).toBe(3);
    expect(ofType(end, "permit.requested")).toHaveLength(3);
    expect(ofType(end, "provider.retried")).toHaveLength(1);
    // The truncated part of an answer leaves no result.
    expect(ofType(end, "result").map((message) => message.ok)).toEqual([true, true]);
    expect(end.exitCode).toBe(0);
  });
});

describe("permanent faults", () => {
  test.concurrent.each<[string, WireFault]>([
    ["a persistent Retry-After", { kind: "status", status: 429, retryAfter: "3600" }],
    ["a persistent 500", { kind: "status", status: 500 }],
    ["persistent resets", { kind: "reset_after_headers" }],
    ["an endpoint that hangs", { kind: "hang_before_headers" }],
    ["persistent empty choices", { kind: "empty_choices" }],
  ])("D7 a persistent fault fails the provider after three tries: %s", async (_, fault) => {
    const end = await runTurns([{ ...read, fault }]);
    expect(end.outcome?.verdict).toBe("provider_failed");
    expect(end.outcome?.reason).toContain("gave up after 3 tries");
    expect(end.requests).toBe(3);
  });

  test("D7 a refused connection fails the provider after two retries", async () => {
    await using s = await setUpWorker({ rules: [] });
    const end = await s.run({ provider: { baseUrl: "http://127.0.0.1:9/v1" } });
    expect(end.outcome?.verdict).toBe("provider_failed");
    expect(ofType(end, "provider.retried")).toHaveLength(2);
  });

  test("D7 a 429 is reported to the parent with the delay for all workers", async () => {
    const end = await runTurns([
      { ...read, faults: [{ kind: "status", status: 429, retryAfter: "86400" }] },
      done("ok"),
    ]);
    expect(ofType(end, "provider.limited")).toEqual([
      { type: "provider.limited", retryAfterMs: 20 },
    ]);
  });
});

describe("faults that are not retried", () => {
  test.concurrent.each<[string, WireFault, string]>([
    ["400", { kind: "status", status: 400, body: "unknown field" }, "unknown field"],
    ["401", { kind: "status", status: 401, body: "bad key" }, "401: bad key (see api_key_env"],
    ["402", { kind: "status", status: 402, body: "no credit" }, "402: no credit"],
    ["422", { kind: "status", status: 422, body: "bad field" }, "422: bad field"],
    ["403", { kind: "status", status: 403 }, "403"],
    ["404", { kind: "status", status: 404, body: "no such model" }, "no such model"],
    ["a redirect", { kind: "status", status: 307, location: "http://127.0.0.1:9/v1" }, "redirects"],
    ["a web page", { kind: "html_body" }, "base_url"],
  ])(
    "D7 a fault that a retry cannot fix ends the worker as refused, at once: %s",
    async (_, fault, words) => {
      const end = await runTurns([{ ...read, fault }]);
      expect(end.outcome?.verdict).toBe("refused_by_provider");
      expect(end.outcome?.reason).toContain(words);
      expect(end.requests).toBe(1);
    },
  );
});

describe("unusual answers", () => {
  test.concurrent.each<[string, ModelTurn]>([
    ["no usage", { ...read, usage: null }],
    ["no index", { ...read, quirks: { noIndex: true } }],
    ["finish reason stop with a call", { ...read, finish: "stop" }],
    ["one answer without a call", { text: "Let me think." }],
    ["one truncated answer", { text: "Let me", finish: "length" }],
    ["an empty answer", {}],
    ["one filtered answer", { finish: "content_filter" }],
    ["broken tool JSON", { calls: [{ tool: "read_file", args: '{"path": "a.t' }] }],
    ["tool arguments that are not an object", { calls: [{ tool: "read_file", args: "[1]" }] }],
    ["an unknown tool", call("launch_rocket", { at: "dawn" })],
    ["a tool without a name", call("", {})],
    ["a missing id", { calls: [{ tool: "list_dir", args: { path: "." }, id: null }] }],
  ])("D7 the worker continues after %s", async (_, turn) => {
    const end = await runTurns([turn, done("ok")]);
    expect(end.outcome).toMatchObject({ verdict: "complete", reason: "ok" });
    expect(end.requests).toBe(2);
  });

  test("D7 parallel calls with one id and index run separately and in order", async () => {
    const paths = ["a.txt", "logo.bin", "missing"];
    const calls = paths.map((path) => ({ tool: "read_file", args: { path }, id: "same" }));
    const end = await runTurns([{ calls }, { calls: calls.slice(0, 1) }, done("ok")]);
    const results = ofType(end, "result").filter((message) => message.tool === "read_file");
    expect(results.map((message) => message.ok)).toEqual([true, false, false, true]);
    expect(new Set(results.map((message) => message.callId)).size).toBe(4);
    expect(end.outcome?.verdict).toBe("complete");
  });

  test.concurrent.each<[string, ModelTurn, string]>([
    ["only text", { text: "All done!" }, "no_progress"],
    ["only truncated answers", { text: "and so", finish: "length" }, "no_progress"],
    ["only filtered answers", { finish: "content_filter" }, "refused_by_provider"],
    ["only calls of an unknown tool", call("launch_rocket", {}), "no_progress"],
  ])("D7 a model that gives %s ends with a verdict", async (_, turn, verdict) => {
    const end = await runTurns([turn]);
    expect(end.outcome?.verdict).toBe(verdict as WorkerVerdictName);
    expect(end.requests).toBeLessThanOrEqual(5);
  });
});

type WorkerVerdictName = NonNullable<WorkerEnd["outcome"]>["verdict"];
