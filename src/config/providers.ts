/** `[providers.<name>]`: defaults, and what the schema cannot say about them. Pure. */

import { DgovError } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { Config, ProviderConfig } from "./config.ts";
import { configFile } from "./find.ts";
import { locateKey } from "./locate.ts";
import type { WrittenConfig } from "./schema.ts";

type WrittenProvider = NonNullable<WrittenConfig["providers"]>[string];

/** Text `init` writes where a person has to choose. */
const placeholder = /(^|\W)(your-|example\.com|PROVIDER_API_KEY$|provider\/model-name)/;

/** Every provider the file names; the older form of one endpoint is the provider `llm`. */
export function providersOf(written: WrittenConfig, text: string): Record<string, ProviderConfig> {
  const providers: Record<string, ProviderConfig> = {};
  for (const [name, table] of Object.entries(written.providers ?? {})) {
    const line = locateKey(text, ["providers", name])?.line ?? null;
    providers[name] = providerOf(name, table, line);
  }
  const { llm_base_url, llm_api_key_env, default_agent } = written.project ?? {};
  if (llm_base_url !== undefined && llm_api_key_env !== undefined && !("llm" in providers)) {
    const table = { base_url: llm_base_url, api_key_env: llm_api_key_env };
    const line = locateKey(text, ["project", "llm_base_url"])?.line ?? null;
    providers["llm"] = { ...providerOf("llm", table, line), defaultAgent: default_agent ?? null };
  }
  return providers;
}

function providerOf(name: string, table: WrittenProvider, line: number | null): ProviderConfig {
  const { price } = table;
  return {
    name,
    baseUrl: table.base_url,
    apiKeyEnv: table.api_key_env,
    auth: table.auth ?? "bearer",
    defaultAgent: table.default_agent ?? null,
    requestTimeoutS: table.request_timeout_s ?? 120,
    idleTimeoutS: table.idle_timeout_s ?? 60,
    retries: table.retries ?? 6,
    retryAfterMaxS: table.retry_after_max_s ?? 120,
    contextTokens: table.context_tokens ?? 128_000,
    maxConcurrent: table.max_concurrent ?? 16,
    requestsPerMinute: table.requests_per_minute ?? null,
    tokensPerMinute: table.tokens_per_minute ?? null,
    stream: table.stream ?? true,
    streamUsage: table.stream_usage ?? true,
    maxTokens: table.max_tokens ?? null,
    maxTokensField: table.max_tokens_field ?? "max_tokens",
    temperature: table.temperature ?? null,
    parallelToolCalls: table.parallel_tool_calls ?? null,
    returnReasoning: table.return_reasoning ?? false,
    headers: table.headers ?? {},
    query: table.query ?? {},
    body: table.body ?? {},
    price: price === undefined ? null : { ...price, cached: price.cached ?? price.input },
    placeholder: [table.base_url, table.api_key_env, table.default_agent ?? ""].some((value) =>
      placeholder.test(value),
    ),
    line,
  };
}

/** What is wrong with one key of a provider's table. */
export interface ProviderProblem {
  /** From the top of the file. */
  path: string[];
  code: "reserved-key" | "bad-url" | "bad-header";
  message: string;
  hint: string;
}

/** Names under which servers take keys: what the repository must not hold. */
const secret =
  /^(proxy-)?authorization$|^(x-)?(goog-)?api[-_]?key$|^(x-)?(access|auth)[-_]token$|^(key|token|cookie)$/i;
const ownHeaders =
  /^(host|connection|content-(length|type|encoding)|transfer-encoding|accept|upgrade)$/i;
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Fields of a request dgov decides, with the setting that governs them. */
const ownFields: Record<string, string> = {
  model: "set default_agent, or [agents]",
  messages: "the conversation is dgov's own",
  tools: "the tools are dgov's own",
  tool_choice: "the tools are dgov's own",
  stream: "set stream",
  stream_options: "set stream_usage",
};

/** Everything the schema lets through and no endpoint should get. */
export function providerProblems(config: Config): ProviderProblem[] {
  return Object.values(config.providers).flatMap((provider) => {
    const at = (...keys: string[]): string[] => ["providers", provider.name, ...keys];
    return [
      ...urlProblems(provider.baseUrl, at("base_url")),
      ...Object.entries(provider.headers).flatMap(([name, value]) =>
        headerProblems(name, value, at("headers", name)),
      ),
      ...Object.keys(provider.query).flatMap((name) =>
        secret.test(name) ? [keyProblem(at("query", name))] : [],
      ),
      ...Object.keys(provider.body).flatMap((name) => fieldProblems(name, at("body", name))),
    ];
  });
}

function urlProblems(url: string, path: string[]): ProviderProblem[] {
  const said = (message: string, hint: string): ProviderProblem[] => [
    { path, code: "bad-url", message: `\`${path.join(".")}\` ${message}`, hint },
  ];
  if (/[?#]/.test(url)) return said("has a query in it", "put it into the table query");
  if (/\/chat\/completions\/?$/.test(url)) {
    return said("names one method of the endpoint", "leave /chat/completions out");
  }
  return [];
}

function headerProblems(name: string, value: string, path: string[]): ProviderProblem[] {
  if (secret.test(name)) return [keyProblem(path)];
  const key = `\`${path.join(".")}\``;
  if (ownHeaders.test(name)) {
    return [{ path, code: "reserved-key", message: `${key} is dgov's own`, hint: "leave it out" }];
  }
  if (headerName.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return [];
  const message = `${key} is no header that can be sent`;
  return [{ path, code: "bad-header", message, hint: "plain characters, on one line" }];
}

function keyProblem(path: string[]): ProviderProblem {
  return {
    path,
    code: "reserved-key",
    message: `\`${path.join(".")}\` would put a key into the repository`,
    hint: 'name its variable in api_key_env; auth = "api-key" sends it as the header api-key',
  };
}

function fieldProblems(name: string, path: string[]): ProviderProblem[] {
  if (!Object.hasOwn(ownFields, name)) return [];
  const message = `\`${path.join(".")}\` cannot be set here`;
  return [{ path, code: "reserved-key", message, hint: ownFields[name] ?? "leave it out" }];
}

// ------------------------------------------------------------
// Which provider and model a task uses. The one place where aliases are resolved. Pure.

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

// ------------------------------------------------------------
// A configured provider as the endpoint the model client talks to.

/** The provider's address, patience and request settings, with the key in hand. */
export function endpointOf(provider: ProviderConfig, apiKey: string) {
  return {
    baseUrl: provider.baseUrl,
    apiKey,
    auth: provider.auth,
    requestTimeoutMs: provider.requestTimeoutS * 1000,
    idleTimeoutMs: provider.idleTimeoutS * 1000,
    headers: provider.headers,
    query: provider.query,
    body: provider.body,
    stream: provider.stream,
    streamUsage: provider.streamUsage,
    maxTokens: provider.maxTokens,
    maxTokensField: provider.maxTokensField,
    temperature: provider.temperature,
    parallelToolCalls: provider.parallelToolCalls,
    returnReasoning: provider.returnReasoning,
  };
}
