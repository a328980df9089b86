/**
 * The rate limiter that all workers of a run share, by provider: a worker gets a permit before each request.
 *
 * A permit is held until the request has ended. One `Retry-After` delays every request to that provider, and the
 * provider's limits per minute are shared as well. First come, first served.
 */
import type { ProviderConfig } from "../config/config.ts";
import type { Clock } from "../std/clock.ts";
import type { ParentMessage, TokenUsage, WorkerMessage } from "../worker/protocol.ts";

const minuteMs = 60_000;

/** Limits of a provider; null for no limit. */
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

interface PermitRequest {
  /** Marker of the process that sends the request. */
  holder: string;
  /** Estimated tokens of the request. */
  tokens: number;
  grant: () => void;
}

/** The state of one provider. */
interface Lane {
  held: Set<string>;
  waiting: PermitRequest[];
  /** Permits granted in the last minute, oldest first. */
  recent: { at: number; holder: string; tokens: number }[];
  pausedUntil: number;
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

  /** Calls `grant` when the holder may send one request; at once when the limits allow it. */
  request(provider: string, request: PermitRequest): void {
    this.#lane(provider).waiting.push(request);
    this.#grantNext(provider);
  }

  /** Waits for a permit, and keeps this process alive until then. */
  async obtain(provider: string, of: Omit<PermitRequest, "grant">): Promise<void> {
    const keepAlive = setInterval(() => {}, minuteMs);
    await new Promise<void>((grant) => this.request(provider, { ...of, grant }));
    clearInterval(keepAlive);
  }

  /**
   * Takes back the holder's permit and its waiting requests. `tokens` are those its request used; null keeps the
   * estimate.
   */
  release(provider: string, holder: string, tokens: number | null = null): void {
    const lane = this.#lane(provider);
    const last = lane.held.has(holder) ? lane.recent.findLast((r) => r.holder === holder) : null;
    if (last && tokens !== null) last.tokens = tokens;
    lane.held.delete(holder);
    lane.waiting = lane.waiting.filter((request) => request.holder !== holder);
    this.#grantNext(provider);
  }

  /** Grants no permit for the provider for `delayMs`. */
  pause(provider: string, delayMs: number): void {
    const lane = this.#lane(provider);
    lane.pausedUntil = Math.max(lane.pausedUntil, this.#clock.now() + delayMs);
  }

  #lane(provider: string): Lane {
    let lane = this.#lanes.get(provider);
    if (lane === undefined) {
      lane = { held: new Set(), waiting: [], recent: [], pausedUntil: 0, timer: null };
      this.#lanes.set(provider, lane);
    }
    return lane;
  }

  /** Grants as many waiting requests as the limits allow now. */
  #grantNext(provider: string): void {
    const lane = this.#lane(provider);
    const limits = this.#limits(provider);
    for (;;) {
      const [next] = lane.waiting;
      if (next === undefined || lane.held.size >= limits.concurrent) return;
      const now = this.#clock.now();
      const waitMs = Math.max(lane.pausedUntil - now, minuteWaitMs(lane, { limits, next, now }));
      if (waitMs > 0) {
        this.#grantLater(provider, waitMs);
        return;
      }
      lane.waiting.shift();
      lane.held.add(next.holder);
      lane.recent.push({ at: now, holder: next.holder, tokens: next.tokens });
      next.grant();
    }
  }

  #grantLater(provider: string, waitMs: number): void {
    const lane = this.#lane(provider);
    if (lane.timer !== null) clearTimeout(lane.timer);
    // Waiting workers keep the run alive; the timer of a finished run must not.
    lane.timer = setTimeout(() => this.#grantNext(provider), waitMs).unref();
  }
}

/** Milliseconds until the next request fits into the limits per minute; 0 when it fits now. */
function minuteWaitMs(
  lane: Lane,
  { limits, next, now }: { limits: ProviderLimits; next: PermitRequest; now: number },
): number {
  const { requestsPerMinute: requestsMax, tokensPerMinute: tokensMax } = limits;
  if (requestsMax === null && tokensMax === null) lane.recent = [];
  lane.recent = lane.recent.filter(({ at }) => at + minuteMs > now);
  let requests = lane.recent.length;
  let tokens = lane.recent.reduce((sum, entry) => sum + entry.tokens, 0);
  // A request larger than the limit is granted when it is the only one of its minute.
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

/** Updates the rate limiter from a worker's message; ignores messages that do not concern requests. */
export function applyRequestMessage(
  limiter: RateLimiter,
  { provider, holder }: { provider: string; holder: string },
  message: WorkerMessage,
  reply: (answer: ParentMessage) => void,
): void {
  switch (message.type) {
    case "permit.requested":
      limiter.request(provider, {
        holder,
        tokens: message.estimatedTokens,
        grant: () => reply({ type: "permit.granted", id: message.id }),
      });
      return;
    case "provider.limited":
      limiter.pause(provider, message.retryAfterMs);
      limiter.release(provider, holder);
      return;
    case "provider.retried":
      limiter.release(provider, holder);
      return;
    case "turn.finished":
      limiter.release(provider, holder, countedTokens(message.usage));
      return;
    default:
  }
}

/** Tokens that count against a provider's limit per minute: prompt and completion, cached or not. */
export function countedTokens(usage: TokenUsage | null): number | null {
  return usage === null ? null : usage.promptTokens + usage.completionTokens;
}
