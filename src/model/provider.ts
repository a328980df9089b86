/**
 * One request to an OpenAI-compatible endpoint, and a typed answer to whatever comes back.
 *
 * The only file that imports `openai`, and that lazily. Nothing is taken from the environment, nothing
 * is retried and no redirect is followed here. The SDK's own accumulation refuses what compatible
 * servers send and does not notice a stream that ends early, so the stream is read by hand.
 */
import type OpenAI from "openai";
import { Accumulator } from "./accumulate.ts";
import { type ModelRequest, type ModelResult, wireMessage } from "./message.ts";
import { parseRetryAfter } from "./retry.ts";

/** Bytes an answer may have before it is given up. */
const answerBytesMax = 64 * 1024 * 1024;
/** Characters of a server's own words that are passed on. */
const reasonCharsMax = 500;

export interface Endpoint {
  baseUrl: string;
  apiKey: string;
  /** Until the headers of the answer. */
  requestTimeoutMs: number;
  /** Between two pieces of the answer, keep-alive comments included. */
  idleTimeoutMs: number;
}

/** Sends requests to one endpoint. Never throws: see `ModelResult`. */
export interface Provider {
  send(request: ModelRequest): Promise<ModelResult>;
}

/** A provider for the endpoint; the client is loaded at the first request. */
export function openProvider(endpoint: Endpoint): Provider {
  return { send: (request) => send(endpoint, request) };
}

/** Loads the client ahead of its first use, so that it costs no time then. */
export async function preloadClient(): Promise<void> {
  await import("openai");
}

async function send(endpoint: Endpoint, request: ModelRequest): Promise<ModelResult> {
  const watch = new IdleWatch(request.signal, endpoint.idleTimeoutMs);
  const answer = new Accumulator();
  try {
    const client = await clientFor(endpoint, watch);
    const stream = await client.chat.completions.create(bodyOf(request), {
      signal: watch.signal,
    });
    for await (const chunk of stream) answer.add(chunk);
  } catch (error) {
    return failureOf(error, { answer, request, watch, endpoint });
  } finally {
    watch.stop();
  }
  return verdictOf(answer, { request, watch, endpoint });
}

/** How a stream that ended without an error is to be read: the SDK does not tell a cut one apart. */
function verdictOf(
  answer: Accumulator,
  of: { request: ModelRequest; watch: IdleWatch; endpoint: Endpoint },
): ModelResult {
  const { usage } = answer;
  if (of.request.signal.aborted) return { kind: "cancelled", usage };
  if (of.watch.expired) return idle(of.endpoint, answer);
  if (answer.chunks === 0 && !of.watch.isEventStream) {
    const type = of.watch.contentType ?? "no content type";
    return {
      kind: "fatal",
      reason: `${of.endpoint.baseUrl} answered with ${type} instead of a stream of events; is base_url right?`,
      status: 200,
      usage,
    };
  }
  if (answer.choices === 0) return retriable("the answer had no choices in it", answer);
  if (answer.finishReason === null) return retriable("the answer broke off half-way", answer);
  const taken = new Set<string>();
  for (const message of of.request.messages) {
    if (message.role === "assistant") for (const call of message.toolCalls) taken.add(call.id);
  }
  return {
    kind: "reply",
    text: answer.text,
    toolCalls: answer.toolCalls(taken),
    finishReason: answer.finishReason,
    usage,
  };
}

function failureOf(
  error: unknown,
  of: { answer: Accumulator; request: ModelRequest; watch: IdleWatch; endpoint: Endpoint },
): ModelResult {
  const { answer, watch, endpoint } = of;
  const { usage } = answer;
  if (of.request.signal.aborted) return { kind: "cancelled", usage };
  if (watch.expired) return idle(endpoint, answer);
  if (watch.overflowed) return retriable("the answer was larger than 64 MiB", answer);
  const facts = factsOf(error);
  if (facts.codes.includes("UnexpectedRedirect")) {
    const reason = `${endpoint.baseUrl} redirects elsewhere, and keys are not sent after a redirect`;
    return { kind: "fatal", reason, status: null, usage };
  }
  if (facts.codes.includes("ERR_INVALID_URL")) {
    return { kind: "fatal", reason: `base_url ${endpoint.baseUrl} is no URL`, status: null, usage };
  }
  if (facts.status !== null && !isRetriableStatus(facts.status)) {
    const reason = `the endpoint answered ${facts.status}: ${facts.message}`;
    return { kind: "fatal", reason, status: facts.status, usage };
  }
  const status = facts.status;
  return {
    kind: "retriable",
    reason:
      status === null
        ? connectionReason(facts)
        : `the endpoint answered ${status}: ${facts.message}`,
    limited: status === 429 || (facts.retryAfterMs !== null && status !== null),
    retryAfterMs: facts.retryAfterMs,
    usage,
  };
}

