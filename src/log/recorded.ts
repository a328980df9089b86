/**
 * One row of the event log, as everybody outside `log/` sees it.
 *
 * Lifecycle events are few, durable one by one, and kept for ever; telemetry (turns, calls, output)
 * is plentiful, written in batches, and may be pruned. `data` has snake_case keys.
 */
export interface RecordedEvent {
  /** Position in the log; grows, never reused. */
  seq: number;
  /** RFC 3339, UTC, milliseconds. */
  ts: string;
  run: string;
  plan: string;
  unit: string | null;
  attempt: number | null;
  /** `noun.verb`. */
  type: string;
  kind: "lifecycle" | "telemetry";
  data: Record<string, unknown>;
}

export type NewEvent = Omit<RecordedEvent, "seq" | "ts" | "kind">;

/** A run as the log lists it: its `run.started` event, without the data. */
export interface RunEntry {
  run: string;
  plan: string;
  seq: number;
  ts: string;
}
