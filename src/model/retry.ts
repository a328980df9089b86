/**
 * Retries requests with exponential backoff. Retries requested with `Retry-After` count towards the limit,
 * so an endpoint that always requests one is given up too.
 */
import { plural } from "../std/text.ts";
import type { ModelResult } from "./message.ts";
import { settingHint } from "./troubles.ts";
import { addUsage, type TokenUsage } from "./usage.ts";

export interface RetryPolicy {
  retriesMax: number;
  backoffMinMs: number;
  backoffMaxMs: number;
  retryAfterMaxMs: number;
}

/** Milliseconds in a `Retry-After` header (seconds or an HTTP date); null when absent, invalid or past. */
export function parseRetryAfter(header: string | null | undefined, now: number): number | null {
  const text = header?.trim() ?? "";
  if (text === "") return null;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
  const ms = seconds === null ? Date.parse(text) - now : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 ? Math.ceil(ms) : null;
}

/**
 * Milliseconds to wait before retry number `retry` (from 1). `retryAfterMs` is used up to its maximum.
 * Without it the delay doubles from minimum to maximum and is reduced by up to half at random, so that
 * workers that failed together do not retry together. `random` returns [0, 1).
 */
export function retryDelay(
  policy: RetryPolicy,
  wait: { retry: number; retryAfterMs: number | null; random: () => number },
): number {
  if (wait.retryAfterMs !== null) return Math.min(wait.retryAfterMs, policy.retryAfterMaxMs);
  const full = Math.min(policy.backoffMinMs * 2 ** (wait.retry - 1), policy.backoffMaxMs);
  return Math.round(full * (1 - wait.random() / 2));
}

interface RetryPorts {
  /** Sends the request; called once per try. */
  send(): Promise<ModelResult>;
  /** Called after every retriable failure, before the wait. */
  onRetry(retry: {
    attempt: number;
    delayMs: number;
    reason: string;
    limited: boolean;
  }): Promise<void>;
  /** Waits; resolves early on cancellation. */
  sleep(ms: number): Promise<void>;
  random(): number;
}

/**
 * Sends a request until there is a reply, a fatal failure, a cancellation, or no retry left. The usage is
 * the sum over all tries, because incomplete answers are charged too.
 */
export async function sendWithRetries(
  policy: RetryPolicy,
  ports: RetryPorts,
): Promise<Exclude<ModelResult, { kind: "retriable" }>> {
  let usage: TokenUsage | null = null;
  for (let attempt = 1; ; attempt++) {
    const result = await ports.send();
    if (result.usage !== null)
      usage = usage === null ? result.usage : addUsage(usage, result.usage);
    if (result.kind !== "retriable") return { ...result, usage };
    const { reason, limited, retryAfterMs, status } = result;
    if (attempt > policy.retriesMax) {
      const tries = plural(attempt, "try", "tries");
      const given = `${reason}; gave up after ${tries}${settingHint(reason)}`;
      return { kind: "fatal", refused: null, reason: given, status, usage };
    }
    const delayMs = retryDelay(policy, { retry: attempt, retryAfterMs, random: ports.random });
    await ports.onRetry({ attempt, delayMs, reason, limited });
    await ports.sleep(delayMs);
  }
}
