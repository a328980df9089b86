/**
 * Sums over telemetry. Tokens, turns and calls come from covering expression indexes; tool-call statistics
 * from a table that a trigger keeps up to date on insert, so that no query scans all calls.
 *
 * test/harness/event-sums.ts computes the same sums from events in memory; tests compare the two.
 */
import type { Connection } from "./database.ts";

/** Usage of one model by one attempt. Tool calls belong to no model: they are counted under `model: null`. */
export interface UsageCounts {
  unit: string | null;
  attempt: number | null;
  model: string | null;
  turns: number;
  /** Turns whose tokens the endpoint did not report. */
  unmeteredTurns: number;
  promptTokens: number;
  /** Part of the prompt tokens. */
  cachedTokens: number;
  completionTokens: number;
  calls: number;
  failedCalls: number;
}

/** Usage of a run, by unit, attempt and model. */
export function readCounts(connection: Connection, run: string): UsageCounts[] {
  const rows = connection.all<UsageCounts>(
    `SELECT unit, attempt, json_extract(data, '$.model') AS model, count(*) AS turns,
       sum(json_extract(data, '$.usage.prompt_tokens') IS NULL) AS unmeteredTurns,
       coalesce(sum(json_extract(data, '$.usage.prompt_tokens')), 0) AS promptTokens,
       coalesce(sum(json_extract(data, '$.usage.cached_tokens')), 0) AS cachedTokens,
       coalesce(sum(json_extract(data, '$.usage.completion_tokens')), 0) AS completionTokens,
       0 AS calls, 0 AS failedCalls
     FROM events WHERE type = 'turn.finished' AND run = ? GROUP BY unit, attempt, model
     UNION ALL
     SELECT unit, attempt, NULL, 0, 0, 0, 0, 0, count(*),
       coalesce(sum(json_extract(data, '$.ok') = 0), 0)
     FROM events WHERE type = 'result' AND run = ? GROUP BY unit, attempt`,
    run,
    run,
  );
  return merged(rows);
}

/** One row per unit, attempt and model, sorted by them as JSON text. */
function merged(rows: readonly UsageCounts[]): UsageCounts[] {
  const sums = new Map<string, UsageCounts>();
  for (const row of rows) {
    const key = JSON.stringify([row.unit ?? "", row.attempt ?? 0, row.model ?? ""]);
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? row : addCounts(sum, row));
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

/** The sum of two rows, with unit, attempt and model of the first. */
function addCounts(a: UsageCounts, b: UsageCounts): UsageCounts {
  return {
    ...a,
    turns: a.turns + b.turns,
    unmeteredTurns: a.unmeteredTurns + b.unmeteredTurns,
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    calls: a.calls + b.calls,
    failedCalls: a.failedCalls + b.failedCalls,
  };
}

/** Statistics of the calls of one tool by one unit with the same kind of error. */
export interface ToolCalls {
  run: string;
  unit: string | null;
  tool: string;
  /** Null for calls that succeeded. */
  errorKind: string | null;
  calls: number;
  /** Number of calls that failed. */
  failed: number;
  /** Number of calls whose result was cut for the model. */
  clipped: number;
  /** Bytes of all results before cutting. */
  bytes: number;
  totalMs: number;
  maxMs: number;
}

/** Tool-call statistics of one run, or of all runs for null. */
export function readToolCalls(connection: Connection, run: string | null): ToolCalls[] {
  const hasTable =
    connection.all("SELECT 1 FROM sqlite_schema WHERE name = 'tool_calls'").length > 0;
  return connection.all<ToolCalls>(
    (hasTable ? selectSums : sumResults)(run === null ? "" : "AND run = ?"),
    ...(run === null ? [] : [run]),
  );
}

/** Reads the table that a trigger fills. */
const selectSums = (condition: string): string =>
  `SELECT run, nullif(unit, '') AS unit, tool, nullif(error_kind, '') AS errorKind, calls, failed, clipped, bytes,
     total_ms AS totalMs, max_ms AS maxMs
   FROM tool_calls WHERE true ${condition} ORDER BY run, tool_calls.unit, tool, error_kind`;

/** Sums the events themselves, for a log without that table, which only an older dgov has written. */
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
