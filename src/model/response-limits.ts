/**
 * Limits of one response: the time until its headers and, applied to its raw bytes, the time between two
 * chunks and the total size.
 *
 * Works on bytes because keep-alive comments must restart the limit. The client's own timeout counts time in
 * which this process was stopped, and ends with the headers.
 */
import { startLimit } from "../std/limit.ts";

const answerBytesMax = 64 * 1024 * 1024;

export class ResponseLimits {
  readonly #controller = new AbortController();
  readonly #idleMs: number;
  #endLimit: () => void;
  #bytes = 0;
  /** The limit that has expired: no headers for `requestMs`, or no byte for `idleMs`. */
  expired: "request" | "idle" | null = null;
  /** True once the response exceeded the size limit. */
  overflowed = false;
  contentType: string | null = null;
  /** Aborts with the caller's signal or when a limit is exceeded. */
  readonly signal: AbortSignal;

  constructor(
    callerSignal: AbortSignal,
    { requestMs, idleMs }: { requestMs: number; idleMs: number },
  ) {
    this.#idleMs = idleMs;
    this.#endLimit = startLimit(requestMs, () => this.#expire("request"));
    this.signal = AbortSignal.any([callerSignal, this.#controller.signal]);
  }

  /** A copy of the response with the limits applied to its body. */
  apply(response: Response): Response {
    this.contentType = response.headers.get("content-type");
    this.#restart();
    if (response.body === null) return response;
    const limited = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          this.#restart();
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

  /** Ends the time limits. */
  stop(): void {
    this.#endLimit();
  }

  #restart(): void {
    this.#endLimit();
    this.#endLimit = startLimit(this.#idleMs, () => this.#expire("idle"));
  }

  #expire(which: "request" | "idle"): void {
    this.expired = which;
    this.#controller.abort();
  }
}
