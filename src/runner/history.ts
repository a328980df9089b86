/**
 * What became of a plan's units in earlier runs, folded from the log. Pure.
 *
 * Whether a unit *landed* is git's word (`scanLanded`); this knows only what did not: the units a
 * bare `dgov run` must not quietly start again, and what their next attempt should be told.
 */

import { basename } from "node:path";
import {
  type EventLog,
  openEventLog,
  openEventLogForReading,
  type RecordedEvent,
} from "../log/event-log.ts";

export interface UnitHistory {
  unit: string;
  /** Digest of the unit when it last took part in a run. */
  digest: string;
  run: string;
  phase: string;
  reason: string;
  attempt: number;
  /** Kept work of its last attempt. */
  kept: { ref: string; commit: string; base: string } | null;
  /** Why its last rejected attempt was rejected; `detail` names a blob. */
  rejection: { verdict: string; reason: string; detail: string | null; attempt: number } | null;
  /** A read-only unit's last result and the commits it was given for. */
  result: { text: string; inputs: Record<string, string> } | null;
}

/** Folds lifecycle records of one plan, oldest first, into the last word on each unit. */
export function foldHistory(records: readonly RecordedEvent[]): Map<string, UnitHistory> {
  const history = new Map<string, UnitHistory>();
  for (const record of records) {
    if (record.type === "run.started") {
      for (const about of list(record.data["units"])) {
        const unit = text(about["unit"]);
        const earlier = history.get(unit);
        const digest = text(about["digest"]);
        // Kept work and rejections outlive a run; they are told to the next attempt of the same text.
        const same = earlier?.digest === digest;
        history.set(unit, {
          unit,
          digest,
          run: record.run,
          phase: "pending",
          reason: "",
          attempt: 0,
          kept: same ? (earlier?.kept ?? null) : null,
          rejection: same ? (earlier?.rejection ?? null) : null,
          result: same ? (earlier?.result ?? null) : null,
        });
      }
      continue;
    }
    const entry = record.unit === null ? undefined : history.get(record.unit);
    if (entry === undefined) continue;
    if (record.attempt !== null) entry.attempt = Math.max(entry.attempt, record.attempt);
    switch (record.type) {
      case "unit.changed":
        entry.phase = text(record.data["to"]);
        entry.reason = text(record.data["reason"]);
        break;
      case "attempt.kept":
        entry.kept = {
          ref: text(record.data["ref"]),
          commit: text(record.data["commit"]),
          base: text(record.data["base"]),
        };
        break;
      case "attempt.rejected":
        entry.rejection = {
          verdict: text(record.data["verdict"]),
          reason: text(record.data["reason"]),
          detail: typeof record.data["detail"] === "string" ? record.data["detail"] : null,
          attempt: record.attempt ?? 0,
        };
        break;
      case "unit.result":
        if (record.data["outcome"] === "complete") {
          entry.result = {
            text: text(record.data["result"]),
            inputs: (record.data["inputs"] ?? {}) as Record<string, string>,
          };
        }
        break;
      default:
    }
  }
  return history;
}

const unfinished: ReadonlySet<string> = new Set(["failed", "timed_out", "abandoned"]);

/** Units that failed or were abandoned and whose text has not changed since: a bare run lists them. */
export function unresolvedUnits(
  history: ReadonlyMap<string, UnitHistory>,
  units: readonly { id: string; digest: string }[],
): UnitHistory[] {
  return units.flatMap(({ id, digest }) => {
    const entry = history.get(id);
    return entry !== undefined && entry.digest === digest && unfinished.has(entry.phase)
      ? [entry]
      : [];
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

// ------------------------------------------------------------
// Questions about earlier runs, asked of the event log.

/** Runs of a plan that history looks back on. */
const runsMax = 1000;
/** Every run closes the ones before it, so only the newest can be open; a few more cost nothing. */
const openRunsMax = 5;

/** The last word on each unit a plan ever ran, whatever became of the plan since. */
export function planHistory(log: EventLog, plan: string): Map<string, UnitHistory> {
  const runs = log.runs({ plan, limit: runsMax }).reverse();
  return foldHistory(runs.flatMap(({ run }) => log.lifecycle({ run })));
}

/** Runs with a start and no end, oldest first: they crashed, unless somebody holds the run lock. */
export function unfinishedRuns(log: EventLog): { run: string; plan: string }[] {
  return log
    .runs({ limit: openRunsMax })
    .reverse()
    .filter(({ run }) => !log.lifecycle({ run }).some((record) => record.type === "run.finished"));
}

/**
 * Records that a plan was archived by hand, with the run that stood in its folder, so that views
 * find the one by the other. A plan that never ran leaves nothing. Call while holding the run lock.
 */
export function recordArchived(
  projectRoot: string,
  o: { plan: string; from: string; to: string },
): void {
  const run = runInFolder(projectRoot, o.plan, o.from);
  if (run === null) return;
  using log = openEventLog(projectRoot);
  const { plan, from, to } = o;
  const data = { from, to };
  log.append([{ run, plan, unit: null, attempt: null, type: "plan.archived", data }]);
}

/** The newest run of a plan, when it ran from a folder of that name. */
function runInFolder(projectRoot: string, plan: string, folder: string): string | null {
  using log = openEventLogForReading(projectRoot);
  const run = log?.newestRun(plan) ?? null;
  if (log === null || run === null) return null;
  const started = log.overview(run).find(({ type }) => type === "run.started");
  return basename(String(started?.data["plan_path"])) === basename(folder) ? run : null;
}
