/** `[providers.<name>]`: values in force, validation, and the provider and model of a task. Pure. */
import { DgovError } from "../error.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import type { Config, ProviderConfig } from "./config.ts";
import { configFile } from "./find.ts";
import { valuesInForce } from "./keys.ts";
import { providerKeys, type WrittenConfig, type WrittenProvider } from "./project-keys.ts";
import type { TomlPositions } from "./toml-positions.ts";

/** Text that `init` writes as a placeholder. */
const placeholder = /(^|\W)(your-|example\.com|PROVIDER_API_KEY$|provider\/model-name)/;

/** Every provider of the file, by name. The older form of one endpoint is a provider named `llm`. */
export function providersOf(
  written: WrittenConfig,
  positions: TomlPositions,
): Record<string, ProviderConfig> {
  const providers: Record<string, ProviderConfig> = {};
  for (const [name, table] of Object.entries(written.providers ?? {})) {
    const line = positions.find(["providers", name])?.line ?? null;
    providers[name] = providerOf(name, table, line);
  }
  const { llm_base_url, llm_api_key_env, default_agent } = written.project ?? {};
  if (llm_base_url !== undefined && llm_api_key_env !== undefined && !("llm" in providers)) {
    const table = { base_url: llm_base_url, api_key_env: llm_api_key_env };
    const line = positions.find(["project", "llm_base_url"])?.line ?? null;
    providers["llm"] = { ...providerOf("llm", table, line), defaultAgent: default_agent ?? null };
  }
  return providers;
}

function providerOf(name: string, table: WrittenProvider, line: number | null): ProviderConfig {
  const { price, ...values } = valuesInForce(providerKeys, table);
  return {
    name,
    ...values,
    price: price === null ? null : { ...price, cached: price.cached ?? price.input },
    placeholder: [values.baseUrl, values.apiKeyEnv, values.defaultAgent ?? ""].some((value) =>
      placeholder.test(value),
    ),
    line,
  };
}

/** A problem of one key of a provider's table. */
interface ProviderProblem {
  /** From the top of the file. */
  path: string[];
  code: "reserved-key" | "bad-url" | "bad-header";
  message: string;
  hint: string;
}

/** Headers and query parameters that carry API keys, which must not be in the repository. */
const secret =
  /^(proxy-)?authorization$|^(x-)?(goog-)?api[-_]?key$|^(x-)?(access|auth)[-_]token$|^(key|token|cookie)$/i;
const ownHeaders =
  /^(host|connection|content-(length|type|encoding)|transfer-encoding|accept|upgrade)$/i;
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Request fields that dgov sets itself, with the setting that controls each. */
const ownFields: Record<string, string> = {
  model: "set default_agent, or [agents]",
  messages: "dgov sends its own conversation",
  tools: "dgov sends its own tools",
  tool_choice: "dgov sends its own tools",
  stream: "set stream",
  stream_options: "set stream_usage",
};

/** Values that the key definitions accept and that must not be sent to an endpoint. */
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
  const problem = (message: string, hint: string): ProviderProblem[] => [
    { path, code: "bad-url", message: `\`${path.join(".")}\` ${message}`, hint },
  ];
  if (/[?#]/.test(url)) return problem("contains a query", "move it to the table query");
  if (/\/chat\/completions\/?$/.test(url)) {
    return problem("includes /chat/completions", "remove /chat/completions from the URL");
  }
  return [];
}

function headerProblems(name: string, value: string, path: string[]): ProviderProblem[] {
  if (secret.test(name)) return [keyProblem(path)];
  const key = `\`${path.join(".")}\``;
  if (ownHeaders.test(name)) {
    return [{ path, code: "reserved-key", message: `${key} is set by dgov`, hint: "remove it" }];
  }
  if (headerName.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return [];
  const message = `${key} is not a valid header`;
  return [{ path, code: "bad-header", message, hint: "use printable characters on one line" }];
}

function keyProblem(path: string[]): ProviderProblem {
  return {
    path,
    code: "reserved-key",
    message: `\`${path.join(".")}\` would store an API key in the repository`,
    hint: 'set api_key_env to the name of its variable; auth = "api-key" sends it in the header api-key',
  };
}

function fieldProblems(name: string, path: string[]): ProviderProblem[] {
  if (!Object.hasOwn(ownFields, name)) return [];
  const message = `\`${path.join(".")}\` cannot be set here`;
  return [{ path, code: "reserved-key", message, hint: ownFields[name] ?? "remove it" }];
}

/** The provider and model of a task, aliases resolved. */
interface ResolvedModel {
  provider: ProviderConfig;
  model: string;
}

export type ModelResolution =
  | { ok: true; value: ResolvedModel }
  | { ok: false; problem: string; hint: string };

/**
 * Resolves the provider and model of a task; the only place where aliases are resolved. The provider
 * comes from task, plan or project; the model from task, plan, provider or project.
 */
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
      hint: "add [providers.<name>] to .dgov/project.toml; with several, also [project] provider",
    };
  }
  const provider = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined;
  if (provider === undefined) {
    const near = suggest(name, Object.keys(config.providers));
    return {
      ok: false,
      problem: `the provider \`${name}\` is not configured`,
      hint: didYouMean(near, `add [providers.${name}] to .dgov/project.toml`),
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

/** A provider as the endpoint of the model client. */
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
