/**
 * Sends one request to an OpenAI-compatible endpoint and returns a typed result.
 *
 * The only file that imports `openai`, lazily. Reads no environment variables, does not retry, follows no
 * redirect. The client sends the request and throws on an error status; the body is read by `wire.ts`,
 * because the client rejects answers of compatible servers and does not notice a stream that ends early.
 */
import type OpenAI from "openai";
import type { Endpoint } from "./endpoint.ts";
import { classifyFailure, refusal } from "./failure.ts";
import type { ModelRequest, ModelResult } from "./message.ts";
import { ResponseLimits } from "./response-limits.ts";
import { failureTexts } from "./troubles.ts";
import { noUsage } from "./usage.ts";
import { AnswerAccumulator, type AnswerPart, readAnswerParts, requestBody } from "./wire.ts";

/** Sends requests to one endpoint. Never throws; failures are a `ModelResult`. */
export interface Provider {
  send(request: ModelRequest): Promise<ModelResult>;
}

/** A provider for the endpoint; the client is loaded with the first request. */
export function openProvider(endpoint: Endpoint): Provider {
  return { send: (request) => send(endpoint, request) };
}

/** Loads the client before its first use, to save the time later. */
export async function preloadClient(): Promise<void> {
  await import("openai");
}

/** State of one request and its answer. */
interface Exchange {
  endpoint: Endpoint;
  request: ModelRequest;
  limits: ResponseLimits;
  answer: AnswerAccumulator;
  /** Parts of the answer received. */
  parts: number;
  /** True once the answer is complete: a whole document, or the end mark of the stream. */
  ended: boolean;
}

async function send(endpoint: Endpoint, request: ModelRequest): Promise<ModelResult> {
  const limits = new ResponseLimits(request.signal, {
    requestMs: endpoint.requestTimeoutMs,
    idleMs: endpoint.idleTimeoutMs,
  });
  const answer = new AnswerAccumulator();
  const exchange: Exchange = { endpoint, request, limits, answer, parts: 0, ended: false };
  try {
    const client = await clientFor(endpoint, limits);
    const body = requestBody(endpoint, request);
    const options = { body, query: endpoint.query, signal: limits.signal };
    const response = await client.post("/chat/completions", options).asResponse();
    for await (const part of readAnswerParts(bytesOf(response))) {
      exchange.parts++;
      const failure = addPart(part, exchange);
      if (failure !== null) return classifyFailure(failure, { ...endpoint, usage: answer.usage });
      if (exchange.ended) break;
    }
  } catch (error) {
    const failure = classifyFailure(error, { ...endpoint, usage: answer.usage });
    // An error status in place of an answer: the request was refused, and nothing is charged for it.
    const refused = failure.status !== null && exchange.parts === 0;
    return interruption(exchange) ?? (refused ? { ...failure, usage: noUsage } : failure);
  } finally {
    limits.stop();
  }
  return interruption(exchange) ?? resultOf(exchange);
}

/** Adds one part to the exchange. Returns the error in it, or null. */
function addPart(part: AnswerPart, exchange: Exchange): object | string | null {
  if (part.kind === "done") exchange.ended = true;
  if (part.kind === "done") return null;
  if (part.kind === "chunk") {
    exchange.answer.add(part.value);
    exchange.ended = part.whole;
  }
  const error = errorIn(part.value);
  return error ?? (part.kind === "error" ? (part.value as object | string) : null);
}

/** The error in a chunk, of the answer or of its first choice; null when there is none. */
function errorIn(value: unknown): object | string | null {
  const fields = Object(value) as { error?: unknown; choices?: unknown };
  const [choice] = Array.isArray(fields.choices) ? (fields.choices as unknown[]) : [];
  const error = fields.error ?? (Object(choice) as { error?: unknown }).error;
  if (typeof error === "string" && error !== "") return error;
  return typeof error === "object" ? error : null;
}

/** The result of an exchange that was aborted by the caller or by a limit; null for others. */
function interruption({ request, limits, endpoint, answer }: Exchange): ModelResult | null {
  const { usage } = answer;
  if (request.signal.aborted) return { kind: "cancelled", usage };
  if (limits.expired === "request") {
    return retriable(failureTexts.requestTimeout(endpoint.requestTimeoutMs / 1000), answer);
  }
  if (limits.expired === "idle") {
    return retriable(failureTexts.idleTimeout(endpoint.idleTimeoutMs / 1000), answer);
  }
  return limits.overflowed ? retriable(failureTexts.tooLarge(), answer) : null;
}

/** Finish reasons with which OpenRouter and DeepSeek report a failed answer. */
const failedReasons: ReadonlySet<string> = new Set(["error", "insufficient_system_resource"]);

/** The result of an answer without an error: a reply, or a failure when it is incomplete. */
function resultOf({ answer, endpoint, request, limits, parts, ended }: Exchange): ModelResult {
  const isStream = limits.contentType?.includes("text/event-stream") ?? false;
  if (answer.choices === 0 && !isStream && (parts === 0 || ended)) {
    const type = limits.contentType ?? "no content type";
    const reason = failureTexts.noCompletion(endpoint.baseUrl, type);
    return refusal("always", reason, { status: 200, usage: answer.usage });
  }
  if (answer.choices === 0) return retriable(failureTexts.noChoices(), answer);
  const finishReason = answer.finishReason ?? (ended ? "stop" : null);
  if (finishReason === null) return retriable(failureTexts.incomplete(), answer);
  if (failedReasons.has(finishReason)) return retriable(failureTexts.aborted(), answer);
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

async function clientFor(endpoint: Endpoint, limits: ResponseLimits): Promise<OpenAI> {
  const { default: Client } = await import("openai");
  const inHeader = endpoint.auth === "api-key";
  return new Client({
    baseURL: endpoint.baseUrl,
    apiKey: endpoint.apiKey,
    organization: null,
    project: null,
    maxRetries: 0,
    // Only `limits` ends a request; this is the longest time that a timer can wait.
    timeout: 2 ** 31 - 1,
    logLevel: "off",
    defaultHeaders: {
      ...endpoint.headers,
      ...(inHeader ? { Authorization: null, "api-key": endpoint.apiKey } : {}),
    },
    fetch: async (url, init) => limits.apply(await fetch(url, { ...init, redirect: "error" })),
  });
}
