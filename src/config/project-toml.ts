/** Text of project.toml: a new file, and edits that keep the rest of a file as it is. Pure. */
import type { Detection } from "./detect/detect.ts";
import { parseToml, stringifyToml } from "./toml.ts";
import { tomlPositions } from "./toml-positions.ts";

interface ProviderChoice {
  name: string;
  baseUrl: string;
  apiKeyEnv: string;
  model: string;
}

/** The endpoints that `init` offers; `other` consists of placeholders. */
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

/** The file for a detected toolchain and an endpoint. */
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
    ...detection.gates.flatMap(({ name, kind, paths, cwd, command }) => [
      "[[gates]]",
      `name = ${text(name)}`,
      `kind = ${text(kind)}`,
      `paths = ${list(paths)}`,
      `cwd = ${text(cwd)}`,
      `command = ${text(command)}`,
      "",
    ]),
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

type EditedText =
  | {
      ok: true;
      text: string;
      /** Removed and added lines, with `-` and `+` before them. */
      diff: string[];
    }
  | { ok: false; problem: string };

/**
 * Sets keys of `[project]` by replacing and inserting lines. The result is parsed again: when its values are
 * not the old ones with the changes, no text is returned.
 */
export function editProjectToml(
  before: string,
  changes: Readonly<Record<string, string>>,
): EditedText {
  const parsed = parseToml(before);
  if (!parsed.ok) return { ok: false, problem: "it is not valid TOML" };
  const project = (parsed.value["project"] ?? {}) as Record<string, unknown>;
  const diff: string[] = [];
  let text = before;
  for (const [key, value] of Object.entries(changes)) {
    if (project[key] === value) continue;
    const line = stringifyToml({ [key]: value }).trimEnd();
    const position = tomlPositions(text).find(["project", key]);
    if (Object.hasOwn(project, key)) {
      text = withLine(text, (position?.line ?? 1) - 1, 1, line);
      diff.push(`-${position?.excerpt ?? ""}`, `+${line}`);
    } else if (position !== null && /^\s*\[\s*project\s*\]/.test(position.excerpt)) {
      text = withLine(text, position.line, 0, line);
      diff.push(`+${line}`);
    } else {
      text = `${text === "" ? "" : `${text.trimEnd()}\n\n`}[project]\n${line}\n`;
      diff.push("+[project]", `+${line}`);
    }
  }
  const after = parseToml(text);
  const wanted = { ...parsed.value, project: { ...project, ...changes } };
  if (after.ok && (diff.length === 0 || Bun.deepEquals(after.value, wanted))) {
    return { ok: true, text, diff };
  }
  return { ok: false, problem: "the layout of its [project] table is not supported" };
}

/** The text with `line` in place of the `removed` lines that begin at `index`. */
function withLine(text: string, index: number, removed: number, line: string): string {
  const lines = text.split("\n");
  lines.splice(index, removed, text.includes("\r\n") ? `${line}\r` : line);
  return lines.join("\n");
}
