/**
 * Watches the raw bytes of an answer: keep-alive comments are signs of life, the client's own timeout
 * ends at the headers, and an answer without end must not fill the memory.
 */

/** Bytes an answer may have before it is given up. */
const answerBytesMax = 64 * 1024 * 1024;

export class ResponseLimits {
  readonly #controller = new AbortController();
  readonly #idleMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #bytes = 0;
  expired = false;
  overflowed = false;
  contentType: string | null = null;
  readonly signal: AbortSignal;

  constructor(outer: AbortSignal, idleMs: number) {
    this.#idleMs = idleMs;
    this.signal = AbortSignal.any([outer, this.#controller.signal]);
  }

  /** The same response, its bytes counted as they pass. */
  through(response: Response): Response {
    this.contentType = response.headers.get("content-type");
    this.#touch();
    if (response.body === null) return response;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          this.#touch();
          this.#bytes += chunk.byteLength;
          if (this.#bytes > answerBytesMax) {
            this.overflowed = true;
            this.#controller.abort();
          } else controller.enqueue(chunk);
        },
      }),
    );
    return new Response(counted, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #touch(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#controller.abort();
    }, this.#idleMs);
  }
}
