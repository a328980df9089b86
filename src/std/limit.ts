/**
 * Time limits that count only time in which this process ran.
 *
 * A stopped process (SIGSTOP, Ctrl-Z), a sleeping laptop or a paused virtual machine sees the clock jump.
 * So time is added up in small steps, and a step counts for at most `stepMaxMs`. The first look at the clock
 * after a jump expires nothing: processes that ended and answers that arrived before it are handled first.
 * A child that is stopped while this process runs reaches its limit like one that waits.
 */

/** Time between two looks at the clock. */
const tickMs = 250;
/** A longer step is a suspension (or an event loop blocked for as long) and counts for this much. */
const stepMaxMs = 1000;

interface Limit {
  /** Running time at which it expires. */
  at: number;
  expire(): void;
}

/** Limits and the running time, given what a monotonic clock shows in milliseconds. Pure. */
export class LimitTable {
  readonly #limits = new Set<Limit>();
  #seen: number;
  #ran = 0;
  #jumped = false;

  constructor(now: number) {
    this.#seen = now;
  }

  /** Adds a limit; the returned function removes it. */
  add(now: number, limitMs: number, expire: () => void): () => void {
    // Nothing looks at the clock while there are no limits.
    if (this.#limits.size === 0) this.#seen = now;
    this.#look(now);
    const limit = { at: this.#ran + limitMs, expire };
    this.#limits.add(limit);
    return () => void this.#limits.delete(limit);
  }

  /** Removes the limits that have expired and returns their functions; none right after a jump. */
  tick(now: number): (() => void)[] {
    this.#look(now);
    if (this.#jumped) {
      this.#jumped = false;
      return [];
    }
    const expired = [...this.#limits].filter(({ at }) => at <= this.#ran);
    for (const limit of expired) this.#limits.delete(limit);
    return expired.map(({ expire }) => expire);
  }

  /** Time until the next `tick` is due; null without limits. */
  nextTickMs(): number | null {
    if (this.#limits.size === 0) return null;
    const soonest = Math.min(...[...this.#limits].map(({ at }) => at));
    return Math.max(1, Math.min(tickMs, soonest - this.#ran));
  }

  #look(now: number): void {
    const step = now - this.#seen;
    this.#seen = now;
    if (step > stepMaxMs) this.#jumped = true;
    this.#ran += Math.max(0, Math.min(step, stepMaxMs));
  }
}

const table = new LimitTable(performance.now());
let timer: ReturnType<typeof setTimeout> | null = null;

/** Calls `expire` once this process has run for `limitMs` more; the returned function ends the limit. */
export function startLimit(limitMs: number, expire: () => void): () => void {
  const remove = table.add(performance.now(), limitMs, expire);
  schedule();
  return () => {
    remove();
    schedule();
  };
}

/** A signal that aborts once this process has run for `limitMs` more. */
export function limitSignal(limitMs: number): AbortSignal {
  const abort = new AbortController();
  startLimit(limitMs, () => abort.abort());
  return abort.signal;
}

function schedule(): void {
  if (timer !== null) clearTimeout(timer);
  const ms = table.nextTickMs();
  // The work that is limited keeps the process alive, not its limit.
  timer = ms === null ? null : setTimeout(tick, ms).unref();
}

function tick(): void {
  for (const expire of table.tick(performance.now())) expire();
  schedule();
}
