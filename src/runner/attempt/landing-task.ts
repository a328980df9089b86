/** The follow-up attempt of a reviewer with `on_reject = "fix"`: what it judged, mended. Pure. */
import type { Config } from "../../config/config.ts";
import type { Claims, CompiledTask } from "../../plan/compiled.ts";
import { present } from "../../std/assert.ts";
import type { RunContext } from "../run-context.ts";

/**
 * The task whose work lands under a unit: its own, or, for a reviewer, that of mending the units it
 * judged, with their claims, their texts and their tests.
 */
export function taskToLand(
  { tasks, config }: { tasks: Tasks; config: Pick<Config, "verify"> },
  unit: string,
): CompiledTask {
  const task = present(tasks.get(unit), `task of ${unit}`);
  return task.role === "reviewer" ? fixTask(tasks, task, config.verify) : task;
}

type Tasks = ReadonlyMap<string, CompiledTask>;

/** Units a reviewer's fix may change: the workers it depends on. */
export function unitsUnderReview(tasks: Tasks, reviewer: CompiledTask): CompiledTask[] {
  return reviewer.dependsOn.flatMap((id) => {
    const task = tasks.get(id);
    return task?.role === "worker" ? [task] : [];
  });
}

function fixTask(tasks: Tasks, reviewer: CompiledTask, recipes: Config["verify"]): CompiledTask {
  const mended = unitsUnderReview(tasks, reviewer);
  const all = (kind: keyof Claims): string[] => [...new Set(mended.flatMap((t) => t.claims[kind]))];
  const commands = [...new Set(mended.flatMap(({ testCmd }) => testCmd ?? []))];
  return {
    ...reviewer,
    role: "worker",
    selfReview: false,
    summary: `Mend what ${reviewer.id} found in ${mended.map(({ id }) => id).join(", ")}`,
    prompt: [
      "The work described below has landed and is in your worktree. A reviewer judged it and did " +
        "not approve: mend what it found, and nothing else.",
      ...mended.map(({ id, prompt }) => `What ${id} was asked to do:\n\n${prompt}`),
    ].join("\n\n"),
    commitMessage: `fix: mend what ${reviewer.id} found`,
    claims: {
      // What one unit created, the mending edits.
      create: [],
      edit: [],
      delete: all("delete"),
      touch: [...new Set([...all("create"), ...all("edit"), ...all("touch")])],
      read: all("read"),
    },
    testCmd: joined(commands, recipes),
  };
}

/** Several units' test commands as one; a recipe among them is written out. */
function joined(commands: readonly string[], recipes: Config["verify"]): string | null {
  const [only = null] = commands;
  if (commands.length <= 1) return only;
  const text = (command: string): string => {
    const name = /^verify:(.*)$/.exec(command)?.[1] ?? "";
    return recipes[name]?.command ?? command;
  };
  return commands.map((command) => `( ${text(command)} )`).join(" && ");
}

// ------------------------------------------------------------
// The commit message of what a unit lands.

/** The unit's own message with the trailers that identify its work between runs. */
export function commitMessage(context: RunContext, unit: string): string {
  const own = present(context.tasks.get(unit), `task of ${unit}`);
  const task = taskToLand(context, unit);
  const identity =
    own.role === "reviewer"
      ? unitsUnderReview(context.tasks, own).map(({ id }) => `Dgov-Fixes: ${id}`)
      : [`Dgov-Unit: ${task.id}`, `Dgov-Digest: ${task.digest}`];
  const trailers = [`Dgov-Plan: ${context.plan.name}`, ...identity, `Dgov-Run: ${context.run}`];
  return `${task.commitMessage.trim()}\n\n${trailers.join("\n")}\n`;
}
