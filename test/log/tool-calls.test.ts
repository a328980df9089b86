import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readToolCalls } from "../../src/log/counts.ts";
import type { Connection } from "../../src/log/database.ts";
import type { RecordedEvent } from "../../src/log/event-log.ts";
import { migrations } from "../../src/log/migrations.ts";
import { sumToolCalls } from "../harness/event-sums.ts";

/** The schema in memory, holding some events; notes the plan of every query. */
function holding(
  events: readonly RecordedEvent[],
  steps = migrations,
): {
  connection: Connection;
  db: Database;
  plans: string[];
  [Symbol.dispose](): void;
} {
  const db = new Database(":memory:", { strict: true });
  for (const step of steps) db.run(step);
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
    db,
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

describe("readToolCalls", () => {
  test("the counts equal the sum over the events, of one run and of all", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        using log = holding(events);
        expect(readToolCalls(log.connection, null)).toEqual(sumToolCalls(events));
        expect(readToolCalls(log.connection, "r1")).toEqual(
          sumToolCalls(events.filter(({ run }) => run === "r1")),
        );
      }),
      { numRuns: 100 },
    );
  });

  test("a log that an older dgov wrote gives the same, and is brought up to date", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        using old = holding(events, migrations.slice(0, 2));
        expect(readToolCalls(old.connection, null)).toEqual(sumToolCalls(events));
        using log = holding(events, migrations.slice(0, 2));
        for (const step of migrations.slice(2)) log.db.run(step);
        expect(readToolCalls(log.connection, null)).toEqual(sumToolCalls(events));
      }),
      { numRuns: 30 },
    );
  });

  test("calls of a run whose telemetry went are gone, others are not", () => {
    const call = { ts: "t", plan: "p", unit: "a", attempt: 1, kind: "telemetry" as const };
    const data = { tool: "grep", ok: true };
    const events = ["r1", "r1", "r2"].map((run) => ({
      ...call,
      seq: 0,
      run,
      type: "result",
      data,
    }));
    using log = holding(events);
    log.db.run("DELETE FROM events WHERE kind = 'telemetry' AND run = 'r1'");
    expect(readToolCalls(log.connection, null)).toEqual(sumToolCalls(events.slice(2)));
  });

  test("sums that are no whole numbers, and values of another type, do not stop the log", () => {
    const call = { ts: "t", run: "r1", plan: "p", unit: "a", attempt: 1 };
    const base = { ...call, seq: 0, type: "result", kind: "telemetry" as const };
    using log = holding([
      { ...base, data: { tool: "grep", ok: true, duration_ms: 1.5, raw_bytes: "many" } },
      { ...base, data: { tool: "grep", ok: true, duration_ms: 2, raw_bytes: 3 } },
      { ...base, data: { tool: 7, ok: "yes", error_kind: {} } },
    ]);
    const [odd, grep] = readToolCalls(log.connection, null);
    expect([odd?.calls, grep?.calls, grep?.totalMs, grep?.bytes]).toEqual([1, 2, 3.5, 3]);
  });

  test("the query of tool calls reads the table of sums, not the events", () => {
    using log = holding([]);
    readToolCalls(log.connection, null);
    readToolCalls(log.connection, "r1");
    expect(log.plans.filter((plan) => !plan.includes("sqlite_schema"))).toEqual([
      "SCAN tool_calls",
      "SEARCH tool_calls USING PRIMARY KEY (run=?)",
    ]);
  });
});