/** Busy, broken for now, or timed out; everything else in 4xx says the request itself is wrong. */
function isRetriableStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || status === 409 || status === 425;
}

interface ErrorFacts {
  status: number | null;
  message: string;
  /** Codes of the error and its causes. */
  codes: string[];
  retryAfterMs: number | null;
}

/** Read by shape, not by class: minifying renames classes. */
function factsOf(error: unknown): ErrorFacts {
  const facts: ErrorFacts = { status: null, message: "", codes: [], retryAfterMs: null };
  let current: unknown = error;
  for (let depth = 0; depth < 4 && current !== null && typeof current === "object"; depth++) {
    const { status, code, message, headers, cause } = current as Record<string, unknown>;
    if (typeof status === "number") facts.status ??= status;
    if (typeof code === "string" || typeof code === "number") facts.codes.push(String(code));
    if (facts.message === "" && typeof message === "string") facts.message = oneLine(message);
    if (headers instanceof Headers) {
      facts.retryAfterMs ??= parseRetryAfter(headers.get("retry-after"), Date.now());
    }
    current = cause;
  }
  // An error inside a stream has no status of its own, but some servers say one as its code.
  const [code] = facts.codes;
  if (facts.status === null && code !== undefined && /^[45]\d\d$/.test(code)) {
    facts.status = Number(code);
  }
  return facts;
}

function connectionReason(facts: ErrorFacts): string {
  const [code] = facts.codes;
  const message = facts.message === "" ? "no connection" : facts.message;
  return code === undefined
    ? `no usable answer: ${message}`
    : `no usable answer: ${message} (${code})`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, reasonCharsMax);
}

function retriable(reason: string, answer: Accumulator): ModelResult {
  return { kind: "retriable", reason, limited: false, retryAfterMs: null, usage: answer.usage };
}

function idle(endpoint: Endpoint, answer: Accumulator): ModelResult {
  return retriable(
    `nothing came for ${endpoint.idleTimeoutMs / 1000} s in the middle of an answer`,
    answer,
  );
}

async function clientFor(endpoint: Endpoint, watch: IdleWatch): Promise<OpenAI> {
  const { default: Client } = await import("openai");
  return new Client({
    baseURL: endpoint.baseUrl,
    apiKey: endpoint.apiKey,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: endpoint.requestTimeoutMs,
    logLevel: "off",
    fetch: async (url, init) => watch.through(await fetch(url, { ...init, redirect: "error" })),
  });
}

function bodyOf(request: ModelRequest): OpenAI.Chat.ChatCompletionCreateParamsStreaming {
  const tools = request.tools.map((tool) => ({
    type: "function" as const,
    function: { name: tool.name, description: tool.description, parameters: tool.parameters },
  }));
  return {
    model: request.model,
    messages: request.messages.map(
      wireMessage,
    ) as unknown as OpenAI.Chat.ChatCompletionMessageParam[],
    stream: true,
    stream_options: { include_usage: true },
    ...(tools.length === 0
      ? {}
      : {
          tools,
          tool_choice:
            request.toolChoice === "auto"
              ? "auto"
              : { type: "function", function: { name: request.toolChoice.tool } },
        }),
  };
}

/**
 * Watches the raw bytes of an answer: the SDK swallows keep-alive comments, which are signs of life,
 * and its own timeout ends at the headers.
 */
class IdleWatch {
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

  get isEventStream(): boolean {
    return this.contentType?.includes("text/event-stream") ?? false;
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
