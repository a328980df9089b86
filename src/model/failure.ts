/** Classifies failures of a request: whether a retry may succeed, and the reason with a hint. */

import { oneLine } from "../std/text.ts";
import type { ModelResult } from "./message.ts";
import { parseRetryAfter } from "./retry.ts";
import type { TokenUsage } from "./usage.ts";

/** Characters kept of a server's message. */
const reasonCharsMax = 500;

/** The result for an error that was thrown, or sent by the server within an answer. */
export function classifyFailure(
  error: unknown,
  of: { baseUrl: string; usage: TokenUsage | null },
): Extract<ModelResult, { kind: "retriable" | "fatal" }> {
  const { baseUrl, usage } = of;
  const { status, codes, message, retryAfterMs } = factsOf(error);
  if (codes.includes("UnexpectedRedirect")) {
    const reason = `${baseUrl} redirects to another address, and dgov does not send the API key there`;
    return { kind: "fatal", reason, status: null, usage };
  }
  if (codes.includes("ERR_INVALID_URL")) {
    return { kind: "fatal", reason: `base_url ${baseUrl} is not a URL`, status: null, usage };
  }
  const prefix = status === null ? "the endpoint failed" : `the endpoint answered ${status}`;
  const reason = codes.includes(connectionFailed)
    ? connectionReason(message, codes)
    : `${prefix}: ${message}`;
  // The model wrote a malformed call; a retry gives the model another chance.
  const badCall = codes.includes("tool_use_failed");
  if (status !== null && !badCall && !isRetriableStatus(status)) {
    const hint = providerHint(message);
    const hinted = hint === null ? reason : `${reason} (see ${hint} in [providers])`;
    return { kind: "fatal", reason: hinted, status, usage };
  }
  const limited = status === 429 || (retryAfterMs !== null && status !== null);
  return { kind: "retriable", reason, limited, retryAfterMs, status, usage };
}

/** True for rate limits, timeouts, conflicts and server errors; the other 4xx blame the request. */
function isRetriableStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || status === 409 || status === 425;
}

/** Added to the codes of an error that was thrown without an HTTP status. */
const connectionFailed = "no answer";

interface ErrorFacts {
  status: number | null;
  message: string;
  /** Codes of the error and its causes. */
  codes: string[];
  retryAfterMs: number | null;
}

/** The facts of an error, read from its fields: minifying renames classes, and servers send plain objects. */
function factsOf(error: unknown): ErrorFacts {
  const facts: ErrorFacts = { status: null, message: "", codes: [], retryAfterMs: null };
  let current: unknown = typeof error === "string" ? { message: error } : error;
  for (let depth = 0; depth < 4 && current !== null && typeof current === "object"; depth++) {
    const fields = current as Record<string, unknown>;
    const { status, status_code, code, message, headers } = fields;
    for (const value of [status, status_code]) facts.status ??= statusIn(value);
    if (typeof code === "string" || typeof code === "number") facts.codes.push(String(code));
    if (facts.message === "") facts.message = messageOf(message, fields);
    if (headers instanceof Headers) {
      facts.retryAfterMs ??= parseRetryAfter(headers.get("retry-after"), Date.now());
    }
    current = fields["cause"];
  }
  // An error inside a stream has no status, but some servers send one as its code.
  facts.status ??= statusIn(facts.codes[0]);
  if (error instanceof Error && facts.status === null) facts.codes.push(connectionFailed);
  return facts;
}

/** An HTTP error status given as a number or a string; null for other values. */
function statusIn(value: unknown): number | null {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  return /^[45]\d\d$/.test(text) ? Number(text) : null;
}

/** The message, followed by what a gateway quotes of the upstream server or of the model's output. */
function messageOf(message: unknown, fields: Record<string, unknown>): string {
  const body = { ...Object(fields["error"]), ...fields } as Record<string, unknown>;
  const upstream = Object(body["metadata"])["raw"] as unknown;
  const quoted = [message, upstream, body["failed_generation"]];
  const text = quoted.filter((part) => typeof part === "string").join(": ");
  // The client puts the status first; the reason has it already.
  return oneLine(text.replace(/^[45]\d\d /, ""), reasonCharsMax);
}

function connectionReason(message: string, codes: string[]): string {
  const [code] = codes.filter((name) => name !== connectionFailed);
  const text = `no usable answer: ${message === "" ? "no connection" : message}`;
  return code === undefined ? text : `${text} (${code})`;
}

/**
 * Patterns of server messages, with the setting of `[providers.<name>]` that resolves each. The first
 * match counts.
 */
const hints: [RegExp, string][] = [
  [/max_completion_tokens/, 'max_tokens_field = "max_completion_tokens"'],
  [/stream_options|include_usage/, "stream_usage = false"],
  [/parallel_tool_calls|single tool[- ]call/, "parallel_tool_calls"],
  [/reasoning_content/, "return_reasoning = true"],
  [/temperature/, "temperature"],
  [/api[-_ ]version/i, "query.api-version"],
  [
    /stream(ing)?['"]? (is )?(not supported|unsupported)|unsupported.{0,20}stream/i,
    "stream = false",
  ],
];

/** The setting that resolves a rejected request, by the server's message; null when none is known. */
function providerHint(reason: string): string | null {
  return hints.find(([pattern]) => pattern.test(reason))?.[1] ?? null;
}
