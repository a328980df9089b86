/**
 * What workers' tools did, summed while it is written: no question reads every call again.
 *
 * `sumToolCalls` is the same sum over events in memory; a test holds the two together.
 */
import type { Connection } from "./database.ts";
import type { RecordedEvent } from "./recorded.ts";
import { summed } from "./sums.ts";

/** The calls of one tool by one unit that ended alike. */
export interface ToolCalls {
  run: string;
  unit: string | null;
  tool: string;
  /** Null: they went well. */
  errorKind: string | null;
  calls: number;
  /** Of them, those that gave an error. */
  failed: number;
  /** Of them, those whose result was cut for the model. */
  clipped: number;
  /** Bytes of results, before cutting. */
  bytes: number;
  totalMs: number;
  maxMs: number;
}

/** Calls of one run, or of all. */
export function toolCallsBy(connection: Connection, run: string | null): ToolCalls[] {
  const summed = connection.all("SELECT 1 FROM sqlite_schema WHERE name = 'tool_calls'").length > 0;
  return connection.all<ToolCalls>(
    (summed ? selectSums : sumResults)(run === null ? "" : "AND run = ?"),
    ...(run === null ? [] : [run]),
  );
}

/** From the table that a trigger keeps. */
const selectSums = (condition: string): string =>
  `SELECT run, nullif(unit, '') AS unit, tool, nullif(error_kind, '') AS errorKind, calls, failed, clipped, bytes,
     total_ms AS totalMs, max_ms AS maxMs
   FROM tool_calls WHERE true ${condition} ORDER BY run, tool_calls.unit, tool, error_kind`;

/** From the events themselves: a log that only an older dgov wrote to has no such table yet. */
const sumResults = (condition: string): string =>
  `SELECT run, unit, coalesce(json_extract(data, '$.tool'), '') AS tool,
     json_extract(data, '$.error_kind') AS errorKind,
     count(*) AS calls,
     coalesce(sum(json_extract(data, '$.ok') = 0), 0) AS failed,
     coalesce(sum(json_extract(data, '$.clipped') = 1), 0) AS clipped,
     coalesce(sum(json_extract(data, '$.raw_bytes')), 0) AS bytes,
     coalesce(sum(json_extract(data, '$.duration_ms')), 0) AS totalMs,
     coalesce(max(json_extract(data, '$.duration_ms')), 0) AS maxMs
   FROM events WHERE type = 'result' ${condition}
   GROUP BY run, coalesce(unit, ''), coalesce(json_extract(data, '$.tool'), ''),
     coalesce(json_extract(data, '$.error_kind'), '')`;

/** The same sums of events in memory. */
export function sumToolCalls(events: Iterable<RecordedEvent>): ToolCalls[] {
  return merged([...events].filter(({ type }) => type === "result").map(oneCall));
}

function oneCall({ run, unit, data }: RecordedEvent): ToolCalls {
  const ms = numberOf(data["duration_ms"]);
  return {
    run,
    unit,
    tool: textOf(data["tool"]) ?? "",
    errorKind: textOf(data["error_kind"]),
    calls: 1,
    failed: data["ok"] === false ? 1 : 0,
    clipped: data["clipped"] === true ? 1 : 0,
    bytes: numberOf(data["raw_bytes"]),
    totalMs: ms,
    maxMs: ms,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** One row per run, unit, tool and ending, in an order of its own. */
function merged(rows: readonly ToolCalls[]): ToolCalls[] {
  return summed(
    rows,
    (row) => [row.run, row.unit ?? "", row.tool, row.errorKind ?? ""],
    addedCalls,
  );
}

/** Two sums as one; where, which tool and how it ended are those of the first. */
export function addedCalls(a: ToolCalls, b: ToolCalls): ToolCalls {
  return {
    ...a,
    calls: a.calls + b.calls,
    failed: a.failed + b.failed,
    clipped: a.clipped + b.clipped,
    bytes: a.bytes + b.bytes,
    totalMs: a.totalMs + b.totalMs,
    maxMs: Math.max(a.maxMs, b.maxMs),
  };
}
