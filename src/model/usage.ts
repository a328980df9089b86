/** Token counts, as an endpoint reports them, and their cost. */

/** Tokens of one or more requests, as the provider counted them. Prompt tokens include the cached ones. */
export interface TokenUsage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

/** Prices per million tokens, in the currency that the configuration uses. */
interface Price {
  input: number;
  cached: number;
  output: number;
}

/** The cost in the currency of the price; null, not 0, without a price. */
export function costOf(usage: TokenUsage, price: Price | null): number | null {
  if (price === null) return null;
  const cached = Math.min(usage.cachedTokens, usage.promptTokens);
  const fresh = usage.promptTokens - cached;
  return (
    (fresh * price.input + cached * price.cached + usage.completionTokens * price.output) /
    1_000_000
  );
}

/** The usage of a request that was refused before an answer began. */
export const noUsage: TokenUsage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

/**
 * The counts in a `usage` object; null without counts, since some servers send an empty object with every chunk.
 *
 * Cached prompt tokens have several names. Servers differ in two more ways, which `total_tokens` tells apart where
 * the numbers themselves do not: Anthropic's counts of prompt tokens lack those read from and written to the cache,
 * and Gemini's and xAI's counts of completion tokens lack the reasoning.
 */
export function usageOf(value: unknown): TokenUsage | null {
  const usage = record(value);
  const prompt = count(usage["prompt_tokens"]) || count(usage["input_tokens"]);
  const completion = count(usage["completion_tokens"]) || count(usage["output_tokens"]);
  if (prompt === 0 && completion === 0) return null;
  const details = usage["prompt_tokens_details"] ?? usage["input_tokens_details"];
  const cachedTokens =
    count(record(details)["cached_tokens"]) ||
    count(usage["cache_read_input_tokens"]) ||
    count(usage["prompt_cache_hit_tokens"]) ||
    count(usage["cached_tokens"]);
  const besides = cachedTokens + count(usage["cache_creation_input_tokens"]);
  const total = count(usage["total_tokens"]);
  const apart =
    prompt < besides ||
    (besides > 0 && total === prompt + completion + besides) ||
    (usage["prompt_tokens"] === undefined && details === undefined);
  const promptTokens = apart ? prompt + besides : prompt;
  return {
    promptTokens,
    cachedTokens,
    completionTokens: Math.max(completion, total - promptTokens),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.round(value) : 0;
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}
