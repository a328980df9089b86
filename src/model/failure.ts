/** Classifies failures of a request: whether a retry may succeed, and the reason with a hint. */

import { oneLine } from "../std/text.ts";
import type { ModelResult } from "./message.ts";
import { parseRetryAfter } from "./retry.ts";
import { failureTexts, settingHint } from "./troubles.ts";
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
    return refusal("always", failureTexts.redirect(baseUrl), { status: null, usage });
  }
  if (codes.includes("ERR_INVALID_URL")) {
    return refusal("always", failureTexts.badUrl(baseUrl), { status: null, usage });
  }
  const answered =
    status === null ? failureTexts.failed(message) : failureTexts.status(status, message);
  const reason = codes.includes(connectionFailed) ? connectionReason(message, codes) : answered;
  // The model wrote a malformed call; a retry gives the model another chance.
  const badCall = codes.includes("tool_use_failed");
  if (status !== null && !badCall && !isRetriableStatus(status)) {
    return refusal(alwaysRefused.has(status) ? "always" : "request", reason, { status, usage });
  }
  const limited = status === 429 || (retryAfterMs !== null && status !== null);
  return { kind: "retriable", reason, limited, retryAfterMs, status, usage };
}

/** Statuses that blame the key, the account, the address or the model, and not what a request contains. */
const alwaysRefused: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 410]);

/** A refusal, with the setting that may help. */
export function refusal(
  refused: "always" | "request",
  reason: string,
  of: { status: number | null; usage: TokenUsage | null },
): Extract<ModelResult, { kind: "fatal" }> {
  return { kind: "fatal", refused, reason: `${reason}${settingHint(reason)}`, ...of };
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
  const text = failureTexts.noConnection(message === "" ? "no connection" : message);
  return code === undefined ? text : `${text} (${code})`;
}
