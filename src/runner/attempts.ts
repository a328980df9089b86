/**
 * The attempts of a run, as those who perform something of them hold them: `attempt/prepare.ts`,
 * `attempt/work.ts` and `attempt/review.ts` do what the kernel asks for, in that order.
 */
import type { Action } from "../kernel/action.ts";
import type { CompiledTask } from "../plan/compiled.ts";
import { present } from "../std/assert.ts";
import { LiveAttempts } from "./attempt/live-attempts.ts";
import { Memory } from "./attempt/memory.ts";
import type { LiveAttempt, RunContext } from "./context.ts";
import { landingTask } from "./mending.ts";

/** An action by its type. */
export type ActionOf<T extends Action["type"]> = Extract<Action, { type: T }>;

export interface Attempts {
  context: RunContext;
  memory: Memory;
  live: LiveAttempts;
}

/** The attempts of a run that has none yet. */
export function openAttempts(context: RunContext): Attempts {
  const memory = new Memory(context.earlier, (text) => context.log.putBlob(text));
  return { context, memory, live: new LiveAttempts(context, memory) };
}

/** What an attempt is about: its unit's task, or the mending of what its unit judged. */
export function taskOf(context: RunContext, { unit, fixing }: LiveAttempt): CompiledTask {
  return fixing ? landingTask(context, unit) : present(context.tasks.get(unit), `task of ${unit}`);
}
