/**
 * Sums over telemetry, answered from covering expression indexes: tokens, turns and calls.
 *
 * `countEvents` is the same sum over events in memory; a test holds the two together.
 */
import type { Connection } from "./database.ts";
import type { RecordedEvent } from "./recorded.ts";
import { summed } from "./sums.ts";

/** What one attempt spent on one model. Calls are of no model: they stand under `model: null`. */
export interface Counts {
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
export function countsBy(connection: Connection, run: string): Counts[] {
  const rows = connection.all<Counts>(
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
  return merged(rows);
}

/** The same counts of events in memory. */
export function countEvents(events: Iterable<RecordedEvent>): Counts[] {
  const rows: Counts[] = [];
  for (const { type, unit, attempt, data } of events) {
    if (type === "turn.finished") {
      const usage = (data["usage"] ?? {}) as Record<string, number>;
      rows.push({
        ...none,
        unit,
        attempt,
        model: (data["model"] as string | undefined) ?? null,
        turns: 1,
        promptTokens: usage["prompt_tokens"] ?? 0,
        cachedTokens: usage["cached_tokens"] ?? 0,
        completionTokens: usage["completion_tokens"] ?? 0,
      });
    } else if (type === "result") {
      rows.push({ ...none, unit, attempt, calls: 1, failedCalls: data["ok"] === false ? 1 : 0 });
    }
  }
  return merged(rows);
}

const none = {
  model: null,
  turns: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  calls: 0,
  failedCalls: 0,
};

/** One row per unit, attempt and model, in an order of its own. */
function merged(rows: readonly Counts[]): Counts[] {
  return summed(rows, (row) => [row.unit ?? "", row.attempt ?? 0, row.model ?? ""], added);
}

/** Two counts as one; unit, attempt and model are those of the first. */
export function added(a: Counts, b: Counts): Counts {
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
