import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";

/** Two tasks may end up with one id: `a.toml` with `"b.c"`, or names that differ only in case. */
export const duplicates: Rule = ({ tasks }) => {
  const seen = new Map<string, string>();
  return tasks.flatMap((task) => {
    const folded = task.id.toLowerCase();
    const other = seen.get(folded);
    if (other === undefined) {
      seen.set(folded, task.id);
      return [];
    }
    const message =
      other === task.id
        ? `the unit id ${task.id} is there twice`
        : `the unit id ${task.id} differs from ${other} only in case`;
    return [
      about(task, [], { code: "duplicate-unit", message, hint: "rename the file or the key" }),
    ];
  });
};
