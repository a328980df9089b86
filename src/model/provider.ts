/**
 * One request to an OpenAI-compatible endpoint, and a typed answer to whatever comes back.
 *
 * The only file that imports `openai`, and that lazily. Nothing is taken from the environment, nothing
 * is retried and no redirect is followed here. The client sends the request and tells what was
 * refused; the answer is read by hand, because the client refuses what compatible servers send and
 * does not notice a stream that ends early.
 */
import type OpenAI from "openai";
import type { Endpoint } from "./endpoint.ts";
import { classifyFailure } from "./failure.ts";
import type { ModelRequest, ModelResult } from "./message.ts";
import { ResponseLimits } from "./response-limits.ts";
import { AnswerAccumulator, type AnswerPart, readAnswerParts, requestBody } from "./wire.ts";

export type { Endpoint } from "./endpoint.ts";

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

/** Everything one request has come to so far. */
interface Exchange {
  endpoint: Endpoint;
  request: ModelRequest;
  watch: ResponseLimits;
  answer: AnswerAccumulator;
  /** Parts of the answer that came. */
  parts: number;
  /** Whether the server said that this was all: a whole document, or the stream's end mark. */
  ended: boolean;
}

async function send(endpoint: Endpoint, request: ModelRequest): Promise<ModelResult> {
  const watch = new ResponseLimits(request.signal, endpoint.idleTimeoutMs);
  const answer = new AnswerAccumulator();
  const exchange: Exchange = { endpoint, request, watch, answer, parts: 0, ended: false };
  try {
    const client = await clientFor(endpoint, watch);
    const body = requestBody(endpoint, request);
    const options = { body, query: endpoint.query, signal: watch.signal };
    const response = await client.post("/chat/completions", options).asResponse();
    for await (const part of readAnswerParts(bytesOf(response))) {
      exchange.parts++;
      const failure = take(part, exchange);
      if (failure !== null) return classifyFailure(failure, { ...endpoint, usage: answer.usage });
      if (exchange.ended) break;
    }
  } catch (error) {
    return interruption(exchange) ?? classifyFailure(error, { ...endpoint, usage: answer.usage });
  } finally {
    watch.stop();
  }
  return interruption(exchange) ?? verdictOf(exchange);
}

/** Takes one part; gives the error when it is one. */
function take(part: AnswerPart, exchange: Exchange): object | string | null {
  if (part.kind === "done") exchange.ended = true;
  if (part.kind === "done") return null;
  if (part.kind === "chunk") {
    exchange.answer.add(part.value);
    exchange.ended = part.whole;
  }
  const error = errorIn(part.value);
  return error ?? (part.kind === "error" ? (part.value as object | string) : null);
}

/** The error a chunk is about: of the whole answer, or of its only choice. */
function errorIn(value: unknown): object | string | null {
  const fields = Object(value) as { error?: unknown; choices?: unknown };
  const [choice] = Array.isArray(fields.choices) ? (fields.choices as unknown[]) : [];
  const error = fields.error ?? (Object(choice) as { error?: unknown }).error;
  if (typeof error === "string" && error !== "") return error;
  return typeof error === "object" ? error : null;
}

/** What ended the exchange from outside of it: the caller, the clock, or its size. */
function interruption({ request, watch, endpoint, answer }: Exchange): ModelResult | null {
  const { usage } = answer;
  if (request.signal.aborted) return { kind: "cancelled", usage };
  if (watch.expired) {
    const seconds = endpoint.idleTimeoutMs / 1000;
    return retriable(`nothing came for ${seconds} s in the middle of an answer`, answer);
  }
  return watch.overflowed ? retriable("the answer was larger than 64 MiB", answer) : null;
}

/** Finish reasons of OpenRouter and DeepSeek for an answer that is none. */
const brokenOff: ReadonlySet<string> = new Set(["error", "insufficient_system_resource"]);

/** How an answer that came without an error is to be read. */
function verdictOf({ answer, endpoint, request, watch, parts, ended }: Exchange): ModelResult {
  const isStream = watch.contentType?.includes("text/event-stream") ?? false;
  if (answer.choices === 0 && !isStream && (parts === 0 || ended)) {
    const type = watch.contentType ?? "no content type";
    return {
      kind: "fatal",
      reason: `${endpoint.baseUrl} answered with ${type} and no completion in it; is base_url right?`,
      status: 200,
      usage: answer.usage,
    };
  }
  if (answer.choices === 0) return retriable("the answer had no choices in it", answer);
  const finishReason = answer.finishReason ?? (ended ? "stop" : null);
  if (finishReason === null) return retriable("the answer broke off half-way", answer);
  if (brokenOff.has(finishReason)) return retriable("the endpoint broke its answer off", answer);
  const taken = new Set<string>();
  for (const message of request.messages) {
    if (message.role === "assistant") for (const call of message.toolCalls) taken.add(call.id);
  }
  return {
    kind: "reply",
    text: answer.text,
    reasoning: answer.reasoning,
    toolCalls: answer.toolCalls(taken),
    finishReason,
    usage: answer.usage,
  };
}

function retriable(reason: string, answer: AnswerAccumulator): ModelResult {
  const { usage } = answer;
  return { kind: "retriable", reason, limited: false, retryAfterMs: null, status: null, usage };
}

function bytesOf(response: Response): AsyncIterable<Uint8Array> {
  return response.body ?? new Blob([]).stream();
}

async function clientFor(endpoint: Endpoint, watch: ResponseLimits): Promise<OpenAI> {
  const { default: Client } = await import("openai");
  const inHeader = endpoint.auth === "api-key";
  return new Client({
    baseURL: endpoint.baseUrl,
    apiKey: endpoint.apiKey,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: endpoint.requestTimeoutMs,
    logLevel: "off",
    defaultHeaders: {
      ...endpoint.headers,
      ...(inHeader ? { Authorization: null, "api-key": endpoint.apiKey } : {}),
    },
    fetch: async (url, init) => watch.through(await fetch(url, { ...init, redirect: "error" })),
  });
}
