/** Every setting in force, under the name it has in project.toml, and who said so. Pure. */
import type { Config, ProviderConfig } from "./config.ts";

export interface Setting {
  /** Dotted, as in project.toml. */
  key: string;
  /** Null when nothing is configured and there is no default. */
  value: unknown;
  source: "project" | "provider" | "default";
}

/** Settings in the order of the file's tables; `written` is the parsed project.toml. */
export function settingsInForce(config: Config, written: Record<string, unknown>): Setting[] {
  const stated = fixed(config).map(([key, value]): Setting => {
    const [table = "", name = ""] = key.split(".");
    return { key, value, source: has(written[table], name) ? "project" : "default" };
  });
  return [...stated.map((setting) => inherited(setting, config)), ...tables(config, written)];
}

type Pair = [key: string, value: unknown];

function fixed(config: Config): Pair[] {
  const { commands, toolPolicy, scope, sentrux, worktree, merge, run } = config;
  return [
    ["project.language", config.language],
    ["project.src_dir", config.srcDir],
    ["project.test_dir", config.testDir],
    ["project.source_extensions", config.sourceExtensions],
    ["project.test_markers", config.testMarkers],
    ["project.line_length", config.lineLength],
    ["project.setup_cmd", commands.setup],
    ["project.test_cmd", commands.test],
    ["project.lint_cmd", commands.lint],
    ["project.lint_fix_cmd", commands.lintFix],
    ["project.format_cmd", commands.format],
    ["project.format_check_cmd", commands.formatCheck],
    ["project.type_check_cmd", commands.typeCheck],
    ["project.coverage_cmd", commands.coverage],
    ["project.coverage_threshold", config.coverageThreshold],
    ["project.review_hooks", config.reviewHooks],
    ["project.bootstrap_timeout", config.bootstrapTimeoutS],
    ["project.settlement_timeout", config.settlementTimeoutS],
    ["project.worker_iteration_budget", config.workerIterationBudget],
    ["project.worker_tree_max_lines", config.workerTreeMaxLines],
    ["project.provider", config.provider],
    ["project.default_agent", config.defaultAgent],
    ["tool_policy.restrict_run_bash", toolPolicy.restrictRunBash],
    ["tool_policy.deny_shell_commands", toolPolicy.denyShellCommands],
    ["tool_policy.deny_shell_file_mutations", toolPolicy.denyShellFileMutations],
    ["tool_policy.require_wrapped_verify_tools", toolPolicy.requireWrappedVerifyTools],
    ["tool_policy.require_uv_run", toolPolicy.requireUvRun],
    ["scope.allow_files", scope.allow],
    ["scope.deny_files", scope.deny],
    ["scope.ignore_files", scope.ignore],
    ["scope.allow_git_control", scope.allowGitControl],
    ["sentrux.engine", sentrux.engine],
    ["sentrux.mode", sentrux.mode],
    ["sentrux.on_degraded", sentrux.onDegraded],
    ["sentrux.stale_commits", sentrux.staleCommits],
    ["sentrux.stale_days", sentrux.staleDays],
    ["sentrux.include_tests", sentrux.includeTests],
    ["sops.picker", config.sops.picker],
    ["worktree.root", worktree.root],
    ["worktree.copy", worktree.copy],
    ["worktree.setup", worktree.setup],
    ["worktree.keep_mib_max", worktree.keepMibMax],
    ["merge.order", merge.order],
    ["merge.speculation", merge.speculation],
    ["merge.flaky", merge.flaky],
    ["merge.sign", merge.sign],
    ["merge.rebuilds", merge.rebuilds],
    ["run.jobs", run.jobs],
    ["run.max_gates", run.maxGates],
    ["run.crash_retries", run.crashRetries],
    ["run.timeout_retries", run.timeoutRetries],
    ["run.env", run.env],
    ["sandbox.mode", "off"],
  ];
}

/** Tables whose keys the project names: what is in them is the project's word. */
function tables(config: Config, written: Record<string, unknown>): Setting[] {
  const said = (key: string, value: unknown): Setting => ({ key, value, source: "project" });
  return [
    ...Object.values(config.providers).flatMap((p) => providerSettings(p, written["providers"])),
    ...Object.entries(config.agents).map(([name, model]) => said(`agents.${name}`, model)),
    ...Object.entries(config.conventions).map(([name, v]) => said(`conventions.${name}`, v)),
    ...config.departments.map((d) => said(`departments.${d.name}`, d.patterns)),
    ...Object.entries(config.verify).map(([name, v]) => said(`verify.${name}.command`, v.command)),
  ];
}

/** A provider's table; the older form of one endpoint has none, but names url and variable. */
function providerSettings(provider: ProviderConfig, written: unknown): Setting[] {
  const table = has(written, provider.name) ? written[provider.name] : null;
  const asked = { base_url: provider.baseUrl, api_key_env: provider.apiKeyEnv };
  const optional = {
    auth: provider.auth,
    default_agent: provider.defaultAgent,
    request_timeout_s: provider.requestTimeoutS,
    idle_timeout_s: provider.idleTimeoutS,
    retries: provider.retries,
    retry_after_max_s: provider.retryAfterMaxS,
    context_tokens: provider.contextTokens,
    max_concurrent: provider.maxConcurrent,
    requests_per_minute: provider.requestsPerMinute,
    tokens_per_minute: provider.tokensPerMinute,
    stream: provider.stream,
    stream_usage: provider.streamUsage,
    max_tokens: provider.maxTokens,
    max_tokens_field: provider.maxTokensField,
    temperature: provider.temperature,
    parallel_tool_calls: provider.parallelToolCalls,
    return_reasoning: provider.returnReasoning,
    headers: provider.headers,
    query: provider.query,
    body: provider.body,
    price: provider.price,
  };
  return Object.entries({ ...asked, ...optional }).map(([name, value]) => ({
    key: `providers.${provider.name}.${name}`,
    value,
    source: name in asked || has(table, name) ? "project" : "default",
  }));
}

function has(table: unknown, key: string): table is Record<string, unknown> {
  return typeof table === "object" && table !== null && Object.hasOwn(table, key);
}

/** What nobody wrote but another setting decides: the model a provider names, the setup command. */
function inherited(setting: Setting, config: Config): Setting {
  if (setting.source !== "default") return setting;
  if (setting.key === "project.default_agent" && config.provider !== null) {
    const agent = config.providers[config.provider]?.defaultAgent ?? null;
    if (agent !== null) return { ...setting, value: agent, source: "provider" };
  }
  const derived = setting.key === "project.provider" || setting.key === "worktree.setup";
  return derived && setting.value !== null ? { ...setting, source: "project" } : setting;
}

/** One line a setting: `key = value  # source`. */
export function renderSettings(settings: readonly Setting[]): string {
  const lines = settings.map((setting) => {
    const value = setting.value === null ? "none" : JSON.stringify(setting.value);
    return [`${setting.key} = ${value}`, setting.source] as const;
  });
  const width = Math.min(60, Math.max(0, ...lines.map(([text]) => text.length)));
  return lines.map(([text, source]) => `${text.padEnd(width)}  # ${source}`).join("\n");
}
