/** Time as the shell sees it; the core never reads it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** True for the reason that an aborted signal throws. */
export function isAbortError(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Calls `act` when a signal aborts, and at once when it has; returns what ends that. */
export function whenAborted(signal: AbortSignal, act: () => void): () => void {
  // A signal has each function only once.
  const listener = (): void => act();
  signal.addEventListener("abort", listener, { once: true });
  if (signal.aborted) act();
  return () => signal.removeEventListener("abort", listener);
}

/** Waits; resolves early when the signal aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** RFC 3339 in UTC with milliseconds, e.g. `2026-01-02T03:04:05.678Z`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Waits until the clock shows a later second than that of a time in milliseconds. */
export async function untilSecondAfter(ms: number, signal?: AbortSignal): Promise<void> {
  while (Math.floor(Date.now() / 1000) <= Math.floor(ms / 1000) && !signal?.aborted) {
    await sleep(1000 - (Date.now() % 1000), signal);
    // A clock that was set back must not hold up a run.
    if (Date.now() < ms - 1000) return;
  }
}
