import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Connection } from "./database.ts";
import { migrations } from "./migrations.ts";
import type { RecordedEvent } from "./recorded.ts";
import { sumToolCalls, toolCallsBy } from "./tool-calls.ts";

/** The schema in memory, holding some events; notes the plan of every query. */
function holding(events: readonly RecordedEvent[]): {
  connection: Connection;
  plans: string[];
  [Symbol.dispose](): void;
} {
  const db = new Database(":memory:", { strict: true });
  for (const step of migrations) db.run(step);
  for (const e of events) {
    db.query(
      "INSERT INTO events (ts, run, plan, unit, attempt, type, kind, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ).run(e.ts, e.run, e.plan, e.unit, e.attempt, e.type, e.kind, JSON.stringify(e.data));
  }
  const plans: string[] = [];
  const all: Connection["all"] = <T>(sql: string, ...values: never[]) => {
    const plan = db.query(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
    plans.push(plan.map(({ detail }) => detail).join("; "));
    return db.query(sql).all(...values) as T[];
  };
  return {
    connection: { all } as Connection,
    plans,
    [Symbol.dispose]: () => db.close(),
  };
}

const anyEvent: fc.Arbitrary<RecordedEvent> = fc.record({
  seq: fc.constant(0),
  ts: fc.constant("2026-01-02T03:04:05.678Z"),
  run: fc.constantFrom("r1", "r2"),
  plan: fc.constant("p"),
  unit: fc.constantFrom("a", "b", null),
  attempt: fc.constantFrom(1, 2, null),
  type: fc.constantFrom("turn.finished", "result", "call"),
  kind: fc.constant("telemetry" as const),
  data: fc.record(
    {
      tool: fc.constantFrom("grep", "done"),
      ok: fc.boolean(),
      error_kind: fc.constantFrom(null, "not_permitted", "failed"),
      clipped: fc.boolean(),
      raw_bytes: fc.nat(1e6),
      duration_ms: fc.nat(1e5),
    },
    { requiredKeys: ["tool", "ok"] },
  ),
});

describe("toolCallsBy", () => {
  test("equals the pure sum of the same events, of one run and of all", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        using log = holding(events);
        expect(toolCallsBy(log.connection, null)).toEqual(sumToolCalls(events));
        expect(toolCallsBy(log.connection, "r1")).toEqual(
          sumToolCalls(events.filter(({ run }) => run === "r1")),
        );
      }),
      { numRuns: 100 },
    );
  });

  test("is answered from the index, without sorting", () => {
    using log = holding([]);
    toolCallsBy(log.connection, null);
    toolCallsBy(log.connection, "r1");
    expect(log.plans).toEqual([
      "SCAN events USING INDEX events_results",
      "SEARCH events USING INDEX events_results (run=?)",
    ]);
  });
});
