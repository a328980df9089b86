/**
 * Checks of a draft before it is written: unsafe or repeated names of sections and tasks, and proposed
 * settings. The compiler checks everything else. Pure.
 */
import { isSafeName, nameRule, safeName } from "../plan/names.ts";
import type { PlanDraft } from "../worker/roles/planner.ts";

const tasksMax = 200;

/** Keys of `[project]` a planner may propose to change. */
export const configKeys = [
  "test_cmd",
  "lint_cmd",
  "lint_fix_cmd",
  "format_cmd",
  "format_check_cmd",
  "type_check_cmd",
  "coverage_cmd",
  "setup_cmd",
] as const;

/** Problems of a draft as sentences for the planner; empty when it can be written. */
export function draftProblems(draft: PlanDraft): string[] {
  const problems: string[] = [];
  const tasks = draft.sections.reduce((sum, section) => sum + section.tasks.length, 0);
  if (tasks > tasksMax)
    problems.push(`the plan has ${tasks} tasks; at most ${tasksMax} are allowed`);
  problems.push(
    ...nameProblems(
      "section",
      draft.sections.map(({ name }) => name),
    ),
  );
  for (const section of draft.sections) {
    const keys = section.tasks.map(({ key }) => key);
    const where = `task key in the section ${JSON.stringify(section.name)}`;
    problems.push(...nameProblems(where, keys));
  }
  for (const [key, value] of Object.entries(draft.config ?? {})) {
    if (!configKeys.some((known) => known === key)) {
      problems.push(`config.${key} cannot be proposed; ${configKeys.join(", ")} can`);
    } else if (/\p{Cc}/u.test(value) || value.trim() === "") {
      problems.push(`config.${key} must be one line of shell text`);
    }
  }
  return problems;
}

function nameProblems(what: string, names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.flatMap((name) => {
    // Names that differ only in case are one folder on some file systems.
    const folded = name.toLowerCase();
    const twice = seen.has(folded);
    seen.add(folded);
    if (!isSafeName(name)) return [`${JSON.stringify(name)} is not a valid ${what}: ${nameRule}`];
    return twice ? [`${JSON.stringify(name)} is used twice as ${what}`] : [];
  });
}

/** The name of the plan: the operator's, else the planner's made safe. */
export function planName(draft: PlanDraft, wanted: string | null): string {
  return wanted ?? safeName(draft.name, "plan");
}
