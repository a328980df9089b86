/** Worktrees of attempts: their content is kept under a ref before they are removed. */
import { dirname } from "node:path";
import { endsRun } from "../../error.ts";
import { removeOwnFolder } from "../../git/own-folder.ts";
import { keepRef } from "../../git/refs.ts";
import { keepWork, removeWorktree } from "../../git/worktrees/keep.ts";
import { errorMessage } from "../../std/text.ts";
import { restoreAccess } from "../paths.ts";
import type { RunRecord } from "../records.ts";
import { type RunContext, record, warn } from "../run-context.ts";
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
    await c.settlement.warm.get(tree.path)?.end();
    c.settlement.warm.delete(tree.path);
    c.settlement.machineSlots.release(tree.path);
    await removeWorktree(c.repository, tree, { keptRef: keepRef(c.run, unit, attempt) });
    removeOwnFolder(dirname(tree.path));
  } catch (error) {
    const reason = `${tree.path} was not removed: ${errorMessage(error)}`;
    warn(c, { unit, attempt }, `${reason}; the end of the run tries again`);
  }
}

/** Ends an attempt that failed; returns the record of its kept work, or none when it could not be kept. */
export async function abandonAttempt(
  c: RunContext,
  live: LiveAttempt,
  at: string,
): Promise<RunRecord[]> {
  const { unit, attempt } = live;
  try {
    const data = await keepAttempt(c, live, at);
    return [{ unit, attempt, type: "attempt.kept", data }];
  } catch (error) {
    if (endsRun(error)) throw error;
    warn(c, { unit, attempt }, `its work was not kept: ${errorMessage(error)}`);
    // The next attempt is told, and starts from what was kept last.
    const { ref = null, commit = null, base = null } = c.memory.earlier(unit) ?? {};
    c.memory.keep(unit, { attempt, ref, commit, base });
    return [];
  } finally {
    endAttempt(c, live);
  }
}

/** Keeps and removes the worktrees an interrupted run left, and waits for unfinished removals. */
export async function closeAttempts(c: RunContext, at: string): Promise<void> {
  restoreAccess(c.paths);
  for (const live of c.attempts.all()) {
    for (const kept of await abandonAttempt(c, live, at)) record(c, kept);
  }
  await Promise.all(c.attempts.removals);
}
