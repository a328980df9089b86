/** A draft of a plan as text for its review: dependency graph, units, and files by path. Pure. */
import type { CompiledPlan } from "../../../plan/compiled.ts";
import { renderGraph } from "../../../plan/graph.ts";
import { claimKinds } from "../../../plan/plan.ts";
import { sortedBy } from "../../../std/order.ts";
import { plural } from "../../../std/text.ts";
import { printable } from "../../render/printable.ts";
import { textTable } from "../../render/table.ts";

/** The summary, the graph, each unit's summary, and the files by path. */
export function renderDraft(plan: CompiledPlan): string {
  const units = plan.tasks.map((task) => [
    task.id,
    task.role === "worker" ? "" : task.role,
    printable(task.summary),
  ]);
  const claims = plan.tasks.flatMap((task) =>
    claimKinds.flatMap((kind) =>
      task.claims[kind].map((path) => [printable(path), kind, task.id] as const),
    ),
  );
  const files = sortedBy(claims, ([path, kind, id]) => `${path}\n${kind}\n${id}`);
  return [
    `${plan.name}: ${printable(plan.summary)} (${plural(plan.tasks.length, "unit")})`,
    "",
    renderGraph(plan, "tree"),
    "",
    ...textTable(units),
    "",
    ...(files.length === 0 ? ["  no files"] : textTable(files)),
  ].join("\n");
}
