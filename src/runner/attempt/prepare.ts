/** Makes an attempt's worktree: of the target's tip, with earlier work in it, its dependencies installed. */
import { DgovError } from "../../error.ts";
import { branchTip, isAncestor } from "../../git/refs.ts";
import { patchBetween } from "../../git/trees.ts";
import { createWorktree, replayWork } from "../../git/worktree.ts";
import { prepareDependencies } from "../../settlement/trees/dependencies.ts";
import { present } from "../../std/assert.ts";
import { attemptPaths } from "../paths.ts";
import { type LiveAttempt, markerOf, type RunContext } from "../run-context.ts";
import type { Answer } from "../run-loop.ts";
import { promptDiffBytesMax } from "./prompt.ts";
import { type ActionOf, type Attempts, ForkSummary } from "./state.ts";

/** Answers that the worktree is there, or why it is not. */
export async function performPrepare(
  attempts: Attempts,
  action: ActionOf<"attempt.prepare">,
): Promise<Answer> {
  const { unit, attempt } = action;
  const failed = (reason: string, retriable: boolean): Answer => ({
    event: { type: "attempt.unprepared", unit, attempt, reason, retriable },
  });
  const c = attempts.context;
  const base = await branchTip(c.repository, c.target);
  if (base === null) return failed(`the branch ${c.target} is gone`, false);
  const lost = await lostDependency(attempts, unit, base);
  if (lost !== null) return failed(lost, false);
  try {
    const live = await openTree(c, action, base);
    const writes = live.fixing || c.tasks.get(unit)?.role === "worker";
    if (writes) {
      live.earlier = await replayEarlier(attempts, live);
      const ready = await prepareDependencies(c.settlement, {
        path: live.tree.path,
        marker: live.marker,
        signal: live.abort.signal,
      });
      if (!ready.ok) {
        attempts.live.remove(live);
        return failed(`setup failed: ${ready.reason}`, false);
      }
    }
    attempts.live.add(live);
    return { event: { type: "attempt.prepared", unit, attempt, base } };
  } catch (error) {
    if (!(error instanceof DgovError) || error.code === "INTERNAL") throw error;
    return failed(error.message, true);
  }
}

/** The complaint about a dependency that landed and is not below the base any more; null without one. */
async function lostDependency(
  { context: c, memory }: Attempts,
  unit: string,
  base: string,
): Promise<string | null> {
  for (const dependency of present(c.tasks.get(unit), `task of ${unit}`).dependsOn) {
    const commit = memory.landed.get(dependency);
    if (commit === undefined || (await isAncestor(c.repository, commit, base))) continue;
    return `dependency_lost: ${dependency} (${commit.slice(0, 10)}) is no longer on ${c.target}`;
  }
  return null;
}

async function openTree(
  c: RunContext,
  { unit, attempt, fixing }: ActionOf<"attempt.prepare">,
  base: string,
): Promise<LiveAttempt> {
  const tree = await createWorktree(c.repository, {
    ...attemptPaths(c.places, { run: c.run, unit, attempt }),
    base,
    identity: c.identity,
    filters: c.filters,
  });
  const abort = new AbortController();
  c.signal.addEventListener("abort", () => abort.abort(), { once: true });
  const marker = markerOf(c.run, unit, attempt);
  const heard = new ForkSummary();
  return { unit, attempt, marker, tree, fixing, earlier: null, heard, changes: null, abort };
}

/** Earlier work back into the worktree, left uncommitted; null when there is none. */
async function replayEarlier(
  { context: { repository }, memory }: Attempts,
  live: LiveAttempt,
): Promise<LiveAttempt["earlier"]> {
  const work = memory.earlier(live.unit);
  if (work === undefined) return null;
  const { attempt, rejection, commit, base } = work;
  const untouched = { attempt, rejection, conflicted: [], conflictedDiff: "" };
  if (commit === null || base === null) return untouched;
  const { conflicted } = await replayWork(repository, live.tree, { work: commit, workBase: base });
  if (conflicted.length === 0) return untouched;
  const bytesMax = promptDiffBytesMax;
  const conflictedDiff = await patchBetween(repository, base, commit, { bytesMax });
  return { ...untouched, conflicted, conflictedDiff };
}
