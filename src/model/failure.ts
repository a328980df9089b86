/** What an endpoint's refusal or a broken connection means: worth another try, or not. */
import type { ModelResult, TokenUsage } from "./message.ts";
import { parseRetryAfter } from "./retry.ts";

/** Characters of a server's own words that are passed on. */
const reasonCharsMax = 500;

/** A failure by its facts, whether it was thrown or said in the middle of an answer. */
export function classifyFailure(
  error: unknown,
  of: { baseUrl: string; usage: TokenUsage | null },
): Extract<ModelResult, { kind: "retriable" | "fatal" }> {
  const { baseUrl, usage } = of;
  const { status, codes, message, retryAfterMs } = factsOf(error);
  if (codes.includes("UnexpectedRedirect")) {
    const reason = `${baseUrl} redirects elsewhere, and keys are not sent after a redirect`;
    return { kind: "fatal", reason, status: null, usage };
  }
  if (codes.includes("ERR_INVALID_URL")) {
    return { kind: "fatal", reason: `base_url ${baseUrl} is no URL`, status: null, usage };
  }
  const said = status === null ? "the endpoint failed" : `the endpoint answered ${status}`;
  const reason = codes.includes(connection)
    ? connectionReason(message, codes)
    : `${said}: ${message}`;
  // The request was good and the model's call was not: another try is another call.
  const badCall = codes.includes("tool_use_failed");
  if (status !== null && !badCall && !isRetriableStatus(status)) {
    const remedy = providerHint(message);
    const told = remedy === null ? reason : `${reason} (see ${remedy} in [providers])`;
    return { kind: "fatal", reason: told, status, usage };
  }
  const limited = status === 429 || (retryAfterMs !== null && status !== null);
  return { kind: "retriable", reason, limited, retryAfterMs, status, usage };
}

/** Busy, broken for now, or timed out; everything else in 4xx says the request itself is wrong. */
function isRetriableStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || status === 409 || status === 425;
}

/** Stands among the codes of what was thrown without any answer. */
const connection = "no answer";

interface ErrorFacts {
  status: number | null;
  message: string;
  /** Codes of the error and its causes. */
  codes: string[];
  retryAfterMs: number | null;
}

/** Read by shape, not by class: minifying renames classes, and servers have no classes. */
function factsOf(error: unknown): ErrorFacts {
  const facts: ErrorFacts = { status: null, message: "", codes: [], retryAfterMs: null };
  let current: unknown = typeof error === "string" ? { message: error } : error;
  for (let depth = 0; depth < 4 && current !== null && typeof current === "object"; depth++) {
    const fields = current as Record<string, unknown>;
    const { status, status_code, code, message, headers } = fields;
    for (const value of [status, status_code]) facts.status ??= statusIn(value);
    if (typeof code === "string" || typeof code === "number") facts.codes.push(String(code));
    if (facts.message === "") facts.message = wordsOf(message, fields);
    if (headers instanceof Headers) {
      facts.retryAfterMs ??= parseRetryAfter(headers.get("retry-after"), Date.now());
    }
    current = fields["cause"];
  }
  // An error inside a stream has no status of its own, but some servers say one as its code.
  facts.status ??= statusIn(facts.codes[0]);
  if (error instanceof Error && facts.status === null) facts.codes.push(connection);
  return facts;
}

/** A status of HTTP that means failure, as a number or spelled out. */
function statusIn(value: unknown): number | null {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  return /^[45]\d\d$/.test(text) ? Number(text) : null;
}

/** The message, with what a gateway quotes of the server behind it, or of the model. */
function wordsOf(message: unknown, fields: Record<string, unknown>): string {
  const body = { ...Object(fields["error"]), ...fields } as Record<string, unknown>;
  const behind = Object(body["metadata"])["raw"] as unknown;
  const quoted = [message, behind, body["failed_generation"]];
  const words = quoted.filter((part) => typeof part === "string").join(": ");
  // The client puts the status first, which is said already.
  return words
    .replace(/^[45]\d\d /, "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, reasonCharsMax);
}

function connectionReason(message: string, codes: string[]): string {
  const [code] = codes.filter((name) => name !== connection);
  const said = `no usable answer: ${message === "" ? "no connection" : message}`;
  return code === undefined ? said : `${said} (${code})`;
}

// ------------------------------------------------------------
// What to set when an endpoint refuses a request for a reason a setting mends. Pure.

/** Words of servers, and the setting in `[providers.<name>]` that answers them. The first that fits. */
const remedies: [RegExp, string][] = [
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

/** The setting to look at for a refused request, or null when its words point to none. */
export function providerHint(reason: string): string | null {
  return remedies.find(([words]) => words.test(reason))?.[1] ?? null;
}
