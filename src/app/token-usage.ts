/** Tokens a command spent outside of a run: on choosing SOPs, on planning. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TokenUsage } from "../model/usage.ts";
import type { ReviewFacts } from "../views/review.ts";

export interface TokenSum {
  /** Null where the server did not say. */
  add(usage: TokenUsage | null): void;
  /** As a document has it. */
  document(): { prompt_tokens: number; completion_tokens: number };
}

/** A sum of nothing yet. */
export function newTokenSum(): TokenSum {
  const sum = { prompt_tokens: 0, completion_tokens: 0 };
  return {
    add(usage) {
      sum.prompt_tokens += usage?.promptTokens ?? 0;
      sum.completion_tokens += usage?.completionTokens ?? 0;
    },
    document: () => ({ ...sum }),
  };
}

// ------------------------------------------------------------
// What a run's requests cost, at the prices the configuration names.

/** The cost of counted tokens; null without a price. The configuration is only loaded when it names one. */
export async function costFunction(projectRoot: string): Promise<ReviewFacts["cost"]> {
  const path = join(projectRoot, ".dgov", "project.toml");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (!/\bprice\b/.test(text)) return () => null;
  const { loadConfig } = await import("../config/load.ts");
  const { resolveModel } = await import("../config/providers.ts");
  const { costOf } = await import("../model/usage.ts");
  const loaded = loadConfig(projectRoot);
  if (!loaded.ok) return () => null;
  const { providers } = loaded.config;
  // What was asked before there were attempts went where the project's own model is.
  const none = { defaultAgent: null, defaultProvider: null };
  const project = resolveModel(loaded.config, none, { agent: null, provider: null });
  const ofPlan = project.ok ? project.value.provider.name : "";
  return (counts, attempt) => {
    const name = attempt === null ? ofPlan : (attempt.provider ?? "");
    return costOf(counts, Object.hasOwn(providers, name) ? (providers[name]?.price ?? null) : null);
  };
}
