/** Obtains a permit from the parent's rate limiter, which knows every worker, before each request. */
import type { WorkerMessage } from "./protocol.ts";

export class RateLimitClient {
  readonly #emit: (message: WorkerMessage) => Promise<void>;
  readonly #waiting = new Map<number, () => void>();
  #lastId = 0;

  constructor(emit: (message: WorkerMessage) => Promise<void>) {
    this.#emit = emit;
  }

  /** Resolves when the parent grants a permit, or when the signal aborts. */
  async obtain(estimatedTokens: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const id = ++this.#lastId;
    const granted = new Promise<void>((resolve) => {
      this.#waiting.set(id, resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await this.#emit({ type: "permit.requested", id, estimatedTokens });
    await granted;
    this.#waiting.delete(id);
  }

  /** Handles the parent's `permit.granted` message. */
  grant(id: number): void {
    this.#waiting.get(id)?.();
  }
}
