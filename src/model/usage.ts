/** What tokens cost, when the configuration names a price. */
import type { TokenUsage } from "./message.ts";

/** Per million tokens, in whatever currency the configuration uses. */
export interface Price {
  input: number;
  cached: number;
  output: number;
}

/** The cost, or null without a price: unknown is never shown as 0. Cached tokens are part of the prompt's. */
export function costOf(usage: TokenUsage, price: Price | null): number | null {
  if (price === null) return null;
  const cached = Math.min(usage.cachedTokens, usage.promptTokens);
  const fresh = usage.promptTokens - cached;
  return (
    (fresh * price.input + cached * price.cached + usage.completionTokens * price.output) /
    1_000_000
  );
}

/** The sum of several usages. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}
