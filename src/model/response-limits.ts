/**
 * Limits of one response, applied to its raw bytes: the time between two chunks and the total size.
 *
 * Works on bytes because keep-alive comments must restart the timer, and because the client's own timeout
 * ends with the headers.
 */

const answerBytesMax = 64 * 1024 * 1024;

export class ResponseLimits {
  readonly #controller = new AbortController();
  readonly #idleMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #bytes = 0;
  /** True once no byte arrived for `idleMs`. */
  expired = false;
  /** True once the response exceeded the size limit. */
  overflowed = false;
  contentType: string | null = null;
  /** Aborts with the caller's signal or when a limit is exceeded. */
  readonly signal: AbortSignal;

  constructor(callerSignal: AbortSignal, idleMs: number) {
    this.#idleMs = idleMs;
    this.signal = AbortSignal.any([callerSignal, this.#controller.signal]);
  }

  /** A copy of the response with the limits applied to its body. */
  apply(response: Response): Response {
    this.contentType = response.headers.get("content-type");
    this.#restartTimer();
    if (response.body === null) return response;
    const limited = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          this.#restartTimer();
          this.#bytes += chunk.byteLength;
          if (this.#bytes > answerBytesMax) {
            this.overflowed = true;
            this.#controller.abort();
          } else controller.enqueue(chunk);
        },
      }),
    );
    return new Response(limited, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  }

  /** Stops the timer. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #restartTimer(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#controller.abort();
    }, this.#idleMs);
  }
}
