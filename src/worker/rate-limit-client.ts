/** Asks the parent, who knows what all workers do, for leave before each request. */
import type { WorkerMessage } from "./protocol.ts";

export class RateLimitClient {
  readonly #emit: (message: WorkerMessage) => Promise<void>;
  readonly #waiting = new Map<number, () => void>();
  #last = 0;

  constructor(emit: (message: WorkerMessage) => Promise<void>) {
    this.#emit = emit;
  }

  /** Resolves when the parent grants the permit, or when the signal says it no longer matters. */
  async obtain(estimatedTokens: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const id = ++this.#last;
    const granted = new Promise<void>((resolve) => {
      this.#waiting.set(id, resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await this.#emit({ type: "permit.requested", id, estimatedTokens });
    await granted;
    this.#waiting.delete(id);
  }

  /** The parent's answer. */
  grant(id: number): void {
    this.#waiting.get(id)?.();
  }
}
