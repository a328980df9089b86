/** The plan that `dgov fix` writes: one task in one section. Pure. */
import { stringifyToml } from "../config/toml.ts";
import { headingsOf } from "./prompt-text.ts";

interface FixRequest {
  /** Name of the plan and of its folder. */
  name: string;
  /** The task as the user typed it. */
  prompt: string;
  /** Claims, relative to the project root. */
  files: readonly string[];
  commitMessage: string;
  testCmd: string | null;
  /** Model or alias. */
  agent: string | null;
}

const summaryCharsMax = 72;

/** The texts of a fix plan's files, by path below the plan's folder. Its unit is `fix/main.apply`. */
export function fixPlanFiles(fix: FixRequest): Record<string, string> {
  const summary = summaryOf(fix.prompt);
  const task = {
    summary,
    prompt: fixPrompt(fix),
    commit_message: fix.commitMessage,
    files: [...fix.files],
    ...(fix.testCmd === null ? {} : { test_cmd: fix.testCmd }),
    ...(fix.agent === null ? {} : { agent: fix.agent }),
  };
  return {
    "_root.toml": stringifyToml({ plan: { name: fix.name, summary, sections: ["fix"] } }),
    "fix/main.toml": stringifyToml({ tasks: { apply: task } }),
  };
}

/** The first line of a prompt, shortened to the length of a summary. */
export function summaryOf(prompt: string): string {
  const [line = ""] = prompt.trim().split("\n", 1);
  return line.length <= summaryCharsMax ? line : `${line.slice(0, summaryCharsMax).trimEnd()}...`;
}

/** The prompt with the headings Orient, Edit and Verify. A prompt that has all of them is returned unchanged. */
function fixPrompt({ prompt, files, testCmd }: FixRequest): string {
  if (new Set(headingsOf(prompt).map(({ name }) => name)).size === 3) return prompt;
  const verify =
    testCmd === null
      ? "Run the project's tests, linter and type checker on what you changed, with your tools."
      : `Run the tests with your tools; \`${testCmd}\` must pass.`;
  return [
    "Orient:",
    `Read ${files.join(", ")}, as far as it exists, and the code that uses it.`,
    "",
    "Edit:",
    prompt.trim(),
    "",
    "Verify:",
    verify,
    "",
  ].join("\n");
}
