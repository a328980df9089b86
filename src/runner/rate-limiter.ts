/**
 * The rate limiter all workers of a run share: a worker asks before each request.
 *
 * A permit is held until the worker says how the request ended. One `Retry-After` delays everybody
 * who talks to that provider, and what a provider takes in a minute is shared out in the same way.
 * First come, first served.
 */
import type { ProviderConfig } from "../config/config.ts";
import type { Clock } from "../std/clock.ts";
import type { ParentMessage, TokenUsage, WorkerMessage } from "../worker/protocol.ts";

const minuteMs = 60_000;

/** What a provider takes; null for no limit. */
export interface ProviderLimits {
  concurrent: number;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
}

/** The limits of a configured provider. */
export function providerLimits(provider: ProviderConfig | undefined): ProviderLimits {
  return {
    concurrent: provider?.maxConcurrent ?? Number.POSITIVE_INFINITY,
    requestsPerMinute: provider?.requestsPerMinute ?? null,
    tokensPerMinute: provider?.tokensPerMinute ?? null,
  };
}

interface Waiter {
  holder: string;
  /** Estimated tokens of the request. */
  tokens: number;
  grant: () => void;
}

interface Lane {
  held: Set<string>;
  waiting: Waiter[];
  /** What was let through in the last minute, oldest first. */
  recent: { at: number; holder: string; tokens: number }[];
  closedUntil: number;
  timer: ReturnType<typeof setTimeout> | null;
}

export class RateLimiter {
  readonly #lanes = new Map<string, Lane>();
  readonly #limits: (provider: string) => ProviderLimits;
  readonly #clock: Clock;

  constructor(limits: (provider: string) => ProviderLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Calls `grant` when the holder may send one request; at once when there is room. */
  request(provider: string, waiter: Waiter): void {
    this.#lane(provider).waiting.push(waiter);
    this.#pump(provider);
  }

  /** Waits for a permit, and keeps the process alive meanwhile. */
  async obtain(provider: string, of: Omit<Waiter, "grant">): Promise<void> {
    const awake = setInterval(() => {}, minuteMs);
    await new Promise<void>((grant) => this.request(provider, { ...of, grant }));
    clearInterval(awake);
  }

  /** The holder's request is over, or the holder is gone; `tokens` are those it really took. */
  release(provider: string, holder: string, tokens: number | null = null): void {
    const lane = this.#lane(provider);
    const last = lane.held.has(holder) ? lane.recent.findLast((r) => r.holder === holder) : null;
    if (last && tokens !== null) last.tokens = tokens;
    lane.held.delete(holder);
    lane.waiting = lane.waiting.filter((waiter) => waiter.holder !== holder);
    this.#pump(provider);
  }

  /** The provider asked for patience: nobody is let through for `delayMs`. */
  pause(provider: string, delayMs: number): void {
    const lane = this.#lane(provider);
    lane.closedUntil = Math.max(lane.closedUntil, this.#clock.now() + delayMs);
  }

  #lane(provider: string): Lane {
    let lane = this.#lanes.get(provider);
    if (lane === undefined) {
      lane = { held: new Set(), waiting: [], recent: [], closedUntil: 0, timer: null };
      this.#lanes.set(provider, lane);
    }
    return lane;
  }

  #pump(provider: string): void {
    const lane = this.#lane(provider);
    const limits = this.#limits(provider);
    for (;;) {
      const [next] = lane.waiting;
      if (next === undefined || lane.held.size >= limits.concurrent) return;
      const now = this.#clock.now();
      const wait = Math.max(lane.closedUntil - now, minuteWait(lane, { limits, next, now }));
      if (wait > 0) {
        this.#pumpLater(provider, wait);
        return;
      }
      lane.waiting.shift();
      lane.held.add(next.holder);
      lane.recent.push({ at: now, holder: next.holder, tokens: next.tokens });
      next.grant();
    }
  }

  #pumpLater(provider: string, waitMs: number): void {
    const lane = this.#lane(provider);
    if (lane.timer !== null) clearTimeout(lane.timer);
    // Who waits keeps the run alive; a run that is over must not wait for this.
    lane.timer = setTimeout(() => this.#pump(provider), waitMs).unref();
  }
}

/** Milliseconds until the next request fits into the minute; 0 when it does now. */
function minuteWait(
  lane: Lane,
  { limits, next, now }: { limits: ProviderLimits; next: Waiter; now: number },
): number {
  const { requestsPerMinute: requestsMax, tokensPerMinute: tokensMax } = limits;
  if (requestsMax === null && tokensMax === null) lane.recent = [];
  lane.recent = lane.recent.filter(({ at }) => at + minuteMs > now);
  let requests = lane.recent.length;
  let tokens = lane.recent.reduce((sum, entry) => sum + entry.tokens, 0);
  // A request larger than the whole minute goes when nothing else is in it.
  const fits = (): boolean =>
    requests === 0 ||
    (requests < (requestsMax ?? Number.POSITIVE_INFINITY) &&
      tokens + next.tokens <= (tokensMax ?? Number.POSITIVE_INFINITY));
  for (const entry of fits() ? [] : lane.recent) {
    requests--;
    tokens -= entry.tokens;
    if (fits()) return entry.at + minuteMs - now;
  }
  return 0;
}

// ------------------------------------------------------------
// What a worker says of its requests, as the rate limiter takes it.

/** Asks for, holds and gives back permits as the worker's messages say; others are none of it. */
export function applyRequestMessage(
  permits: RateLimiter,
  { provider, holder }: { provider: string; holder: string },
  message: WorkerMessage,
  reply: (answer: ParentMessage) => void,
): void {
  switch (message.type) {
    case "permit.requested":
      permits.request(provider, {
        holder,
        tokens: message.estimatedTokens,
        grant: () => reply({ type: "permit.granted", id: message.id }),
      });
      return;
    case "provider.limited":
      permits.pause(provider, message.retryAfterMs);
      permits.release(provider, holder);
      return;
    case "provider.retried":
      permits.release(provider, holder);
      return;
    case "turn.finished":
      permits.release(provider, holder, countedTokens(message.usage));
      return;
    default:
  }
}

/** What providers count against a minute: both directions, cached or not. */
export function countedTokens(usage: TokenUsage | null): number | null {
  return usage === null ? null : usage.promptTokens + usage.completionTokens;
}
