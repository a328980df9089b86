/** The plan of `dgov fix`: one task, one section, as a source tree. Pure. */
import { stringifyToml } from "../config/toml.ts";
import { headingsOf } from "./prompt-text.ts";

export interface Fix {
  /** Name of the plan and of its folder. */
  name: string;
  /** What is to be done, as typed. */
  prompt: string;
  /** Claims, relative to the project root. */
  files: readonly string[];
  commitMessage: string;
  testCmd: string | null;
  /** Model or alias. */
  agent: string | null;
}

const summaryCharsMax = 72;

/** The files of a fix plan, by their path below the plan's folder. Its unit is `fix/main.apply`. */
export function fixPlanFiles(fix: Fix): Record<string, string> {
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

/** The first line of a prompt, as far as a summary goes. */
export function summaryOf(prompt: string): string {
  const [line = ""] = prompt.trim().split("\n", 1);
  return line.length <= summaryCharsMax ? line : `${line.slice(0, summaryCharsMax).trimEnd()}...`;
}

/** The prompt under the headings workers know; one that has them all is left as it is. */
function fixPrompt({ prompt, files, testCmd }: Fix): string {
  if (new Set(headingsOf(prompt).map(({ name }) => name)).size === 3) return prompt;
  const verify =
    testCmd === null
      ? "Run the project's tests, linter and type checker on what you changed, with your tools."
      : `Run the tests with your tools; they are judged by \`${testCmd}\`.`;
  return [
    "Orient:",
    `Read what is there of ${files.join(", ")}, and what uses it.`,
    "",
    "Edit:",
    prompt.trim(),
    "",
    "Verify:",
    verify,
    "",
  ].join("\n");
}
