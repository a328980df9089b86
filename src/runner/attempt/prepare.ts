/** Performs `attempt.prepare`: a worktree at the target's tip, with earlier work and dependencies in it. */

import { treeOfCommit } from "../../git/commit.ts";
import { branchTip, isAncestor } from "../../git/refs.ts";
import { patchBetween } from "../../git/trees.ts";
import { recordPreparedSubmodules } from "../../git/worktrees/submodules.ts";
import { createWorktree, replayWork } from "../../git/worktrees/worktree.ts";
import { recordCopied } from "../../git/worktrees/worktree-files.ts";
import { dependencyLost, setupFailed } from "../../kernel/reasons.ts";
import { attemptTree } from "../../settlement/trees/confine.ts";
import { placeCopies } from "../../settlement/trees/copied-files.ts";
import { prepareDependencies } from "../../settlement/trees/dependencies.ts";
import { warmWorktree } from "../../settlement/trees/layers/warm-worktree.ts";
import { present } from "../../std/assert.ts";
import { whenAborted } from "../../std/clock.ts";
import { short } from "../../std/text.ts";
import { attemptPaths } from "../paths.ts";
import { markerOf, type RunContext } from "../run-context.ts";
import type { ActionOf, Answer } from "../run-loop.ts";
import { promptDiffBytesMax } from "./prompt.ts";
import { ForkSummary, type LiveAttempt } from "./state.ts";
import { endAttempt } from "./worktree.ts";

/** Answers with the base of the worktree, or with the reason why there is none. */
export async function performPrepare(
  c: RunContext,
  action: ActionOf<"attempt.prepare">,
): Promise<Answer> {
  const { unit, attempt } = action;
  const failed = (reason: string, retriable: boolean): Answer => ({
    event: { type: "attempt.unprepared", unit, attempt, reason, retriable },
  });
  const base = await branchTip(c.repository, c.target);
  if (base === null) return failed(`branch ${c.target} no longer exists`, false);
  const lost = await lostDependency(c, unit, base);
  if (lost !== null) return failed(lost, false);
  let live: LiveAttempt | null = null;
  try {
    live = await openAttempt(c, action, base);
    const writes = live.fixing || c.tasks.get(unit)?.role === "worker";
    if (writes) {
      live.earlier = await replayEarlier(c, live);
      const ready = (await warmUp(c, live, base))
        ? { ok: true as const }
        : await prepareDependencies(c.settlement, {
            path: live.tree.path,
            tree: await attemptTree(c.settlement, live.tree),
            marker: live.marker,
            signal: live.abort.signal,
          });
      if (!ready.ok) {
        endAttempt(c, live);
        return failed(`${setupFailed}: ${ready.reason}`, false);
      }
      await recordPreparedSubmodules(c.repository, live.tree);
      await placeCopiedFiles(c, live);
    }
    c.attempts.add(live);
    return { event: { type: "attempt.prepared", unit, attempt, base } };
  } catch (error) {
    if (live !== null) endAttempt(c, live);
    throw error;
  }
}

/** Mounts warm dependencies for the commands of an attempt; false when its worktree needs its own. */
async function warmUp(c: RunContext, { tree }: LiveAttempt, base: string): Promise<boolean> {
  const { path } = tree;
  const warm = await warmWorktree(c.settlement, {
    tree: await treeOfCommit(c.repository, base),
    path,
  });
  if (warm !== null) c.settlement.warm.set(path, warm);
  return warm !== null;
}

/** Puts ignored files of the checkout into the worktree, where `[worktree] copy_to` asks for that. */
async function placeCopiedFiles({ config, settlement }: RunContext, { tree }: LiveAttempt) {
  if (config.worktree.copyTo !== "workers") return;
  const { files } = placeCopies(tree.path, (await settlement.copied()).files);
  recordCopied(
    tree,
    files.map(({ path }) => path),
  );
}

/** Problem with a dependency that has landed but is no longer an ancestor of the base; null without one. */
async function lostDependency(c: RunContext, unit: string, base: string): Promise<string | null> {
  for (const dependency of present(c.tasks.get(unit), `${unit} has a task`).dependsOn) {
    const commit = c.memory.landed.get(dependency);
    if (commit === undefined || (await isAncestor(c.repository, commit, base))) continue;
    return `${dependencyLost}: ${dependency} (${short(commit)}) is no longer on ${c.target}`;
  }
  return null;
}

async function openAttempt(
  c: RunContext,
  { unit, attempt, fixing }: ActionOf<"attempt.prepare">,
  base: string,
): Promise<LiveAttempt> {
  const tree = await createWorktree(c.repository, {
    ...attemptPaths(c.paths, { run: c.run, unit, attempt }),
    base,
    identity: c.identity,
    filters: c.filters,
  });
  const abort = new AbortController();
  whenAborted(c.signal, () => abort.abort());
  const marker = markerOf(c.run, unit, attempt);
  const summary = new ForkSummary();
  return { unit, attempt, marker, tree, fixing, earlier: null, summary, changes: null, abort };
}

/** Applies earlier work to the worktree, uncommitted; null when there is none. */
async function replayEarlier(
  { repository, memory }: RunContext,
  live: LiveAttempt,
): Promise<LiveAttempt["earlier"]> {
  const work = memory.earlier(live.unit);
  if (work === undefined) return null;
  const { attempt, rejection, commit, base } = work;
  const clean = { attempt, rejection, kept: true, conflicted: [], conflictedDiff: "" };
  if (commit === null || base === null) return { ...clean, kept: false };
  const { conflicted } = await replayWork(repository, live.tree, { work: commit, workBase: base });
  if (conflicted.length === 0) return clean;
  const bytesMax = promptDiffBytesMax;
  const conflictedDiff = await patchBetween(repository, base, commit, { bytesMax });
  return { ...clean, conflicted, conflictedDiff };
}
