/** Rules about the prompts of tasks. */
import { coversAny } from "../../claims/cover.ts";
import type { Diagnostic } from "../../error.ts";
import { type PlanTask, taskDiagnostic } from "../plan.ts";
import { type HeadingName, headingsOf, pathMentions, verifyTools } from "../prompt-text.ts";
import type { Rule } from "../rule-context.ts";

const bytesMax = 1024 * 1024;

/** Every task needs one prompt, from `prompt` or `prompt_file`; a reviewer may go without. */
export const promptSource: Rule = ({ tasks }) => tasks.flatMap(promptProblem);

function promptProblem(task: PlanTask): Diagnostic[] {
  const { written, broken, role, prompt } = task;
  if (broken.has("prompt") || broken.has("prompt_file")) return [];
  const { prompt: inline, prompt_file: file } = written;
  if (inline && file) {
    const message = "both `prompt` and `prompt_file` are given";
    return [
      taskDiagnostic(task, "prompt_file", {
        code: "two-prompts",
        message,
        hint: "keep one of them",
      }),
    ];
  }
  if (task.promptProblem !== null) {
    const message = `the prompt file \`${file}\` ${task.promptProblem}`;
    const hint = "the path is relative to the task file or to the plan's folder";
    return [taskDiagnostic(task, "prompt_file", { code: "bad-prompt-file", message, hint })];
  }
  const key = file ? "prompt_file" : "prompt";
  const bytes = Buffer.byteLength(prompt ?? "");
  if (bytes > bytesMax) {
    const message = `the prompt has ${bytes} bytes; the limit is ${bytesMax}`;
    return [taskDiagnostic(task, key, { code: "long-prompt", message })];
  }
  if (role === "reviewer" || (prompt ?? "").trim() !== "") return [];
  if (file) {
    const message = `the prompt file \`${file}\` is empty`;
    return [taskDiagnostic(task, key, { code: "empty-prompt", message })];
  }
  const message = inline === undefined ? "the task has no prompt" : "the prompt is empty";
  return [
    taskDiagnostic(task, key, {
      code: "empty-prompt",
      message,
      hint: "set `prompt` or `prompt_file`",
    }),
  ];
}

/** A worker's prompt has the headings Orient, Edit and Verify; that of a read-only role has Orient. */
export const promptHeadings: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const prompt = task.prompt ?? "";
    if (prompt.trim() === "") return [];
    const wanted: HeadingName[] =
      task.role === "worker" ? ["Orient", "Edit", "Verify"] : ["Orient"];
    const present = new Set(headingsOf(prompt).map(({ name }) => name));
    const waived = task.written.test_cmd ? "Verify" : null;
    const missing = wanted.filter((name) => !present.has(name) && name !== waived);
    if (missing.length === 0) return [];
    const message = `the prompt lacks the heading ${missing.join(", ")}`;
    const hint = "write each heading alone on a line, like `Orient:`";
    const key = task.written.prompt_file ? "prompt_file" : "prompt";
    return [
      taskDiagnostic(task, key, { severity: "warning", code: "prompt-heading", message, hint }),
    ];
  });

/** A path that the prompt mentions should be claimed. */
export const unclaimedMentions: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const claims = task.parsed.map(({ claim }) => claim);
    const key = task.written.prompt_file ? "prompt_file" : "prompt";
    return pathMentions(task.prompt ?? "")
      .filter((path) => !coversAny(claims, path))
      .map((path) => {
        const message = `the prompt mentions \`${path}\`, which no claim covers`;
        const hint = "claim it; use files.read if the task only reads it";
        return taskDiagnostic(
          task,
          key,
          { severity: "warning", code: "unclaimed-mention", message, hint },
          path,
        );
      });
  });

/** The programs that the Verify section runs should be on the PATH of workers. */
export const verifyPrograms: Rule = ({ tasks }, { missingTools }) =>
  tasks.flatMap((task) => {
    if (missingTools.size === 0) return [];
    const key = task.written.prompt_file ? "prompt_file" : "prompt";
    return verifyTools(task.prompt ?? "")
      .filter((tool) => missingTools.has(tool))
      .map((tool) => {
        const message = `the Verify section runs \`${tool}\`, which is not on the PATH of workers`;
        const hint = "install it, or use a program that is installed";
        return taskDiagnostic(task, key, {
          severity: "warning",
          code: "missing-tool",
          message,
          hint,
        });
      });
  });
