/**
 * Recovery of runs that crashed: dgov was killed, or the machine lost power.
 *
 * A run is recovered in this order: kill every process that carries its marker, settle an unfinished landing with
 * git, keep live attempts, record the end of the run. Each step can be repeated, so a crash during recovery is
 * recovered as well. Callers hold the run lock.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { endsRun } from "../error.ts";
import { commitsAmong } from "../git/foreign-commits.ts";
import { reconcileLanding } from "../git/landing/land.ts";
import { notedCommits, writeNotes } from "../git/landing/notes.ts";
import type { Identity } from "../git/objects.ts";
import { removeOwnFolder } from "../git/own-folder.ts";
import { removeAbandonedGitDirs } from "../git/private-dir.ts";
import { keepRef, resolveCommit } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { keepWork, omittedBy, removeWorktree } from "../git/worktrees/keep.ts";
import { openWorktree, pruneRegistrations } from "../git/worktrees/worktree.ts";
import type { Worktree } from "../git/worktrees/worktree-files.ts";
import type { Event } from "../kernel/event.ts";
import type { State } from "../kernel/state.ts";
import { apply, replay } from "../kernel/transition.ts";
import type { EventLog, RecordedEvent } from "../log/event-log.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { killTree, markedProcesses, processStart } from "../process/tree.ts";
import { isoTime } from "../std/clock.ts";
import { errorMessage } from "../std/text.ts";
import { preparedAttempts, unfinishedRuns } from "./history/runs.ts";
import { attemptPaths, type RunPaths } from "./paths.ts";
import { eventOf, phaseRecord, recordOf } from "./records.ts";

export interface RecoveredRun {
  run: string;
  plan: string;
  /** The operator had interrupted it and did not wait for its end. */
  interrupted: boolean;
  /** Units of landings that had reached the target. */
  landed: string[];
  kept: { unit: string; ref: string }[];
}

interface RecoveryContext {
  log: EventLog;
  repository: Repository;
  paths: RunPaths;
  identity: Identity;
  keepBytesMax: number;
}

/** Recovers every run of the log that has a start and no end. */
export async function recoverCrashedRuns(c: RecoveryContext): Promise<RecoveredRun[]> {
  removeAbandonedGitDirs({ dry: false });
  const recovered: RecoveredRun[] = [];
  for (const { run, plan } of unfinishedRuns(c.log)) {
    recovered.push(await recoverRun(c, run, plan));
  }
  return recovered;
}

/**
 * Writes the notes of landed commits that have none although the log says they had one, since a fetch of notes or
 * another program overwrote them. Returns their number.
 */
export async function restoreNotes(
  { log, repository, identity }: Pick<RecoveryContext, "log" | "repository" | "identity">,
  now: number,
): Promise<number> {
  const notes = new Map<string, string>();
  const landed = new Set<string>();
  for (const { type, data } of log.notedLandings()) {
    if (type === "landing.finished") landed.add(String(data["commit"]));
    else notes.set(String(data["to"]), String(data["note"]));
  }
  const expected = [...landed].filter((commit) => notes.has(commit));
  if (expected.length === 0) return 0;
  const noted = await notedCommits(repository);
  const missing = await commitsAmong(
    repository,
    expected.filter((commit) => !noted.has(commit)),
  );
  if (missing.size === 0) return 0;
  const texts = [...missing].map((commit) => ({ commit, text: notes.get(commit) ?? "" }));
  await writeNotes(repository, texts, { identity, date: isoTime(now) });
  return missing.size;
}

async function recoverRun(c: RecoveryContext, run: string, plan: string): Promise<RecoveredRun> {
  const { log } = c;
  const records = log.lifecycle({ run });
  await killProcesses(run, records);
  const state = replay(records.flatMap((record) => eventOf(record) ?? []));
  const interrupted = state.stopping?.cause === "signal";
  const recovered: RecoveredRun = { run, plan, interrupted, landed: [], kept: [] };
  const append = async (event: Event, more: Record<string, unknown> = {}): Promise<void> => {
    const { changes } = apply(state, event);
    await log.appendWhenFree([
      recordOf(event, { run, plan }, more),
      ...changes.map((change) => ({ run, plan, ...phaseRecord(change, state) })),
    ]);
  };
  const landing = interruptedLanding(records, state);
  if (landing !== null) {
    const outcome = await reconcileLanding(c.repository, landing.move);
    faultPoint("recover.landing");
    if (outcome === "landed") {
      await append(landing.event);
      recovered.landed.push(landing.event.unit);
    }
  }
  recovered.kept = await keepLiveAttempts(c, { run, plan }, records);
  faultPoint("recover.kept");
  if (state.stopping === null) {
    await append({
      type: "run.interrupted",
      cause: "signal",
      reason: "dgov crashed or was killed",
    });
  }
  await append(
    { type: "run.finished", status: "interrupted" },
    { exit_code: 130, recovered: true },
  );
  return recovered;
}

