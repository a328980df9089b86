/** Questions of a worker to its parent: a permit before each request to a model, and whether `done` ends the work. */
import type { ParentMessage, WorkerMessage } from "./protocol.ts";

export class ParentClient {
  readonly #emit: (message: WorkerMessage) => Promise<void>;
  readonly #waiting = new Map<number, (answer: ParentMessage | null) => void>();
  #lastId = 0;

  constructor(emit: (message: WorkerMessage) => Promise<void>) {
    this.#emit = emit;
  }

  /** Resolves when the parent's rate limiter grants a permit, or when the signal aborts. */
  async obtain(estimatedTokens: number, signal: AbortSignal): Promise<void> {
    await this.#ask((id) => ({ type: "permit.requested", id, estimatedTokens }), signal);
  }

  /** The reason why the work cannot end now; null when it can, or when the signal aborts. */
  async offerDone(signal: AbortSignal): Promise<string | null> {
    const answer = await this.#ask((id) => ({ type: "done.offered", id }), signal);
    return answer?.type === "done.answered" ? answer.problem : null;
  }

  /** Handles a message of the parent. */
  receive(message: ParentMessage): void {
    this.#waiting.get(message.id)?.(message);
  }

  async #ask(
    question: (id: number) => WorkerMessage,
    signal: AbortSignal,
  ): Promise<ParentMessage | null> {
    if (signal.aborted) return null;
    const id = ++this.#lastId;
    const answered = new Promise<ParentMessage | null>((resolve) => {
      this.#waiting.set(id, resolve);
      signal.addEventListener("abort", () => resolve(null), { once: true });
    });
    await this.#emit(question(id));
    const answer = await answered;
    this.#waiting.delete(id);
    return answer;
  }
}
