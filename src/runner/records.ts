/**
 * Lifecycle records: kernel events as rows of the log and back, phase changes, and verdicts of gates.
 *
 * `unit` and `attempt` are columns of the log; everything else is `data`, with its keys in snake_case. No map in
 * a kernel event is keyed by user text, so renaming keys at every depth is safe.
 */
import type { Event } from "../kernel/event.ts";
import type { PhaseChange, State } from "../kernel/state.ts";
import type { EventLog, NewEvent, RecordedEvent } from "../log/event-log.ts";
import type { GateProgress, GateVerdict } from "../settlement/verdict.ts";
import { camelCase, snakeCase } from "../std/case.ts";

/** A lifecycle record of the current run. */
export type RunRecord = Omit<NewEvent, "run" | "plan">;

const kernelTypes: ReadonlySet<string> = new Set<Event["type"]>([
  "run.started",
  "attempt.prepared",
  "attempt.unprepared",
  "worker.exited",
  "self_review.finished",
  "review.finished",
  "review.satisfied",
  "candidate.built",
  "candidate.screened",
  "candidate.conflicted",
  "candidate.failed",
  "gates.finished",
  "target.moved",
  "checkout.changed",
  "checkout.waited",
  "landing.finished",
  "landing.refused",
  "run.interrupted",
  "run.finished",
]);

/** A kernel event as a record. `more` is added to its data: facts for views. */
export function recordOf(
  event: Event,
  of: { run: string; plan: string },
  more: Record<string, unknown> = {},
): NewEvent {
  const { type, ...rest } = event;
  const { unit, attempt, ...data } = rest as Record<string, unknown>;
  return {
    ...of,
    type,
    unit: typeof unit === "string" ? unit : null,
    attempt: typeof attempt === "number" ? attempt : null,
    data: { ...snakeCase(data), ...more },
  };
}

/** The kernel event in a record; null for other records. */
export function eventOf(record: RecordedEvent): Event | null {
  if (!kernelTypes.has(record.type)) return null;
  return {
    ...(camelCase(record.data) as object),
    ...(record.unit === null ? {} : { unit: record.unit }),
    ...(record.attempt === null ? {} : { attempt: record.attempt }),
    type: record.type,
  } as Event;
}

/** The `unit.changed` record of a phase change; `state` is the one after it. */
export function phaseRecord({ unit, from, to, reason }: PhaseChange, state: State): RunRecord {
  const attempt = state.units[unit]?.attempt ?? null;
  return { unit, attempt, type: "unit.changed", data: { from, to, reason } };
}

/** Records the start and end of each unit's gates: the `report` of a settlement. */
export function gateReporter(
  log: EventLog,
  of: { run: string; plan: string },
): (...progress: GateProgress[]) => void {
  return (...progress) => {
    const records = progress.flatMap((one) => {
      const { unit, attempt } = one;
      return unit === null ? [] : [{ ...of, unit, attempt, ...progressRecord(one) }];
    });
    if (records.length > 0) log.appendSoon(records);
  };
}

function progressRecord(progress: GateProgress): { type: string; data: Record<string, unknown> } {
  const common = { gate: progress.gate, tree: progress.tree, car: progress.car };
  if (progress.kind === "started") return { type: "gate.started", data: common };
  return {
    type: "gate.finished",
    data: {
      ...common,
      ...verdictData(progress.verdict, finishedFields),
      ...(progress.behind === null ? {} : { behind: progress.behind }),
    },
  };
}

/** Fields of a verdict in `gate.finished` and `base.checked`, in the order they are written. */
export const finishedFields = [
  "status",
  "command",
  "exit",
  "duration_ms",
  "reason",
  "output",
  "tail",
  "diagnostics",
  "changed_paths",
  "cached",
] as const;

/** A gate's verdict as JSON: the named fields, in that order. */
export function verdictData(
  verdict: GateVerdict,
  fields: readonly VerdictField[],
): Record<string, unknown> {
  const data = {
    gate: verdict.gate,
    status: verdict.status,
    command: verdict.command,
    exit: verdict.exit,
    duration_ms: Math.round(verdict.durationMs),
    reason: verdict.reason,
    output: verdict.output,
    tail: verdict.tail,
    diagnostics: verdict.diagnostics,
    changed_paths: verdict.changedPaths,
    cached: verdict.cached,
    blame: verdict.blame,
  };
  return Object.fromEntries(fields.map((field) => [field, data[field]]));
}

type VerdictField = (typeof finishedFields)[number] | "gate" | "blame";
