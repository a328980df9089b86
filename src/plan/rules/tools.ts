import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";
import { verifyTools } from "../prompt-text.ts";

/** A program the Verify section calls must be there, or the worker cannot do as it is told. */
export const tools: Rule = ({ tasks }, { missingTools }) =>
  tasks.flatMap((task) => {
    if (missingTools.size === 0) return [];
    const key = task.written.prompt_file ? "prompt_file" : "prompt";
    return verifyTools(task.prompt ?? "")
      .filter((tool) => missingTools.has(tool))
      .map((tool) => {
        const message = `the Verify section runs \`${tool}\`, which is not on the PATH of workers`;
        const hint = "install it, or verify with what is there";
        return about(task, key, { severity: "warning", code: "missing-tool", message, hint });
      });
  });
