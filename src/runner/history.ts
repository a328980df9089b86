/**
 * Earlier runs, read from the log: the last state of each unit, and the units that need no work.
 *
 * Git says which units have landed (`scanLanded`). The log says what did not land: units that a bare `dgov run`
 * must not start again without notice, and what their next attempt has to know.
 */
import type { EventLog, RecordedEvent } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";

export interface UnitHistory {
  unit: string;
  /** Digest of the unit's task in its last run. */
  digest: string;
  run: string;
  phase: string;
  reason: string;
  attempt: number;
  /** Kept work of its last attempt. */
  kept: { ref: string; commit: string; base: string } | null;
  /** Its last rejection; `detail` names a blob. */
  rejection: { verdict: string; reason: string; detail: string | null; attempt: number } | null;
  /** A read-only unit's last result and the commits that it was given for. */
  result: { text: string; inputs: Record<string, string> } | null;
}

/** Runs of a plan that its history covers. */
const historyRunsMax = 1000;
/** A run closes the ones before it, so only the newest can be unfinished; a few more cost nothing. */
const unfinishedRunsMax = 5;

/** The last state of each unit that ever ran under a plan's name. */
export function planHistory(log: EventLog, plan: string): Map<string, UnitHistory> {
  const runs = log.runs({ plan, limit: historyRunsMax }).reverse();
  return foldHistory(runs.flatMap(({ run }) => log.lifecycle({ run })));
}

/** Folds the lifecycle records of one plan, oldest first, into the last state of each unit. Pure. */
export function foldHistory(records: readonly RecordedEvent[]): Map<string, UnitHistory> {
  const history = new Map<string, UnitHistory>();
  for (const record of records) {
    if (record.type === "run.started") {
      for (const about of list(record.data["units"])) {
        const unit = text(about["unit"]);
        const earlier = history.get(unit);
        const digest = text(about["digest"]);
        // Kept work, rejections and results hold for later runs of the same task.
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

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

const failedPhases: ReadonlySet<string> = new Set(["failed", "timed_out", "abandoned"]);

/** Units that failed or were abandoned and whose task has not changed since. Pure. */
export function unresolvedUnits(
  history: ReadonlyMap<string, UnitHistory>,
  units: readonly { id: string; digest: string }[],
): UnitHistory[] {
  return units.flatMap(({ id, digest }) => {
    const entry = history.get(id);
    return entry !== undefined && entry.digest === digest && failedPhases.has(entry.phase)
      ? [entry]
      : [];
  });
}

/**
 * Units that need no work: landed with the task's digest, or read-only with a result for the same inputs. A result
 * counts only while every unit that it depends on needs no work either. Pure.
 */
export function settledUnits(
  plan: CompiledPlan,
  landed: readonly { unit: string; digest: string; commit: string }[],
  history: ReadonlyMap<string, Pick<UnitHistory, "digest" | "result">>,
  mode: "bare" | "continue" | "restart",
): { unit: string; as: "landed" | "done" }[] {
  if (mode === "restart") return [];
  const commits = new Map(landed.map((l) => [`${l.unit} ${l.digest}`, l.commit]));
  /** By settled unit: the commit it landed as, null for a result. */
  const settled = new Map<string, string | null>();
  for (const task of plan.tasks) {
    if (task.role === "worker") {
      const commit = commits.get(`${task.id} ${task.digest}`);
      if (commit !== undefined) settled.set(task.id, commit);
      continue;
    }
    const entry = history.get(task.id);
    const result = entry?.digest === task.digest ? entry.result : null;
    const sameInputs = task.dependsOn.every(
      (unit) => settled.has(unit) && settled.get(unit) === (result?.inputs[unit] ?? null),
    );
    if (result !== null && sameInputs) settled.set(task.id, null);
  }
  return [...settled].map(([unit, commit]) => ({ unit, as: commit === null ? "done" : "landed" }));
}

/** Attempts that a run prepared, in the order of its records. Pure. */
export function preparedAttempts(
  records: readonly RecordedEvent[],
): { unit: string; attempt: number; base: string; at: string }[] {
  return records.flatMap(({ type, unit, attempt, data, ts }) =>
    type !== "attempt.prepared" || unit === null || attempt === null
      ? []
      : [{ unit, attempt, base: String(data["base"]), at: ts }],
  );
}

/** Runs with a start and no end, oldest first. They crashed, unless another process holds the run lock. */
export function unfinishedRuns(log: EventLog): { run: string; plan: string }[] {
  return log
    .runs({ limit: unfinishedRunsMax })
    .reverse()
    .filter(({ run }) => !log.lifecycle({ run }).some((record) => record.type === "run.finished"));
}
