/** Maintenance of a project: archiving plans, cleaning and pruning runs, cancelling the live run. */
import { hostname } from "node:os";
import { commonGitDir, ownRoot } from "../config/find.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import { openRepository } from "../git/repository.ts";
import { openEventLog, openEventLogForReading } from "../log/event-log.ts";
import { listPlans, type PlanLocation, resolvePlan } from "../plan/locate.ts";
import { acquireRunLock, lockHolder, requireNoRun } from "../process/lock.ts";
import { interruptProcess } from "../process/tree.ts";
import { archivePlan, recordArchived } from "../runner/bookkeeping.ts";
import { type CleanResult, cleanRuns } from "../runner/operator/clean.ts";
import { type PrunedRuns, pruneRuns } from "../runner/operator/prune.ts";
import { runPaths } from "../runner/paths.ts";
import type { RunView } from "../views/run-view.ts";
import { openProjectLog, readRun } from "./open-log.ts";
import { planNameAt } from "./plan-summary.ts";

/**
 * Moves a live plan of the project to the archive, as a complete run does, and gives its new folder.
 * REFUSED for an archived plan or one outside the project's plan folders.
 */
export async function archiveByName(
  projectRoot: string,
  name: string,
): Promise<{ location: PlanLocation; to: string }> {
  const location = await resolvePlan(projectRoot, name);
  if (location.archived) {
    throw new DgovError("REFUSED", `plan ${location.name} is already archived`, {
      hint: "dgov plan list --archived",
    });
  }
  if (!listPlans(projectRoot).some(({ dir }) => dir === location.dir)) {
    throw new DgovError("REFUSED", `${name} is not a plan of this project`, {
      hint: "dgov plan list",
    });
  }
  const plan = planNameAt(location);
  const repository = await openRepository(projectRoot);
  // A run reads its plan's folder when it ends.
  const lock = acquireRunLock(repository.commonDir, {
    run: "archive-plan",
    plan,
    command: "archive-plan",
  });
  try {
    const to = archivePlan(ownRoot(projectRoot), location);
    if (to === null) throw new DgovError("NOT_FOUND", `no plan ${name}`);
    using known = openEventLogForReading(projectRoot);
    if ((known?.newestRun(plan) ?? null) !== null) {
      using log = openEventLog(projectRoot);
      recordArchived(log, { plan, from: location.dir, to, on: null });
    }
    return { location, to };
  } finally {
    lock.release();
  }
}

/** Removes what finished runs left behind, with `layers` also layers of gate trees; `dry` only reports it. Throws while a run is live. */
export async function cleanProject(o: {
  projectRoot: string;
  env: Record<string, string | undefined>;
  dry: boolean;
  layers: boolean;
}): Promise<CleanResult> {
  const { projectRoot, env, dry } = o;
  const repository = await openRepository(projectRoot);
  const config = requireConfig(projectRoot);
  const { commonDir } = repository;
  if (dry) requireNoRun(commonDir);
  // Held to the end: a run that starts during the removal would lose its worktrees.
  const lock = dry
    ? null
    : acquireRunLock(commonDir, { run: "clean", plan: "clean", command: "clean" });
  try {
    using log = openEventLogForReading(projectRoot);
    const configured = config.worktree.root;
    const paths = runPaths({ repositoryId: repository.id, configured, env });
    return await cleanRuns({ ...o, repository, paths, log });
  } finally {
    lock?.release();
  }
}

/**
 * Removes outputs and telemetry of runs that ended before a moment (epoch milliseconds), with `kept`
 * also kept work of units that have landed since; `dry` only reports it.
 */
export async function pruneProject(o: {
  projectRoot: string;
  before: number;
  kept: boolean;
  dry: boolean;
}): Promise<PrunedRuns> {
  const { projectRoot, before, kept, dry } = o;
  const repository = await openRepository(projectRoot);
  using readable = openEventLogForReading(projectRoot);
  if (readable === null) return { runs: [], files: 0, bytes: 0 };
  if (dry) return await pruneRuns({ repository, projectRoot, log: readable, before, kept, dry });
  const lock = acquireRunLock(repository.commonDir, {
    run: "prune",
    plan: "prune",
    command: "prune",
  });
  try {
    using log = openEventLog(projectRoot);
    return await pruneRuns({ repository, projectRoot, log, before, kept, dry });
  } finally {
    lock.release();
  }
}

export interface CancelledRun {
  run: string;
  plan: string;
  pid: number;
  /** As the log has it after the end; null when the run had recorded nothing yet. */
  view: RunView | null;
}

/**
 * Interrupts the live run and waits for its end. Throws NOT_FOUND without one; throws REFUSED when it runs on another
 * host or has not ended in time.
 */
export async function cancelLiveRun(o: {
  projectRoot: string;
  waitS: number;
  status(text: string): void;
}): Promise<CancelledRun> {
  const commonDir = commonGitDir(o.projectRoot);
  const holder = commonDir === null ? null : lockHolder(commonDir);
  if (holder === null) {
    throw new DgovError("NOT_FOUND", "no run is live here", { hint: "dgov runs list" });
  }
  const { run, plan, pid, host } = holder;
  const label = `run ${run} of ${plan} (pid ${pid})`;
  if (host !== hostname()) {
    throw new DgovError("REFUSED", `${label} is on ${host}`, {
      hint: `run dgov runs cancel on ${host}`,
    });
  }
  o.status(`stopping ${label}: ending workers and keeping their work`);
  if (!(await interruptProcess(holder, o.waitS * 1000))) {
    throw new DgovError("REFUSED", `${label} has not ended in ${o.waitS} s`, {
      hint: "dgov watch follows it; a second dgov runs cancel stops it at once",
    });
  }
  using project = openProjectLog(o.projectRoot);
  return { run, plan, pid, view: project.log === null ? null : readRun(project.log, run) };
}
