/** Worktrees of attempts: their content is kept under a ref before they are removed. */
import { dirname } from "node:path";
import { removeOwnFolder } from "../../git/own-folder.ts";
import { keepRef } from "../../git/refs.ts";
import { keepWork, removeWorktree } from "../../git/worktrees/keep.ts";
import { errorMessage } from "../../std/text.ts";
import { type RunContext, record } from "../run-context.ts";
import type { LiveAttempt } from "./state.ts";

/** Commits a worktree to the attempt's keep-ref, dated `at`; returns the data of `attempt.kept`. */
export async function keepAttempt(
  c: RunContext,
  live: LiveAttempt,
  at: string,
): Promise<Record<string, unknown>> {
  const { unit, attempt, tree } = live;
  const ref = keepRef(c.run, unit, attempt);
  const { commit, omitted, changes } = await keepWork(c.repository, tree, {
    ref,
    message: `Kept work of ${unit}, attempt ${attempt}`,
    identity: c.identity,
    date: at,
    bytesMax: c.config.worktree.keepMibMax * 1024 * 1024,
  });
  live.changes = changes;
  c.memory.keep(unit, { attempt, ref, commit, base: tree.base });
  return { ref, commit, omitted, base: tree.base };
}

/** Ends an attempt and removes its kept worktree in the background. */
export function endAttempt(c: RunContext, live: LiveAttempt): void {
  c.attempts.delete(live);
  c.attempts.removals.add(removeKept(c, live));
}

async function removeKept(c: RunContext, live: LiveAttempt): Promise<void> {
  const { unit, attempt, tree } = live;
  try {
    c.settlement.machineSlots.release(tree.path);
    await removeWorktree(c.repository, tree, { keptRef: keepRef(c.run, unit, attempt) });
    removeOwnFolder(dirname(tree.path));
  } catch (error) {
    const text = `failed to remove ${tree.path}: ${errorMessage(error)}`;
    c.log.note({
      ...{ run: c.run, plan: c.plan.name, unit, attempt },
      type: "warning",
      data: { text },
    });
  }
}

/** Keeps and removes the worktrees an interrupted run left, and waits for unfinished removals. */
export async function closeAttempts(c: RunContext, at: string): Promise<void> {
  for (const live of c.attempts.all()) {
    const data = await keepAttempt(c, live, at);
    const { unit, attempt } = live;
    record(c, { unit, attempt, type: "attempt.kept", data });
    endAttempt(c, live);
  }
  await Promise.all(c.attempts.removals);
}
