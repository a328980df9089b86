import { describe, expect, test } from "bun:test";
import type { WorkerMessage } from "../worker/protocol.ts";
import {
  applyRequestMessage,
  countedTokens,
  type ProviderLimits,
  RateLimiter,
} from "./rate-limiter.ts";

function limiterWith(limits: Partial<ProviderLimits>) {
  const clock = { time: 0, now: () => clock.time };
  const granted: string[] = [];
  const all = { concurrent: 99, requestsPerMinute: null, tokensPerMinute: null, ...limits };
  const limiter = new RateLimiter(() => all, clock);
  const ask = (holder: string, tokens = 1, provider = "p"): void =>
    limiter.request(provider, { holder, tokens, grant: () => granted.push(holder) });
  /** Advances the clock and lets the limiter look at it. */
  const at = (time: number): void => {
    clock.time = time;
    limiter.release("p", "none");
  };
  return { limiter, granted, ask, at };
}

describe("RateLimiter", () => {
  test("grants as many permits as the provider allows, further ones first come, first served", () => {
    const { limiter, granted, ask } = limiterWith({ concurrent: 2 });
    for (const holder of ["a", "b", "c", "d"]) ask(holder);
    expect(granted).toEqual(["a", "b"]);
    limiter.release("p", "b");
    expect(granted).toEqual(["a", "b", "c"]);
    limiter.release("p", "a");
    expect(granted).toEqual(["a", "b", "c", "d"]);
  });

  test("a released holder no longer waits", () => {
    const { limiter, granted, ask } = limiterWith({ concurrent: 1 });
    for (const holder of ["a", "b", "c"]) ask(holder);
    limiter.release("p", "b");
    limiter.release("p", "a");
    expect(granted).toEqual(["a", "c"]);
  });

  test("one Retry-After delays every request to that provider and none to another", () => {
    const { limiter, granted, ask, at } = limiterWith({});
    limiter.pause("p", 1000);
    ask("a");
    ask("b", 1, "other");
    expect(granted).toEqual(["b"]);
    at(1001);
    ask("c");
    expect(granted).toEqual(["b", "a", "c"]);
  });

  test("a later, shorter Retry-After does not shorten a pause, and a longer one extends it", () => {
    const { limiter, granted, ask, at } = limiterWith({});
    limiter.pause("p", 1000);
    limiter.pause("p", 10);
    ask("a");
    at(999);
    expect(granted).toEqual([]);
    at(1000);
    expect(granted).toEqual(["a"]);
    limiter.pause("p", 10);
    limiter.pause("p", 500);
    ask("b");
    at(1499);
    expect(granted).toEqual(["a"]);
    at(1500);
    expect(granted).toEqual(["a", "b"]);
  });

  test("tokens of exactly the limit are granted, one more waits for the next minute", () => {
    const { granted, ask, at } = limiterWith({ tokensPerMinute: 100 });
    ask("a", 60);
    ask("b", 40);
    ask("c", 1);
    expect(granted).toEqual(["a", "b"]);
    at(59_999);
    expect(granted).toEqual(["a", "b"]);
    at(60_000);
    expect(granted).toEqual(["a", "b", "c"]);
  });

  test("the tokens of prompt and answer count, and an answer without usage keeps the estimate", () => {
    const usage = { promptTokens: 5, cachedTokens: 4, completionTokens: 3 };
    expect([countedTokens(usage), countedTokens(null)]).toEqual([8, null]);
  });

  test("used tokens replace the estimate of the holder's last request, and no other", () => {
    const { limiter, granted, ask } = limiterWith({ tokensPerMinute: 100 });
    ask("a", 10);
    limiter.release("p", "a", 20);
    ask("b", 30);
    ask("a", 30);
    limiter.release("p", "a", 20);
    // 20 + 30 + 20 of 100 are used.
    ask("c", 30);
    expect(granted).toEqual(["a", "b", "a", "c"]);
    limiter.release("p", "b", null);
    ask("d", 1);
    expect(granted).toEqual(["a", "b", "a", "c"]);
  });

  test("a worker's end of a request releases its permit, with the tokens of its prompt and completion", () => {
    const usage = { promptTokens: 60, cachedTokens: 50, completionTokens: 30 };
    const turn = { turn: 1, finishReason: "stop", usage, durationMs: 1, model: "m" };
    const ends: [WorkerMessage, number][] = [
      [{ type: "provider.retried" } as WorkerMessage, 90],
      [{ type: "turn.finished", ...turn } as unknown as WorkerMessage, 10],
    ];
    for (const [message, left] of ends) {
      const { limiter, granted, ask } = limiterWith({ concurrent: 1, tokensPerMinute: 100 });
      const of = { provider: "p", holder: "w" };
      ask("w", 10);
      applyRequestMessage(limiter, of, message, () => {});
      ask("fits", left);
      limiter.release("p", "fits");
      ask("exceeds", 1);
      expect([message.type, granted]).toEqual([message.type, ["w", "fits"]]);
    }
  });

  test("requests within any minute count together", () => {
    const { limiter, granted, ask, at } = limiterWith({ requestsPerMinute: 2 });
    ask("a");
    at(30_000);
    for (const holder of ["b", "c", "d"]) ask(holder);
    for (const holder of ["a", "b"]) limiter.release("p", holder);
    expect(granted).toEqual(["a", "b"]);
    at(59_999);
    expect(granted).toEqual(["a", "b"]);
    at(60_000);
    expect(granted).toEqual(["a", "b", "c"]);
    at(90_000);
    expect(granted).toEqual(["a", "b", "c", "d"]);
  });

  test("tokens within any minute count together, as estimated and then as used", () => {
    const { limiter, granted, ask, at } = limiterWith({ tokensPerMinute: 100 });
    ask("a", 60);
    ask("b", 50);
    expect(granted).toEqual(["a"]);
    limiter.release("p", "a", 45);
    expect(granted).toEqual(["a", "b"]);
    ask("c", 6);
    expect(granted).toEqual(["a", "b"]);
    at(60_000);
    expect(granted).toEqual(["a", "b", "c"]);
  });

  test("a worker's messages request, pause and release permits", () => {
    const { limiter, granted, ask, at } = limiterWith({ concurrent: 1, tokensPerMinute: 100 });
    const of = { provider: "p", holder: "w" };
    const send = (message: WorkerMessage): void =>
      applyRequestMessage(limiter, of, message, ({ id }) => granted.push(`w${id}`));
    send({ type: "permit.requested", id: 1, estimatedTokens: 10 });
    ask("next");
    expect(granted).toEqual(["w1"]);
    send({ type: "provider.limited", retryAfterMs: 500 });
    ask("later");
    expect(granted).toEqual(["w1"]);
    at(500);
    expect(granted).toEqual(["w1", "next"]);
    limiter.release("p", "next");
    expect(granted).toEqual(["w1", "next", "later"]);
  });

  test("a request larger than the limit is granted alone, and none overtakes it", () => {
    const { granted, ask, at } = limiterWith({ tokensPerMinute: 100 });
    ask("a", 10);
    ask("huge", 500);
    ask("b", 10);
    expect(granted).toEqual(["a"]);
    at(60_000);
    expect(granted).toEqual(["a", "huge"]);
    at(120_000);
    expect(granted).toEqual(["a", "huge", "b"]);
  });
});
