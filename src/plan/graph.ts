/** Renders the dependency graph of a compiled plan: as a tree, Mermaid or Graphviz dot. Pure. */
import type { CompiledPlan } from "./compiled.ts";

export const graphForms = ["tree", "mermaid", "dot"] as const;
type GraphForm = (typeof graphForms)[number];

/** The graph as text. In the tree, dependents are listed once; at further occurrences of a unit `...` replaces them. */
export function renderGraph(plan: CompiledPlan, form: GraphForm): string {
  switch (form) {
    case "tree":
      return tree(plan);
    case "mermaid": {
      const names = new Map(plan.tasks.map((task, i) => [task.id, `u${i}`]));
      const nodes = plan.tasks.map((task) => `  ${names.get(task.id)}["${task.id}"]`);
      const edges = edgesOf(plan).map(([from, to]) => `  ${names.get(from)} --> ${names.get(to)}`);
      return ["graph TD", ...nodes, ...edges].join("\n");
    }
    case "dot": {
      const quoted = (id: string): string => JSON.stringify(id);
      const nodes = plan.tasks.map((task) => `  ${quoted(task.id)};`);
      const edges = edgesOf(plan).map(([from, to]) => `  ${quoted(from)} -> ${quoted(to)};`);
      return ["digraph plan {", ...nodes, ...edges, "}"].join("\n");
    }
    default:
      return form satisfies never;
  }
}

function edgesOf(plan: CompiledPlan): [string, string][] {
  return plan.tasks.flatMap((task) =>
    task.dependsOn.map((dep): [string, string] => [dep, task.id]),
  );
}

function tree(plan: CompiledPlan): string {
  const dependents = new Map<string, string[]>();
  for (const [from, to] of edgesOf(plan))
    dependents.set(from, [...(dependents.get(from) ?? []), to]);
  const lines: string[] = [];
  const seen = new Set<string>();
  const roots = plan.tasks.filter((task) => task.dependsOn.length === 0).map((task) => task.id);
  // An explicit stack: a chain may be 10,000 units long.
  const stack = roots.reverse().map((id) => ({ id, lead: "", branch: "" }));
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { id, lead, branch } = item;
    const children = dependents.get(id) ?? [];
    const again = seen.has(id) && children.length > 0;
    lines.push(`${lead}${branch}${id}${again ? " ..." : ""}`);
    if (seen.has(id)) continue;
    seen.add(id);
    const below = deeper(lead + (branch === "" ? "" : branch === "└─ " ? "   " : "│  "));
    for (const [i, child] of [...children.entries()].reverse()) {
      stack.push({ id: child, lead: below, branch: i === children.length - 1 ? "└─ " : "├─ " });
    }
  }
  return lines.join("\n");
}

/** Maximum indentation of the tree in levels. */
const levelsMax = 20;

function deeper(lead: string): string {
  return lead.slice(0, 3 * levelsMax);
}
