import type { Diagnostic } from "../../error.ts";
import type { Rule } from "../facts.ts";
import { about, type PlanTask } from "../plan.ts";

const bytesMax = 1024 * 1024;

/** One prompt, from one place, with something in it. */
export const prompts: Rule = ({ tasks }) => tasks.flatMap(promptProblem);

function promptProblem(task: PlanTask): Diagnostic[] {
  const { written, broken, role, prompt } = task;
  if (broken.has("prompt") || broken.has("prompt_file")) return [];
  const { prompt: inline, prompt_file: file } = written;
  if (inline && file) {
    const message = "both `prompt` and `prompt_file` are given";
    return [about(task, "prompt_file", { code: "two-prompts", message, hint: "keep one of them" })];
  }
  if (task.promptProblem !== null) {
    const message = `the prompt file \`${file}\` ${task.promptProblem}`;
    const hint = "it is looked for beside the file that names it, then in the plan's folder";
    return [about(task, "prompt_file", { code: "bad-prompt-file", message, hint })];
  }
  const key = file ? "prompt_file" : "prompt";
  const bytes = Buffer.byteLength(prompt ?? "");
  if (bytes > bytesMax) {
    const message = `the prompt has ${bytes} bytes, more than the 1048576 allowed`;
    return [about(task, key, { code: "long-prompt", message })];
  }
  if (role === "reviewer" || (prompt ?? "").trim() !== "") return [];
  if (file) {
    const message = `the prompt file \`${file}\` is empty`;
    return [about(task, key, { code: "empty-prompt", message })];
  }
  const message = inline === undefined ? "the task has no prompt" : "the prompt is empty";
  return [
    about(task, key, { code: "empty-prompt", message, hint: "give `prompt` or `prompt_file`" }),
  ];
}
