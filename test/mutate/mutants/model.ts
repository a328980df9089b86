/** Mutants of `src/model`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "425 is final",
    file: "src/model/failure.ts",
    find: " || status === 425",
    replace: "",
    killedBy:
      "src/model/failure.test.ts > D7 is retriable for 408, 409, 425, 429 and every 5xx, and fatal for every other 4xx",
  },
  {
    name: "409 is final",
    file: "src/model/failure.ts",
    find: " || status === 409",
    replace: "",
    killedBy:
      "src/model/failure.test.ts > D7 is retriable for 408, 409, 425, 429 and every 5xx, and fatal for every other 4xx",
  },
  {
    name: "a server error with Retry-After does not count as a limit",
    file: "src/model/failure.ts",
    find: "status === 429 || (retryAfterMs !== null && status !== null)",
    replace: "status === 429",
    killedBy:
      "src/model/failure.test.ts > D7 pauses all workers for a 429, and for others with Retry-After",
  },
  {
    name: "a malformed call of the model is final",
    file: "src/model/failure.ts",
    find: "status !== null && !badCall && !isRetriableStatus",
    replace: "status !== null && !isRetriableStatus",
    killedBy:
      "src/model/failure.test.ts > is retriable when the model wrote a malformed call, whatever the status",
  },
  {
    name: "one retry more than allowed",
    file: "src/model/retry.ts",
    find: "attempt > policy.retriesMax",
    replace: "attempt > policy.retriesMax + 1",
    killedBy: "src/model/retry.test.ts > D7 retries with Retry-After count towards the limit",
  },
  {
    name: "Retry-After is respected beyond its maximum",
    file: "src/model/retry.ts",
    find: "Math.min(wait.retryAfterMs, policy.retryAfterMaxMs)",
    replace: "wait.retryAfterMs",
    killedBy: "src/model/retry.test.ts > a retry with",
  },
  {
    name: "the backoff exceeds its maximum",
    file: "src/model/retry.ts",
    find: "Math.min(policy.backoffMinMs * 2 ** (wait.retry - 1), policy.backoffMaxMs)",
    replace: "policy.backoffMinMs * 2 ** (wait.retry - 1)",
    killedBy: "src/model/retry.test.ts > a retry with",
  },
  {
    name: "a Retry-After in the past delays",
    file: "src/model/retry.ts",
    find: "Number.isFinite(ms) && ms > 0",
    replace: "Number.isFinite(ms)",
    killedBy: 'src/model/retry.test.ts > Retry-After "Fri, 02 Jan 2026 03:04:00 GMT" is null ms',
  },
  {
    name: "the usage is that of the last try",
    file: "src/model/retry.ts",
    find: "usage = usage === null ? result.usage : addUsage(usage, result.usage);",
    replace: "usage = result.usage;",
    killedBy: "src/model/retry.test.ts > D11 the usage includes the tokens of failed tries",
  },
  {
    name: "cached tokens cost as much as others",
    file: "src/model/usage.ts",
    find: "cached * price.cached",
    replace: "cached * price.input",
    killedBy: "src/model/usage.test.ts > cached tokens are charged at the cached price only",
  },
  {
    name: "cache writes of Anthropic are not counted",
    file: "src/model/usage.ts",
    find: 'cachedTokens + count(usage["cache_creation_input_tokens"])',
    replace: "cachedTokens",
    killedBy:
      "src/model/usage.test.ts > E18 tokens are read from the usage of a proxy whose prompt tokens exclude the cache, by",
  },
  {
    name: "an id that a fragment repeats starts another call",
    file: "src/model/wire.ts",
    find: '? last.id === "" || last.id === id',
    replace: '? last.id === ""',
    killedBy: "src/model/wire.test.ts > without an index, an id continues its call and no other",
  },
  {
    name: "a missing id written as null is an id",
    file: "src/model/wire.ts",
    find: 'rawId !== "null" ? rawId',
    replace: "true ? rawId",
    killedBy: "src/model/wire.test.ts > the text null is no id",
  },
  {
    name: "410 blames the request",
    file: "src/model/failure.ts",
    find: "404, 405, 410]",
    replace: "404, 405]",
    killedBy:
      "src/model/failure.test.ts > D7 blames key, account, address or model for 401 to 405 and 410",
  },
  {
    name: "more cached than prompt tokens are charged",
    file: "src/model/usage.ts",
    find: "Math.min(usage.cachedTokens, usage.promptTokens)",
    replace: "usage.cachedTokens",
    killedBy:
      "src/model/usage.test.ts > more cached than prompt tokens cost no more than the prompt",
  },
  {
    name: "an end mark with a space is data",
    file: "src/model/wire.ts",
    find: 'if (text.trim() === "[DONE]")',
    replace: 'if (text === "[DONE]")',
    killedBy: "src/model/wire.test.ts > an answer with an end mark between spaces is read the same",
  },
  {
    name: "CR and LF in two chunks are two line ends",
    file: "src/model/wire.ts",
    find: '    if (afterReturn && text.startsWith("\\n")) text = text.slice(1);\n',
    replace: "",
    killedBy:
      "src/model/wire.test.ts > an answer with one event over two lines that end in CR and LF is read the same",
  },
] satisfies Mutant[];
