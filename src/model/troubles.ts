/** Texts of failures, and what to do about each. */

/** The failures that dgov words itself. */
export const failureTexts = {
  redirect: (baseUrl: string) =>
    `${baseUrl} redirects to another address, and dgov does not send the API key there`,
  badUrl: (baseUrl: string) => `base_url ${baseUrl} is not a URL`,
  noCompletion: (baseUrl: string, contentType: string) =>
    `${baseUrl} answered with ${contentType} without a completion; check base_url`,
  requestTimeout: (seconds: number) => `no answer within ${seconds} s`,
  idleTimeout: (seconds: number) => `no data for ${seconds} s in the middle of an answer`,
  tooLarge: () => "the answer was larger than 64 MiB",
  noChoices: () => "the answer contains no choices",
  incomplete: () => "the answer ended before it was complete",
  aborted: () => "the endpoint aborted its answer",
  noConnection: (message: string) => `no usable answer: ${message}`,
  status: (status: number, message: string) => `the endpoint answered ${status}: ${message}`,
  failed: (message: string) => `the endpoint failed: ${message}`,
};

interface Trouble {
  /** The failure as the documentation shows it. */
  shown: string;
  /** Matches the reason. */
  pattern: RegExp;
  advice: string;
  /** Named by a reason as `(see ... in [providers])`; null when no setting of the provider helps. */
  setting: string | null;
}

/** Every failure with what to do about it; the first match counts. `docs/providers.md` shows the table. */
export const troubles: readonly Trouble[] = [
  {
    shown: "`max_tokens` is not supported",
    pattern: /max_completion_tokens/,
    advice: '`max_tokens_field = "max_completion_tokens"`',
    setting: 'max_tokens_field = "max_completion_tokens"',
  },
  {
    shown: "`stream_options`: unknown field",
    pattern: /stream_options|include_usage/,
    advice: "`stream_usage = false`",
    setting: "stream_usage = false",
  },
  {
    shown: "only single tool calls are supported",
    pattern: /parallel_tool_calls|single tool[- ]call/,
    advice: "`parallel_tool_calls = false`",
    setting: "parallel_tool_calls",
  },
  {
    shown: "`reasoning_content ... must be passed back`",
    pattern: /reasoning_content/,
    advice: "`return_reasoning = true`",
    setting: "return_reasoning = true",
  },
  {
    shown: "`temperature` does not support 0",
    pattern: /temperature/,
    advice: "remove `temperature`",
    setting: "temperature",
  },
  {
    shown: "`api-version` is missing (Azure)",
    pattern: /api[-_ ]version/i,
    advice: '`query = { api-version = "..." }`',
    setting: "query.api-version",
  },
  {
    shown: "streaming is not supported",
    pattern: /stream(ing)?['"]? (is )?(not supported|unsupported)|unsupported.{0,20}stream/i,
    advice: "`stream = false`",
    setting: "stream = false",
  },
  {
    shown: "`auto tool choice requires ...` (vLLM)",
    pattern: /auto.{0,5} tool choice requires/i,
    advice: "start vLLM with `--enable-auto-tool-choice --tool-call-parser PARSER`",
    setting: null,
  },
  {
    shown: "`Failed to call a function` (Groq)",
    pattern: /failed to call a function/i,
    advice: "retried; lower `temperature` or use another model",
    setting: "temperature",
  },
  {
    shown: "context length, prompt is too long",
    pattern: /context.{0,20}(length|window|size)|prompt.{0,20}too (long|large)|too many tokens/i,
    advice: "set `context_tokens` to the server's context size",
    setting: "context_tokens",
  },
  {
    shown: "`answered 401`, `403`",
    pattern: /answered 40[13]\b/,
    advice: 'correct the key in the variable of `api_key_env`, or set `auth = "api-key"`',
    setting: "api_key_env and auth",
  },
  {
    shown: "`answered 402`",
    pattern: /answered 402\b/,
    advice: "the account has no credit",
    setting: null,
  },
  {
    shown: "`answered 404`",
    pattern: /answered 404\b/,
    advice: "correct `base_url` or the model name; many base URLs end in `/v1`",
    setting: "base_url and default_agent",
  },
  {
    shown: "`answered 429 ... gave up`",
    pattern: /answered 429\b/,
    advice: "lower `max_concurrent`, `requests_per_minute` or `tokens_per_minute`",
    setting: "max_concurrent, requests_per_minute and tokens_per_minute",
  },
  {
    shown: "`answered 5xx`, `408`, `409`, `425 ... gave up`",
    pattern: /answered (5\d\d|408|409|425)\b/,
    advice: "the server is overloaded or broken: run again later, or raise `retries`",
    setting: "retries",
  },
  {
    shown: "`answered 400`, `413`, `422` and others",
    pattern: /answered 4\d\d\b/,
    advice: "the server does not accept the request; its message names what",
    setting: null,
  },
  {
    shown: "`redirects to another address`",
    pattern: /redirects to another address/,
    advice: "set `base_url` to the address of the redirect",
    setting: "base_url",
  },
  {
    shown: "`is not a URL`",
    pattern: /^base_url .* is not a URL/,
    advice: "correct `base_url`",
    setting: "base_url",
  },
  {
    shown: "`answered with text/html without a completion`",
    pattern: /without a completion; check base_url/,
    advice: "`base_url` points to a web page or a login; correct it",
    setting: "base_url",
  },
  {
    shown: "`no answer within 120 s`",
    pattern: /no answer within \d/,
    advice: "raise `request_timeout_s`, for example for models that load slowly",
    setting: "request_timeout_s",
  },
  {
    shown: "`no data for 60 s in the middle of an answer`",
    pattern: /no data for \d/,
    advice: "raise `idle_timeout_s`",
    setting: "idle_timeout_s",
  },
  {
    shown: "`the answer ended before it was complete`",
    pattern: /the answer ended before it was complete/,
    advice: "the server or a proxy cuts streams; set `stream = false`",
    setting: "stream = false",
  },
  {
    shown: "`the answer was larger than 64 MiB`",
    pattern: /larger than 64 MiB/,
    advice: "the model does not stop; set `max_tokens`",
    setting: "max_tokens",
  },
  {
    shown:
      "`the answer contains no choices`, `the endpoint aborted its answer`, `the endpoint failed`",
    pattern: /contains no choices|aborted its answer|the endpoint failed/,
    advice: "the server failed while it answered: run again later, or raise `retries`",
    setting: "retries",
  },
  {
    shown: "`no usable answer`",
    pattern: /no usable answer/,
    advice:
      "no connection, or not JSON: check `base_url`, the network, and proxy and certificates ([Workers](workers.md#network))",
    setting: "base_url",
  },
];

/** The end of a reason: the setting of `[providers.<name>]` that may help, or "". */
export function settingHint(reason: string): string {
  const setting = troubles.find(({ pattern }) => pattern.test(reason))?.setting ?? null;
  return setting === null ? "" : ` (see ${setting} in [providers])`;
}
