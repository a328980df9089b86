import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";

/** A cycle has no legal order; it is shown as one walks it. */
export const cycles: Rule = ({ tasks, order }) =>
  order.cycles.flatMap((cycle) => {
    const [first, second] = cycle.map((index) => tasks[index]);
    if (first === undefined) return [];
    const path = [...cycle, ...cycle.slice(0, 1)].map((index) => tasks[index]?.id);
    const message = `dependency cycle: ${path.join(" -> ")}`;
    const hint = "take one of these dependencies out";
    return [about(first, "depends_on", { code: "cycle", message, hint }, second?.key)];
  });
