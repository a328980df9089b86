/**
 * The rate limiter all workers of a run share: a worker asks before each request.
 *
 * A permit is held until the worker says how the request ended. One `Retry-After` delays everybody
 * who talks to that provider. First come, first served.
 */
import type { Clock } from "../std/clock.ts";

interface Lane {
  held: Set<string>;
  waiting: { holder: string; grant: () => void }[];
  closedUntil: number;
  timer: ReturnType<typeof setTimeout> | null;
}

export class Permits {
  readonly #lanes = new Map<string, Lane>();
  readonly #concurrent: (provider: string) => number;
  readonly #clock: Clock;

  /** `concurrent` gives the requests a provider takes at once. */
  constructor(concurrent: (provider: string) => number, clock: Clock) {
    this.#concurrent = concurrent;
    this.#clock = clock;
  }

  /** Calls `grant` when `holder` may send one request; at once when there is room. */
  request(provider: string, holder: string, grant: () => void): void {
    this.#lane(provider).waiting.push({ holder, grant });
    this.#pump(provider);
  }

  /** The holder's request is over, or the holder is gone. */
  release(provider: string, holder: string): void {
    const lane = this.#lane(provider);
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
      lane = { held: new Set(), waiting: [], closedUntil: 0, timer: null };
      this.#lanes.set(provider, lane);
    }
    return lane;
  }

  #pump(provider: string): void {
    const lane = this.#lane(provider);
    const wait = lane.closedUntil - this.#clock.now();
    if (wait > 0) {
      if (lane.waiting.length === 0) return;
      // Who waits keeps the run alive; a run that is over must not wait for this.
      lane.timer ??= setTimeout(() => {
        lane.timer = null;
        this.#pump(provider);
      }, wait).unref();
      return;
    }
    while (lane.held.size < this.#concurrent(provider)) {
      const next = lane.waiting.shift();
      if (next === undefined) return;
      lane.held.add(next.holder);
      next.grant();
    }
  }
}
