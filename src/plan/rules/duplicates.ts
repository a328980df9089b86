import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";

/** Ids that differ only in case are two units to dgov and one name to some file systems. */
export const duplicates: Rule = ({ tasks }) => {
  const seen = new Map<string, string>();
  return tasks.flatMap((task) => {
    const folded = task.id.toLowerCase();
    const other = seen.get(folded);
    seen.set(folded, other ?? task.id);
    if (other === undefined) return [];
    const message = `the unit id ${task.id} differs from ${other} only in case`;
    const hint = "rename the file or the key";
    return [about(task, [], { severity: "warning", code: "similar-unit", message, hint })];
  });
};
