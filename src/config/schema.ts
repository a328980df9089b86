/** The shape of `.dgov/project.toml` as people write it. Loaded lazily: arktype costs start-up time. */
import { configure } from "arktype/config";

configure({ jitless: true });
const { type } = await import("arktype");

const positive = "number.integer > 0";
const natural = "number.integer >= 0";
const strings = "string[]";

const provider = type({
  "+": "reject",
  base_url: "string > 0",
  api_key_env: "string > 0",
  "auth?": "'bearer' | 'api-key'",
  "default_agent?": "string > 0",
  "request_timeout_s?": positive,
  "idle_timeout_s?": positive,
  "retries?": natural,
  "retry_after_max_s?": natural,
  "context_tokens?": positive,
  "max_concurrent?": positive,
  "requests_per_minute?": positive,
  "tokens_per_minute?": positive,
  "stream?": "boolean",
  "stream_usage?": "boolean",
  "max_tokens?": positive,
  "max_tokens_field?": "'max_tokens' | 'max_completion_tokens'",
  "temperature?": "number >= 0",
  "parallel_tool_calls?": "boolean",
  "return_reasoning?": "boolean",
  "headers?": { "[string]": "string" },
  "query?": { "[string]": "string" },
  "body?": { "[string]": "unknown" },
  "price?": {
    "+": "reject",
    input: "number >= 0",
    "cached?": "number >= 0",
    output: "number >= 0",
  },
});

const recipe = type({
  "+": "reject",
  command: "string > 0",
  "description?": "string",
  "log_name?": "string",
  "parser?": "string",
});

/** Everything a project may say; unknown keys are rejected. */
export const projectSchema = type({
  "+": "reject",
  "project?": {
    "+": "reject",
    "language?": "string",
    "src_dir?": "string",
    "test_dir?": "string",
    "test_cmd?": "string",
    "lint_cmd?": "string",
    "format_cmd?": "string",
    "lint_fix_cmd?": "string",
    "format_check_cmd?": "string",
    "type_check_cmd?": "string",
    "coverage_cmd?": "string",
    "setup_cmd?": "string",
    "test_markers?": strings,
    "worker_iteration_budget?": positive,
    "worker_iteration_warn_at?": positive,
    "worker_tree_max_lines?": natural,
    "line_length?": positive,
    "source_extensions?": strings,
    "provider?": "string > 0",
    "default_agent?": "string > 0",
    "llm_base_url?": "string > 0",
    "llm_api_key_env?": "string > 0",
    "bootstrap_timeout?": positive,
    "settlement_timeout?": positive,
    "review_hooks?": strings,
    "coverage_threshold?": "number >= 0",
  },
  "providers?": { "[string]": provider },
  "agents?": { "[string]": "string > 0" },
  "conventions?": { "[string]": "string | number | boolean" },
  "tool_policy?": {
    "+": "reject",
    "restrict_run_bash?": "boolean",
    "deny_shell_commands?": strings,
    "deny_shell_file_mutations?": "boolean",
    "require_wrapped_verify_tools?": "boolean",
    "require_uv_run?": "boolean",
  },
  "scope?": {
    "+": "reject",
    "allow_files?": strings,
    "deny_files?": strings,
    "ignore_files?": strings,
    "allow_git_control?": "boolean",
  },
  "departments?": { "[string]": strings },
  "sentrux?": {
    "+": "reject",
    "engine?": "'auto' | 'builtin' | 'external'",
    "mode?": "'diff' | 'strict'",
    "on_degraded?": "'warn' | 'fail'",
    "stale_commits?": natural,
    "stale_days?": natural,
    "include_tests?": "boolean",
  },
  "verify?": { "[string]": recipe },
  "sops?": { "+": "reject", "picker?": "'model' | 'rules'" },
  "worktree?": {
    "+": "reject",
    "root?": "string > 0",
    "copy?": strings,
    "setup?": "string",
    "keep_mib_max?": positive,
  },
  "merge?": {
    "+": "reject",
    "order?": "'ready' | 'plan'",
    "speculation?": positive,
    "flaky?": "'pass' | 'fail'",
    "sign?": "boolean",
    "rebuilds?": natural,
  },
  "run?": {
    "+": "reject",
    "jobs?": positive,
    "max_gates?": positive,
    "crash_retries?": natural,
    "timeout_retries?": natural,
    "env?": strings,
  },
  "sandbox?": { "+": "reject", "mode?": "'off'" },
});

export type WrittenConfig = typeof projectSchema.infer;
export { type };
