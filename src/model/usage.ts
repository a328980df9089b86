/** Token counts and their cost. */

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

export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}
