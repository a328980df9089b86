/** The part of a worker's message that the plan decides: SOPs, then the task's own text. Pure. */
import type { CompiledPlan, CompiledTask } from "./compiled.ts";

export interface PromptPart {
  name: string;
  text: string;
}

/** Exactly what the worker is sent of the plan, in order; `compile --show` prints it. */
export function renderPrompt(plan: CompiledPlan, task: CompiledTask): { parts: PromptPart[] } {
  const sops = task.sops.flatMap((name) => {
    const text = plan.sops[name];
    return text === undefined ? [] : [{ name: `sop ${name}`, text: text.trimEnd() }];
  });
  return {
    parts: [...sops, { name: "task", text: `Task: ${task.summary}\n\n${task.prompt.trimEnd()}` }],
  };
}
