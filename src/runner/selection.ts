/** Which units a run is about, and which of them need no work. Pure. */
import type { CompiledPlan } from "../plan/compiled.ts";
import type { UnitHistory } from "./history.ts";

/** The plan cut down to the chosen units and everything they depend on. */
export function selected(plan: CompiledPlan, only: readonly string[]): CompiledPlan {
  if (only.length === 0) return plan;
  const tasks = new Map(plan.tasks.map((task) => [task.id, task]));
  const wanted = new Set<string>();
  const stack = [...only];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (wanted.has(id)) continue;
    wanted.add(id);
    stack.push(...(tasks.get(id)?.dependsOn ?? []));
  }
  return { ...plan, tasks: plan.tasks.filter((task) => wanted.has(task.id)) };
}

/** Units that need no work: landed with this text, or read-only with a result for these inputs. */
export function settledUnits(
  plan: CompiledPlan,
  landed: readonly { unit: string; digest: string; commit: string }[],
  history: ReadonlyMap<string, UnitHistory>,
  mode: "bare" | "continue" | "restart",
): { unit: string; as: "landed" | "done" }[] {
  if (mode === "restart") return [];
  const commits = new Map(landed.map((l) => [`${l.unit} ${l.digest}`, l.commit]));
  const settled: { unit: string; as: "landed" | "done" }[] = [];
  const landedAs = new Map(landed.map((l) => [l.unit, l.commit]));
  for (const task of plan.tasks) {
    if (task.role === "worker") {
      if (commits.has(`${task.id} ${task.digest}`)) settled.push({ unit: task.id, as: "landed" });
      continue;
    }
    const entry = history.get(task.id);
    const result = entry?.digest === task.digest ? entry.result : null;
    const sameInputs =
      result !== null &&
      task.dependsOn.every(
        (unit) => (landedAs.get(unit) ?? null) === (result.inputs[unit] ?? null),
      );
    if (sameInputs) settled.push({ unit: task.id, as: "done" });
  }
  return settled;
}
