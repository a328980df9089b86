/**
 * When to ask again, and how long to wait. Every retry counts, also those the server asked for with
 * `Retry-After`: an endpoint that always says "later" is given up like any other.
 */
import type { ModelResult, TokenUsage } from "./message.ts";
import { addUsage } from "./usage.ts";

export interface RetryPolicy {
  retriesMax: number;
  backoffMinMs: number;
  backoffMaxMs: number;
  retryAfterMaxMs: number;
}

/** The server's wish from `Retry-After` (seconds or an HTTP date), or null when it has none. */
export function parseRetryAfter(header: string | null | undefined, now: number): number | null {
  const text = header?.trim() ?? "";
  if (text === "") return null;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
  const ms = seconds === null ? Date.parse(text) - now : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 ? Math.ceil(ms) : null;
}

/**
 * Milliseconds before retry number `retry` (from 1). The server's wish is kept, up to the cap;
 * without one the wait doubles from min to max, with a random half taken off so that workers that
 * failed together do not come back together. `random` gives [0, 1).
 */
export function retryDelay(
  policy: RetryPolicy,
  wait: { retry: number; retryAfterMs: number | null; random: () => number },
): number {
  if (wait.retryAfterMs !== null) return Math.min(wait.retryAfterMs, policy.retryAfterMaxMs);
  const full = Math.min(policy.backoffMinMs * 2 ** (wait.retry - 1), policy.backoffMaxMs);
  return Math.round(full * (1 - wait.random() / 2));
}

export interface RetryPorts {
  /** Sends one request; called again for every retry. */
  send(): Promise<ModelResult>;
  /** Told of every retriable failure before the wait. */
  onRetry(retry: {
    attempt: number;
    delayMs: number;
    reason: string;
    limited: boolean;
  }): Promise<void>;
  /** Waits; resolves early when the caller is cancelled. */
  sleep(ms: number): Promise<void>;
  random(): number;
}

/**
 * Sends until there is a reply, a fatal answer, a cancellation, or no retry left. The usage is that of
 * all tries together: tokens of answers that broke off were paid for, too.
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
      const tries = attempt === 1 ? "1 try" : `${attempt} tries`;
      return { kind: "fatal", reason: `${reason}; gave up after ${tries}`, status, usage };
    }
    const delayMs = retryDelay(policy, { retry: attempt, retryAfterMs, random: ports.random });
    await ports.onRetry({ attempt, delayMs, reason, limited });
    await ports.sleep(delayMs);
  }
}
