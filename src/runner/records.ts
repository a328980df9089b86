/**
 * Kernel events as log records and back. Records have snake_case keys.
 *
 * `unit` and `attempt` are columns of the log; everything else is `data`. No map in a kernel event
 * is keyed by user text, so renaming keys at every depth is safe.
 */
import type { Event } from "../kernel/event.ts";
import type { EventLog, NewEvent, RecordedEvent } from "../log/event-log.ts";
import type { GateProgress, GateVerdict } from "../settlement/verdict.ts";
import { camelCase, snakeCase } from "../std/case.ts";

const kernelTypes: ReadonlySet<string> = new Set<Event["type"]>([
  "run.started",
  "attempt.prepared",
  "attempt.unprepared",
  "worker.exited",
  "self_review.finished",
  "review.finished",
  "candidate.built",
  "candidate.conflicted",
  "gates.finished",
  "target.moved",
  "checkout.changed",
  "landing.finished",
  "landing.refused",
  "run.interrupted",
  "run.finished",
]);

/** A kernel event as a log record. `more` is added to its data (facts views want, the kernel not). */
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

/** The kernel event a record holds, or null when the record is of another kind. */
export function eventOf(record: RecordedEvent): Event | null {
  if (!kernelTypes.has(record.type)) return null;
  return {
    ...(camelCase(record.data) as object),
    ...(record.unit === null ? {} : { unit: record.unit }),
    ...(record.attempt === null ? {} : { attempt: record.attempt }),
    type: record.type,
  } as Event;
}

// ------------------------------------------------------------
// Gate progress as lifecycle records.

/** The function a settlement reports to: one record when a gate starts and one when it is done. */
export function gateReporter(
  log: EventLog,
  of: { run: string; plan: string },
): (...progress: GateProgress[]) => void {
  return (...progress) => {
    const records = progress.flatMap((one) => {
      const { unit, attempt } = one;
      return unit === null ? [] : [{ ...of, unit, attempt, ...progressRecord(one) }];
    });
    if (records.length > 0) log.append(records);
  };
}

function progressRecord(progress: GateProgress): { type: string; data: Record<string, unknown> } {
  const common = { gate: progress.gate, tree: progress.tree, car: progress.car };
  if (progress.kind === "started") return { type: "gate.started", data: common };
  return { type: "gate.finished", data: { ...common, ...verdictData(progress.verdict) } };
}

/** What a gate said of a tree. */
export function verdictData(verdict: GateVerdict): Record<string, unknown> {
  return {
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
  };
}
