/** The commit message of what a unit lands. */
import { present } from "../std/assert.ts";
import type { RunContext } from "./context.ts";
import { landingTask, mendedUnits } from "./mending.ts";

/** The unit's own message with the trailers that identify its work between runs. */
export function commitMessage(context: RunContext, unit: string): string {
  const own = present(context.tasks.get(unit), `task of ${unit}`);
  const task = landingTask(context, unit);
  const identity =
    own.role === "reviewer"
      ? mendedUnits(context.tasks, own).map(({ id }) => `Dgov-Fixes: ${id}`)
      : [`Dgov-Unit: ${task.id}`, `Dgov-Digest: ${task.digest}`];
  const trailers = [`Dgov-Plan: ${context.plan.name}`, ...identity, `Dgov-Run: ${context.run}`];
  return `${task.commitMessage.trim()}\n\n${trailers.join("\n")}\n`;
}