/** Kills the run's workers, known by pid and start time, and every process that carries its marker. */
async function killProcesses(run: string, records: readonly RecordedEvent[]): Promise<void> {
  for (const { type, data } of records) {
    if (type !== "worker.started" || typeof data["pid"] !== "number") continue;
    if (processStart(data["pid"]) === data["start"]) await killTree({ pid: data["pid"] });
  }
  for (const pid of markedProcesses(`${run}/`)) await killTree({ pid });
}

/** The landing that the crash interrupted, with the event to record when git says that it is done. */
function interruptedLanding(
  records: readonly RecordedEvent[],
  state: State,
): {
  move: Parameters<typeof reconcileLanding>[1];
  event: Extract<Event, { type: "landing.finished" }>;
} | null {
  const landing = state.train.find(({ phase }) => phase === "landing");
  const started = records.findLast((record) => record.type === "landing.started");
  if (landing === undefined || started === undefined) return null;
  const { target, to } = started.data as { target: string; to: string };
  const { unit, attempt, car } = landing;
  if (started.unit !== unit || landing.commit !== to) return null;
  return {
    move: { target, to },
    event: { type: "landing.finished", unit, attempt, car, commit: to },
  };
}

/**
 * Keeps the work of every attempt that still has a worktree, then removes the run's folder. An attempt whose work
 * cannot be kept, or whose folder cannot be removed, is noted as a warning and its folder is left: it must not stop
 * the recovery of the others, nor every later run.
 */
async function keepLiveAttempts(
  c: RecoveryContext,
  { run, plan }: { run: string; plan: string },
  records: readonly RecordedEvent[],
): Promise<RecoveredRun["kept"]> {
  const { repository, paths, log } = c;
  const kept: RecoveredRun["kept"] = [];
  let complete = true;
  const leave = (
    error: unknown,
    of: { unit: string | null; attempt: number | null },
    path: string,
  ): void => {
    if (endsRun(error)) throw error;
    complete = false;
    const text = `recovery left ${path}: ${errorMessage(error)}; dgov clean removes it`;
    log.note({ run, plan, ...of, type: "warning", data: { text } });
  };
  for (const { unit, attempt, base, at } of preparedAttempts(records)) {
    const place = attemptPaths(paths, { run, unit, attempt });
    if (!existsSync(place.path)) {
      const ref = await recordKeptWork(c, { run, plan, unit, attempt, base }, records);
      if (ref !== null) kept.push({ unit, ref });
      continue;
    }
    const tree = openWorktree({ ...place, base });
    try {
      const ref = await keepLeftWork(c, { run, plan, unit, attempt, at }, tree);
      kept.push({ unit, ref });
      await removeWorktree(repository, tree, { keptRef: ref });
      removeOwnFolder(dirname(place.path));
    } catch (error) {
      leave(error, { unit, attempt }, place.path);
    }
  }
  const folder = join(paths.runs, run);
  try {
    // What is left belongs to attempts whose preparation did not finish; they hold no work.
    if (complete) removeOwnFolder(folder);
    pruneRegistrations(repository, folder);
  } catch (error) {
    leave(error, { unit: null, attempt: null }, folder);
  }
  return kept;
}

/**
 * Records the kept work of an attempt whose keep-ref exists and is not in the log: the crash came between the two.
 * Returns the ref, or null when there is nothing to record.
 */
async function recordKeptWork(
  { repository, log }: RecoveryContext,
  of: { run: string; plan: string; unit: string; attempt: number; base: string },
  records: readonly RecordedEvent[],
): Promise<string | null> {
  const { run, plan, unit, attempt, base } = of;
  if (isKept(records, of)) return null;
  const ref = keepRef(run, unit, attempt);
  const commit = await resolveCommit(repository, ref);
  if (commit === null) return null;
  const omitted = [...(await omittedBy(repository, commit))];
  const data = { ref, commit, omitted, base };
  await log.appendWhenFree([{ run, plan, unit, attempt, type: "attempt.kept", data }]);
  return ref;
}

/** True when the log says that the work of an attempt is kept. */
export function isKept(
  records: readonly RecordedEvent[],
  { unit, attempt }: { unit: string; attempt: number },
): boolean {
  return records.some(
    (one) => one.type === "attempt.kept" && one.unit === unit && one.attempt === attempt,
  );
}

/** Keeps the work in a worktree that a run left, dated `at`, and records that; returns the keep-ref. */
export async function keepLeftWork(
  c: Omit<RecoveryContext, "paths">,
  of: { run: string; plan: string; unit: string; attempt: number; at: string },
  tree: Worktree,
): Promise<string> {
  const { run, plan, unit, attempt, at } = of;
  const ref = keepRef(run, unit, attempt);
  const { commit, omitted } = await keepWork(c.repository, tree, {
    ref,
    message: `Kept work of ${unit}, attempt ${attempt}`,
    identity: c.identity,
    date: at,
    bytesMax: c.keepBytesMax,
  });
  const data = { ref, commit, omitted, base: tree.base };
  await c.log.appendWhenFree([{ run, plan, unit, attempt, type: "attempt.kept", data }]);
  return ref;
}
