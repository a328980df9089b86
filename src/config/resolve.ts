/** Which provider and model a task uses. The one place where aliases are resolved. Pure. */
import { DgovError } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { Config, ProviderConfig } from "./config.ts";
import { configFile } from "./find.ts";

export interface ResolvedModel {
  provider: ProviderConfig;
  model: string;
}

export type ModelResolution =
  | { ok: true; value: ResolvedModel }
  | { ok: false; problem: string; hint: string };

/** Provider: task, plan, project. Model: task, plan, that provider, then the project's own default. */
export function resolveModel(
  config: Config,
  plan: { defaultAgent: string | null; defaultProvider: string | null },
  task: { agent: string | null; provider: string | null },
): ModelResolution {
  const name = task.provider ?? plan.defaultProvider ?? config.provider;
  if (name === null) {
    return {
      ok: false,
      problem: "no provider is configured",
      hint: "add [providers.<name>] to .dgov/project.toml, and [project] provider when there are several",
    };
  }
  const provider = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined;
  if (provider === undefined) {
    const near = suggest(name, Object.keys(config.providers));
    return {
      ok: false,
      problem: `the provider \`${name}\` is not configured`,
      hint:
        near === null ? `add [providers.${name}] to .dgov/project.toml` : `did you mean ${near}?`,
    };
  }
  const fallback =
    name === config.provider || config.provider === null ? config.defaultAgent : null;
  const agent = task.agent ?? plan.defaultAgent ?? provider.defaultAgent ?? fallback;
  if (agent === null) {
    return {
      ok: false,
      problem: `no model is configured for the provider \`${name}\``,
      hint: `set default_agent in [providers.${name}]`,
    };
  }
  const model = Object.hasOwn(config.agents, agent) ? (config.agents[agent] ?? agent) : agent;
  return { ok: true, value: { provider, model } };
}

/** Throws PROVIDER_PLACEHOLDER when the provider still holds the values that `dgov init` wrote. */
export function requireEditedProvider({ name, line, placeholder }: ProviderConfig): void {
  if (!placeholder) return;
  throw new DgovError(
    "PROVIDER_PLACEHOLDER",
    `${configFile}${line === null ? "" : `:${line}`}: [providers.${name}] still holds the placeholders of init`,
    { hint: "set base_url, default_agent and api_key_env" },
  );
}
