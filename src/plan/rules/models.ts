import { diagnosticAt } from "../diagnostic.ts";
import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";

/** Every task gets a provider and a model. What comes from the plan is said once, not for each task. */
export const models: Rule = ({ tasks, source }, { model }) => {
  if (model === null) return [];
  const { root, rootFile: file, rootPlaces: places } = source;
  const plan = {
    defaultAgent: root.default_agent || null,
    defaultProvider: root.default_provider || null,
  };
  const said = new Set<string>();
  return tasks.flatMap((task) => {
    const agent = task.written.agent || null;
    const provider = task.written.provider || null;
    const resolved = model(plan, { agent, provider });
    if (resolved.ok) return [];
    const finding = { code: "no-model", message: resolved.problem, hint: resolved.hint };
    if (provider !== null) return [about(task, "provider", finding)];
    if (said.has(resolved.problem)) return [];
    said.add(resolved.problem);
    const path = ["plan", plan.defaultProvider === null ? "name" : "default_provider"];
    return [diagnosticAt({ file, unit: null, places, path }, finding)];
  });
};
