/**
 * Closes runs that ended without saying so: the machine lost power, somebody killed dgov.
 *
 * Order matters. First everything that still runs is killed, by the marker in its environment; then
 * a landing in flight is settled with git; then live attempts are kept; and only then is the run
 * recorded as over. Each step can be done twice, so a crash during recovery is recovered as well.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keepWork, removeWorktree } from "../git/keep.ts";
import { reconcileLanding } from "../git/land.ts";
import { keepRef } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { openWorktree, pruneRegistrations } from "../git/worktree.ts";
import type { Event } from "../kernel/event.ts";
import type { State } from "../kernel/state.ts";
import { apply, replay } from "../kernel/transition.ts";
import type { EventLog, RecordedEvent } from "../log/event-log.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { killTree, markedProcesses, processStart } from "../process/tree.ts";
import { removeFolder } from "../std/files.ts";
import { unfinishedRuns } from "./history.ts";
import { attemptPaths, type RunPaths } from "./paths.ts";
import { eventOf, recordOf } from "./records.ts";

export interface RecoveredRun {
  run: string;
  plan: string;
  landed: string[];
  kept: { unit: string; ref: string }[];
}

interface RecoveryContext {
  log: EventLog;
  repository: Repository;
  places: RunPaths;
  identity: { name: string; email: string };
  keepBytesMax: number;
}

/** Closes every run of the log that has a start and no end; call only while holding the run lock. */
export async function recoverCrashedRuns(world: RecoveryContext): Promise<RecoveredRun[]> {
  const recoveries: RecoveredRun[] = [];
  for (const { run, plan } of unfinishedRuns(world.log)) {
    recoveries.push(await recoverRun(world, run, plan));
  }
  return recoveries;
}

async function recoverRun(
  world: RecoveryContext,
  run: string,
  plan: string,
): Promise<RecoveredRun> {
  const { log } = world;
  const records = log.lifecycle({ run });
  await killRun(run, records);
  const recovery: RecoveredRun = { run, plan, landed: [], kept: [] };
  const state = replay(records.flatMap((record) => eventOf(record) ?? []));
  const take = (event: Event, more: Record<string, unknown> = {}): void => {
    const { changes } = apply(state, event);
    log.append([
      recordOf(event, { run, plan }, more),
      ...changes.map((change) => ({
        run,
        plan,
        unit: change.unit,
        attempt: state.units[change.unit]?.attempt ?? null,
        type: "unit.changed",
        data: { from: change.from, to: change.to, reason: change.reason },
      })),
    ]);
  };
  const landing = landingInFlight(records, state);
  if (landing !== null) {
    const outcome = await reconcileLanding(world.repository, landing.move);
    faultPoint("recover.landing");
    if (outcome === "landed") {
      take(landing.event);
      recovery.landed.push(landing.event.unit);
    }
  }
  recovery.kept = await keepLiveAttempts(world, run, plan, records);
  faultPoint("recover.kept");
  if (state.stopping === null) {
    take({
      type: "run.interrupted",
      cause: "signal",
      reason: "dgov ended without closing the run",
    });
  }
  take({ type: "run.finished", status: "interrupted" }, { exit_code: 130, recovered: true });
  return recovery;
}

/** Kills the run's workers (known by pid and start time) and everything that carries its marker. */
async function killRun(run: string, records: readonly RecordedEvent[]): Promise<void> {
  for (const { type, data } of records) {
    if (type !== "worker.started" || typeof data["pid"] !== "number") continue;
    if (processStart(data["pid"]) === data["start"]) await killTree({ pid: data["pid"] });
  }
  for (const pid of markedProcesses(`${run}/`)) await killTree({ pid });
}

function landingInFlight(
  records: readonly RecordedEvent[],
  state: State,
): {
  move: Parameters<typeof reconcileLanding>[1];
  event: Extract<Event, { type: "landing.finished" }>;
} | null {
  const car = state.train.find((c) => c.phase === "landing");
  const started = records.findLast((record) => record.type === "landing.started");
  if (car === undefined || started === undefined) return null;
  const { target, from, to } = started.data as { target: string; from: string; to: string };
  if (started.unit !== car.unit || car.commit !== to) return null;
  const lock = records.findLast(
    (record) => record.type === "landing.lock" && record.seq > started.seq,
  );
  const lockPid = lock?.data["pid"];
  return {
    move: { target, from, to, ...(typeof lockPid === "number" ? { lockPid } : {}) },
    event: {
      type: "landing.finished",
      unit: car.unit,
      attempt: car.attempt,
      car: car.car,
      commit: to,
    },
  };
}

/** Every attempt whose directory is still there: its work is kept, then the directory removed. */
async function keepLiveAttempts(
  world: RecoveryContext,
  run: string,
  plan: string,
  records: readonly RecordedEvent[],
): Promise<RecoveredRun["kept"]> {
  const kept: RecoveredRun["kept"] = [];
  for (const record of records) {
    if (record.type !== "attempt.prepared" || record.unit === null || record.attempt === null)
      continue;
    const place = attemptPaths(world.places, { run, unit: record.unit, attempt: record.attempt });
    if (!existsSync(place.path)) continue;
    const tree = openWorktree({
      ...place,
      base: String(record.data["base"]),
    });
    const ref = keepRef(run, record.unit, record.attempt);
    const { commit, omitted } = await keepWork(world.repository, tree, {
      ref,
      message: `Kept work of ${record.unit}, attempt ${record.attempt}`,
      identity: world.identity,
      date: record.ts,
      bytesMax: world.keepBytesMax,
    });
    world.log.append([
      {
        run,
        plan,
        unit: record.unit,
        attempt: record.attempt,
        type: "attempt.kept",
        data: { ref, commit, omitted, base: tree.base },
      },
    ]);
    await removeWorktree(world.repository, tree, { keptRef: ref });
    rmSync(dirname(place.path), { recursive: true, force: true });
    kept.push({ unit: record.unit, ref });
  }
  removeLeftovers(world, run);
  return kept;
}

/** An attempt that never got as far as being prepared holds no work of anybody: it just goes. */
function removeLeftovers(world: RecoveryContext, run: string): void {
  const folder = join(world.places.runs, run);
  removeFolder(folder);
  pruneRegistrations(world.repository, folder);
}

// ------------------------------------------------------------
//  * An undo that crashed while it landed. It is no run, so no log of one tells of it: a note beside the
// run lock does, for as long as the landing takes.

interface Move {
  target: string;
  from: string;
  to: string;
}

function pendingUndoFile(repository: Repository): string {
  return join(repository.commonDir, "dgov", "undo.json");
}

/** Says which landing is about to begin. */
export function recordPendingUndo(repository: Repository, move: Move): void {
  writeFileSync(pendingUndoFile(repository), JSON.stringify(move));
}

/** Says that it is over, whatever came of it. */
export function clearPendingUndo(repository: Repository): void {
  rmSync(pendingUndoFile(repository), { force: true });
}

/** Settles a landing that was cut short; call only while holding the run lock. */
export async function recoverCrashedUndo(repository: Repository): Promise<void> {
  const path = pendingUndoFile(repository);
  if (!existsSync(path)) return;
  const move = readMove(readFileSync(path, "utf8"));
  if (move !== null) await reconcileLanding(repository, move);
  clearPendingUndo(repository);
}

/** Null: cut short while it was written, so nothing had begun. */
function readMove(text: string): Move | null {
  try {
    const { target, from, to } = JSON.parse(text) as Partial<Move>;
    return target !== undefined && from !== undefined && to !== undefined
      ? { target, from, to }
      : null;
  } catch {
    return null;
  }
}
