/**
 * Kernel events as log records and back: the one place where camelCase becomes snake_case.
 *
 * `unit` and `attempt` are columns of the log; everything else is `data`. No map in a kernel event
 * is keyed by user text, so renaming keys at every depth is safe.
 */
import type { Event } from "../kernel/event.ts";
import type { EventLog, NewEvent, RecordedEvent } from "../log/event-log.ts";
import type { GateProgress, GateVerdict } from "../settlement/verdict.ts";

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

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [rename(key), renamed(inner, rename)]),
  );
}

/** Keys of any value in snake_case, at every depth. */
export function toSnakeCase(value: unknown): Record<string, unknown> {
  return renamed(value, snake) as Record<string, unknown>;
}

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
    data: { ...toSnakeCase(data), ...more },
  };
}

/** The kernel event a record holds, or null when the record is of another kind. */
export function eventOf(record: RecordedEvent): Event | null {
  if (!kernelTypes.has(record.type)) return null;
  return {
    ...(renamed(record.data, camel) as object),
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
