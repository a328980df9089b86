/** The sums of `log/counts.ts` computed from events in memory, for tests that hold the two together. */
import type { ToolCalls, UsageCounts } from "../../src/log/counts.ts";
import type { RecordedEvent } from "../../src/log/event-log.ts";

/** Tokens, turns and calls of these events, by unit, attempt and model. */
export function countEvents(events: Iterable<RecordedEvent>): UsageCounts[] {
  const rows: UsageCounts[] = [];
  for (const { type, unit, attempt, data } of events) {
    if (type === "turn.finished") {
      const usage = (data["usage"] ?? {}) as Record<string, number>;
      rows.push({
        ...noCounts,
        unit,
        attempt,
        model: (data["model"] as string | undefined) ?? null,
        turns: 1,
        unmeteredTurns: usage["prompt_tokens"] === undefined ? 1 : 0,
        promptTokens: usage["prompt_tokens"] ?? 0,
        cachedTokens: usage["cached_tokens"] ?? 0,
        completionTokens: usage["completion_tokens"] ?? 0,
      });
    } else if (type === "result") {
      rows.push({
        ...noCounts,
        unit,
        attempt,
        calls: 1,
        failedCalls: data["ok"] === false ? 1 : 0,
      });
    }
  }
  return sumByKey(
    rows,
    (row) => [row.unit ?? "", row.attempt ?? 0, row.model ?? ""],
    (a, b) => ({
      ...a,
      turns: a.turns + b.turns,
      unmeteredTurns: a.unmeteredTurns + b.unmeteredTurns,
      promptTokens: a.promptTokens + b.promptTokens,
      cachedTokens: a.cachedTokens + b.cachedTokens,
      completionTokens: a.completionTokens + b.completionTokens,
      calls: a.calls + b.calls,
      failedCalls: a.failedCalls + b.failedCalls,
    }),
  );
}

const noCounts = {
  model: null,
  turns: 0,
  unmeteredTurns: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  calls: 0,
  failedCalls: 0,
};

/** Tool calls of these events, by run, unit, tool and kind of error. */
export function sumToolCalls(events: Iterable<RecordedEvent>): ToolCalls[] {
  return sumByKey(
    [...events].filter(({ type }) => type === "result").map(oneCall),
    (row) => [row.run, row.unit ?? "", row.tool, row.errorKind ?? ""],
    (a, b) => ({
      ...a,
      calls: a.calls + b.calls,
      failed: a.failed + b.failed,
      clipped: a.clipped + b.clipped,
      bytes: a.bytes + b.bytes,
      totalMs: a.totalMs + b.totalMs,
      maxMs: Math.max(a.maxMs, b.maxMs),
    }),
  );
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

/** One row per key, sorted by the key as JSON text; `add` merges two rows of one key. */
function sumByKey<T>(
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
