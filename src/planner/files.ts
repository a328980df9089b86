/** Renders a draft as the TOML files of a plan tree. Any string of the draft is quoted safely. Pure. */

import { renderTomlTable } from "../config/toml.ts";
import { claimKinds } from "../plan/plan.ts";
import type { DraftTask, PlanDraft } from "../worker/roles/planner.ts";

/**
 * Text of each file by its path below the plan's folder. The draft must have no problems (see
 * `draftProblems`): section names and task keys are used unquoted.
 */
export function planFiles(draft: PlanDraft, name: string): Record<string, string> {
  const root = renderTomlTable("plan", {
    name,
    summary: wellFormed(draft.summary),
    sections: draft.sections.map((section) => section.name),
  });
  const sections = draft.sections.map((section) => [
    `${section.name}/main.toml`,
    section.tasks.map(taskTable).join("\n"),
  ]);
  return { "_root.toml": root, ...Object.fromEntries(sections) };
}

function taskTable(task: DraftTask): string {
  const { key, files = {}, depends_on = [], ...rest } = task;
  const claims = claimKinds.map((kind) => [`files.${kind}`, orNull(files[kind] ?? [])]);
  return renderTomlTable(`tasks.${key}`, {
    summary: wellFormed(rest.summary),
    prompt: wellFormed(rest.prompt),
    commit_message: optional(rest.commit_message),
    role: optional(rest.role),
    on_reject: optional(rest.on_reject),
    ...Object.fromEntries(claims),
    depends_on: orNull(depends_on),
    test_cmd: optional(rest.test_cmd),
    self_review: rest.self_review ?? null,
    timeout_s: rest.timeout_s ?? null,
    iteration_budget: rest.iteration_budget ?? null,
    max_fork_depth: rest.max_fork_depth ?? null,
  });
}

function orNull(list: readonly string[]): string[] | null {
  return list.length === 0 ? null : list.map(wellFormed);
}

function optional(text: string | undefined): string | null {
  return text === undefined ? null : wellFormed(text);
}

/** Replaces lone surrogates, which JSON can contain but UTF-8 and TOML cannot. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}
