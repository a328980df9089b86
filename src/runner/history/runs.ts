/**
 * Earlier runs, from the log: the last state of each unit, units that a bare `dgov run` must not start again without
 * notice, and what their next attempt has to know. Together with the landings: the units that need no work.
 */
import type { LandedUnit } from "../../git/landing/landed.ts";
import type { EventLog, RecordedEvent } from "../../log/event-log.ts";
import type { CompiledPlan } from "../../plan/compiled.ts";
import type { PlanLocation } from "../../plan/locate.ts";

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
  /** The kept work passed every gate, and nothing but a checkout kept it from landing. */
  blocked: boolean;
  /** Its last rejection; `detail` names a blob. */
  rejection: { verdict: string; reason: string; detail: string | null; attempt: number } | null;
  /** The last tree that gates rejected as the attempt's fault. */
  rejectedTree: string | null;
  /** Diagnostics of the semantic gate on the last candidate of the kept work, as recorded. */
  semantic: Record<string, unknown>[];
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
          blocked: same ? (earlier?.blocked ?? false) : false,
          rejection: same ? (earlier?.rejection ?? null) : null,
          rejectedTree: same ? (earlier?.rejectedTree ?? null) : null,
          semantic: same ? (earlier?.semantic ?? []) : [],
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
        entry.semantic = [];
        entry.blocked = false;
        break;
      case "landing.refused":
        entry.blocked = record.data["cause"] === "blocked_by_checkout";
        break;
      case "attempt.rejected":
        entry.blocked = false;
        entry.rejection = {
          verdict: text(record.data["verdict"]),
          reason: text(record.data["reason"]),
          detail: typeof record.data["detail"] === "string" ? record.data["detail"] : null,
          attempt: record.attempt ?? 0,
        };
        break;
      case "gates.finished":
        if (record.data["blame"] === "attempt") entry.rejectedTree = text(record.data["tree"]);
        break;
      case "gate.finished":
        // A later verdict on the attempt's own tree says nothing of the merge.
        if (record.data["gate"] === "semantic" && record.data["car"] !== null) {
          entry.semantic = list(record.data["diagnostics"]);
        }
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
 * counts only while every unit that it depends on needs no work either. The Python program lists its read-only units
 * among its landings; their results are as good while the inputs are its work, too. Pure.
 */
export function settledUnits(
  plan: CompiledPlan,
  landed: readonly Pick<LandedUnit, "unit" | "digest" | "commit" | "run">[],
  history: ReadonlyMap<string, Pick<UnitHistory, "digest" | "result">>,
  mode: "bare" | "continue" | "restart",
): { unit: string; as: "landed" | "done" }[] {
  if (mode === "restart") return [];
  const works = new Map(landed.map((one) => [`${one.unit} ${one.digest}`, one]));
  /** By settled unit: the work that landed, null for a result. */
  const settled = new Map<string, (typeof landed)[number] | null>();
  for (const task of plan.tasks) {
    const work = works.get(`${task.id} ${task.digest}`);
    if (task.role === "worker") {
      if (work !== undefined) settled.set(task.id, work);
      continue;
    }
    const entry = history.get(task.id);
    const result = entry?.digest === task.digest ? entry.result : null;
    const holds = (unit: string): boolean => {
      const input = settled.get(unit);
      if (input === undefined) return false;
      if (result !== null) return (input?.commit ?? null) === (result.inputs[unit] ?? null);
      return work !== undefined && (input === null || input.run === null);
    };
    const known = result !== null || work !== undefined;
    if (known && task.dependsOn.every(holds)) settled.set(task.id, null);
  }
  return [...settled].map(([unit, work]) => ({ unit, as: work === null ? "done" : "landed" }));
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

/** The branch that a run landed on; null when the log does not have the run. */
export function targetOf(log: EventLog, run: string): string | null {
  const started = log.overview(run).find(({ type }) => type === "run.started");
  return started === undefined ? null : text(started.data["target"]);
}

/** The branch of a plan's newest run. Null without one, and when it belongs to an archived plan of the same name. */
export function lastTarget(
  log: EventLog,
  plan: string,
  { archived }: Pick<PlanLocation, "archived">,
): string | null {
  const run = log.newestRun(plan);
  if (run === null) return null;
  const left = log.overview(run).some(({ type, data }) => {
    if (type === "plan.archived") return text(data["on"]) === "";
    return text(data["archived_to"]) !== "" && text(data["archived_on"]) === "";
  });
  return left && !archived ? null : targetOf(log, run);
}
