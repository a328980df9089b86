/** Which units a run is about, and which of them need no work. Pure. */
import type { CompiledPlan } from "../plan/compiled.ts";
import type { UnitHistory } from "./history.ts";

/** The plan cut down to the chosen units and everything they depend on. */
export function selectUnits(plan: CompiledPlan, only: readonly string[]): CompiledPlan {
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

/**
 * Units that need no work: landed with this text, or read-only with a result for these inputs. An
 * answer counts only while all it was given from needs no work either.
 */
export function settledUnits(
  plan: CompiledPlan,
  landed: readonly { unit: string; digest: string; commit: string }[],
  history: ReadonlyMap<string, Pick<UnitHistory, "digest" | "result">>,
  mode: "bare" | "continue" | "restart",
): { unit: string; as: "landed" | "done" }[] {
  if (mode === "restart") return [];
  const commits = new Map(landed.map((l) => [`${l.unit} ${l.digest}`, l.commit]));
  /** By unit that needs no work: the commit it landed as, null for an answer. */
  const settled = new Map<string, string | null>();
  for (const task of plan.tasks) {
    if (task.role === "worker") {
      const commit = commits.get(`${task.id} ${task.digest}`);
      if (commit !== undefined) settled.set(task.id, commit);
      continue;
    }
    const entry = history.get(task.id);
    const result = entry?.digest === task.digest ? entry.result : null;
    const sameInputs = task.dependsOn.every(
      (unit) => settled.has(unit) && settled.get(unit) === (result?.inputs[unit] ?? null),
    );
    if (result !== null && sameInputs) settled.set(task.id, null);
  }
  return [...settled].map(([unit, commit]) => ({ unit, as: commit === null ? "done" : "landed" }));
}
