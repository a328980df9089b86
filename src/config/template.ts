/** The text of a new project.toml. Pure. */
import type { Detection } from "./detect.ts";

export interface ProviderChoice {
  name: string;
  baseUrl: string;
  apiKeyEnv: string;
  model: string;
}

/** What `init` offers; `other` is left for the person to fill in. */
export const providerPresets: Record<"openai" | "fireworks" | "other", ProviderChoice> = {
  openai: {
    name: "openai",
    baseUrl: "https://api.openai.com/v1",
    apiKeyEnv: "OPENAI_API_KEY",
    model: "gpt-4.1-mini",
  },
  fireworks: {
    name: "fireworks",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    apiKeyEnv: "FIREWORKS_API_KEY",
    model: "accounts/fireworks/routers/kimi-k2p5-turbo",
  },
  other: {
    name: "llm",
    baseUrl: "https://provider.example.com/v1",
    apiKeyEnv: "PROVIDER_API_KEY",
    model: "provider/model-name",
  },
};

/** Renders the file for a detected toolchain and a chosen endpoint. */
export function renderProjectToml(detection: Detection, provider: ProviderChoice): string {
  const text = (value: string): string => JSON.stringify(value);
  const list = (values: readonly string[]): string => `[${values.map(text).join(", ")}]`;
  const python = detection.language === "python";
  const uv = Object.values(detection.commands).some((command) => command.startsWith("uv "));
  const lines = [
    "#:schema ./schema/project.json",
    "",
    "[project]",
    `language = ${text(detection.language)}`,
    `src_dir = ${text(detection.srcDir)}`,
    `test_dir = ${text(detection.testDir)}`,
    `source_extensions = ${list(detection.sourceExtensions)}`,
    ...Object.entries(detection.commands).map(([key, command]) => `${key} = ${text(command)}`),
    `provider = ${text(provider.name)}`,
    "",
    `[providers.${provider.name}]`,
    `base_url = ${text(provider.baseUrl)}`,
    `api_key_env = ${text(provider.apiKeyEnv)}`,
    `default_agent = ${text(provider.model)}`,
    "",
    "[tool_policy]",
    "restrict_run_bash = true",
    `deny_shell_commands = ${list(python ? ["pip", "python -m pip", "pip3", "python -m venv", "uv venv"] : [])}`,
    "deny_shell_file_mutations = true",
    "require_wrapped_verify_tools = false",
    `require_uv_run = ${python && uv}`,
    "",
    "[scope]",
    `ignore_files = ${list(detection.ignoreFiles)}`,
    "",
  ];
  return lines.join("\n");
}
