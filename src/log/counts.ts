/**
 * Sums over telemetry, answered from covering expression indexes: tokens, turns and calls.
 *
 * `countEvents` is the same sum over events in memory; a test holds the two together.
 */
import type { Connection } from "./database.ts";

/** What one attempt spent on one model. Calls are of no model: they stand under `model: null`. */
export interface UsageCounts {
  unit: string | null;
  attempt: number | null;
  model: string | null;
  turns: number;
  promptTokens: number;
  /** Part of the prompt tokens. */
  cachedTokens: number;
  completionTokens: number;
  calls: number;
  failedCalls: number;
}

/** Counts of a run, by unit, attempt and model. */
export function readCounts(connection: Connection, run: string): UsageCounts[] {
  const rows = connection.all<UsageCounts>(
    `SELECT unit, attempt, json_extract(data, '$.model') AS model, count(*) AS turns,
       coalesce(sum(json_extract(data, '$.usage.prompt_tokens')), 0) AS promptTokens,
       coalesce(sum(json_extract(data, '$.usage.cached_tokens')), 0) AS cachedTokens,
       coalesce(sum(json_extract(data, '$.usage.completion_tokens')), 0) AS completionTokens,
       0 AS calls, 0 AS failedCalls
     FROM events WHERE type = 'turn.finished' AND run = ? GROUP BY unit, attempt, model
     UNION ALL
     SELECT unit, attempt, NULL, 0, 0, 0, 0, count(*),
       coalesce(sum(json_extract(data, '$.ok') = 0), 0)
     FROM events WHERE type = 'result' AND run = ? GROUP BY unit, attempt`,
    run,
    run,
  );
  return mergeCounts(rows);
}

/** One row per unit, attempt and model, in an order of its own. */
function mergeCounts(rows: readonly UsageCounts[]): UsageCounts[] {
  return sumByKey(rows, (row) => [row.unit ?? "", row.attempt ?? 0, row.model ?? ""], addCounts);
}

/** Two counts as one; unit, attempt and model are those of the first. */
export function addCounts(a: UsageCounts, b: UsageCounts): UsageCounts {
  return {
    ...a,
    turns: a.turns + b.turns,
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    calls: a.calls + b.calls,
    failedCalls: a.failedCalls + b.failedCalls,
  };
}

// ------------------------------------------------------------
// Rows that are counted together. Pure.

/** One row for each key, in an order of its own; `add` makes two rows of one key into one. */
export function sumByKey<T>(
  rows: readonly T[],
  keyOf: (row: T) => unknown[],
  add: (a: T, b: T) => T,
): T[] {
  const sums = new Map<string, T>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? row : add(sum, row));
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

// ------------------------------------------------------------
//  * What workers' tools did, summed while it is written: no question reads every call again.
//
// `sumToolCalls` is the same sum over events in memory; a test holds the two together.

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
export function readToolCalls(connection: Connection, run: string | null): ToolCalls[] {
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
