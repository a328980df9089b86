import { describe, expect, test } from "bun:test";
import type { ModelResult } from "./message.ts";
import { parseRetryAfter, type RetryPolicy, retryDelay, sendWithRetries } from "./retry.ts";

const policy: RetryPolicy = {
  retriesMax: 3,
  backoffMinMs: 1000,
  backoffMaxMs: 60_000,
  retryAfterMaxMs: 120_000,
};
const now = Date.parse("2026-01-02T03:04:05Z");

describe("parseRetryAfter", () => {
  test.each([
    ["7", 7000],
    ["1.5", 1500],
    [" 86400 ", 86_400_000],
    ["Fri, 02 Jan 2026 03:04:15 GMT", 10_000],
    ["Fri, 02 Jan 2026 03:04:00 GMT", null],
    ["0", null],
    ["-5", null],
    ["soon", null],
    ["", null],
    [null, null],
  ])("Retry-After %p is %p ms", (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });
});

describe("retryDelay", () => {
  test.each([
    [{ retry: 1, retryAfterMs: null }, 1000],
    [{ retry: 4, retryAfterMs: null }, 8000],
    [{ retry: 40, retryAfterMs: null }, 60_000],
    [{ retry: 1, retryAfterMs: 7000 }, 7000],
    [{ retry: 1, retryAfterMs: 86_400_000 }, 120_000],
  ])("a retry with %p waits %p ms", (wait, ms) => {
    expect(retryDelay(policy, { ...wait, random: () => 0 })).toBe(ms);
  });

  test("the delay keeps to its limits at their values", () => {
    const wait = (retry: number, retryAfterMs: number | null = null) =>
      retryDelay(policy, { retry, retryAfterMs, random: () => 0 });
    expect([wait(1), wait(2), wait(6), wait(7)]).toEqual([1000, 2000, 32_000, 60_000]);
    expect([wait(1, 119_999), wait(1, 120_000), wait(1, 120_001)]).toEqual([
      119_999, 120_000, 120_000,
    ]);
  });

  test("jitter reduces the delay by up to half", () => {
    expect(retryDelay(policy, { retry: 1, retryAfterMs: null, random: () => 0.999 })).toBe(500);
  });
});

describe("sendWithRetries", () => {
  const busy = (retryAfterMs: number | null): ModelResult => ({
    kind: "retriable",
    reason: "busy",
    limited: true,
    retryAfterMs,
    status: 429,
    usage: null,
  });
  const reply: ModelResult = {
    kind: "reply",
    text: "",
    reasoning: "",
    toolCalls: [],
    finishReason: "stop",
    usage: null,
  };

  async function run(results: ModelResult[]) {
    const slept: number[] = [];
    let sent = 0;
    const result = await sendWithRetries(policy, {
      send: async () => results[Math.min(sent++, results.length - 1)] ?? reply,
      onRetry: async () => {},
      sleep: async (ms) => void slept.push(ms),
      random: () => 0,
    });
    return { result, sent, slept };
  }

  test("D7 a request to a busy endpoint is retried until it answers", async () => {
    expect(await run([busy(null), busy(5000), reply])).toEqual({
      result: reply,
      sent: 3,
      slept: [1000, 5000],
    });
  });

  test("D7 retries with Retry-After count towards the limit", async () => {
    const { result, sent, slept } = await run([busy(999_000)]);
    expect({ sent, slept, reason: result.kind === "fatal" ? result.reason : null }).toEqual({
      sent: 4,
      slept: [120_000, 120_000, 120_000],
      reason: "busy; gave up after 4 tries",
    });
  });

  test("D11 the usage includes the tokens of failed tries", async () => {
    const spent = { promptTokens: 5, cachedTokens: 1, completionTokens: 2 };
    const { result } = await run([
      { ...busy(null), usage: spent },
      busy(null),
      { ...reply, usage: spent },
    ]);
    expect(result.usage).toEqual({ promptTokens: 10, cachedTokens: 2, completionTokens: 4 });
  });

  test("D7 a fatal failure is not retried", async () => {
    const fatal: ModelResult = {
      ...{ kind: "fatal", refused: "always", reason: "no", status: 401, usage: null },
    };
    expect(await run([fatal])).toEqual({ result: fatal, sent: 1, slept: [] });
  });
});
