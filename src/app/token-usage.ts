/** Token usage: sums of requests outside of runs, and the cost of usage at configured prices. */
import { join } from "node:path";
import { configFile } from "../config/find.ts";
import { loadConfig } from "../config/load.ts";
import { resolveModel } from "../config/providers.ts";
import { costOf, type TokenUsage } from "../model/usage.ts";
import { readText } from "../std/files.ts";
import type { ReviewFacts } from "../views/review.ts";

export interface TokenSum {
  /** Null when the server reported no usage. */
  add(usage: TokenUsage | null): void;
  /** The sum with the field names of JSON documents; null when there were requests and none was counted. */
  document(): { prompt_tokens: number | null; completion_tokens: number | null };
}

/** An empty sum. */
export function newTokenSum(): TokenSum {
  const unknown = { prompt_tokens: null, completion_tokens: null };
  let sum: ReturnType<TokenSum["document"]> | null = null;
  return {
    add(usage) {
      if (usage === null) sum ??= unknown;
      else {
        sum = {
          prompt_tokens: (sum?.prompt_tokens ?? 0) + usage.promptTokens,
          completion_tokens: (sum?.completion_tokens ?? 0) + usage.completionTokens,
        };
      }
    },
    document: () => sum ?? { prompt_tokens: 0, completion_tokens: 0 },
  };
}

/**
 * The function that gives the cost of counted tokens at the prices in project.toml, null without a price.
 * The configuration is loaded only when it contains a price.
 */
export function costFunction(projectRoot: string): ReviewFacts["cost"] {
  const text = readText(join(projectRoot, configFile)) ?? "";
  if (!/\bprice\b/.test(text)) return () => null;
  const loaded = loadConfig(projectRoot);
  if (!loaded.ok) return () => null;
  const { providers } = loaded.config;
  // Requests without an attempt, such as choosing SOPs, went to the project's own model.
  const none = { defaultAgent: null, defaultProvider: null };
  const project = resolveModel(loaded.config, none, { agent: null, provider: null });
  const ofPlan = project.ok ? project.value.provider.name : "";
  return (counts, attempt) => {
    const name = attempt === null ? ofPlan : (attempt.provider ?? "");
    return costOf(counts, Object.hasOwn(providers, name) ? (providers[name]?.price ?? null) : null);
  };
}
