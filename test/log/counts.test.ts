import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readCounts } from "../../src/log/counts.ts";
import type { Connection } from "../../src/log/database.ts";
import type { RecordedEvent } from "../../src/log/event-log.ts";
import { migrations } from "../../src/log/migrations.ts";
import { countEvents } from "../harness/event-sums.ts";

/** The schema in memory, holding some events. */
function holding(events: readonly RecordedEvent[]): { db: Database; connection: Connection } {
  const db = new Database(":memory:", { strict: true });
  for (const step of migrations) db.run(step);
  for (const e of events) {
    db.query(
      "INSERT INTO events (ts, run, plan, unit, attempt, type, kind, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ).run(e.ts, e.run, e.plan, e.unit, e.attempt, e.type, e.kind, JSON.stringify(e.data));
  }
  const all: Connection["all"] = <T>(sql: string, ...values: never[]) =>
    db.query(sql).all(...values) as T[];
  return { db, connection: { all } as Connection };
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
  data: fc.oneof(
    fc.record({
      model: fc.constantFrom("m1", "m2"),
      usage: fc.option(
        fc.record({
          prompt_tokens: fc.nat(1e6),
          cached_tokens: fc.nat(1e6),
          completion_tokens: fc.nat(1e6),
        }),
      ),
    }),
    fc.record({ tool: fc.constantFrom("grep", "done"), ok: fc.boolean() }),
  ),
});

describe("countsBy", () => {
  test("the counts of a run equal the sum over its events", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const { db, connection } = holding(events);
        expect(readCounts(connection, "r1")).toEqual(
          countEvents(events.filter(({ run }) => run === "r1")),
        );
        db.close();
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    [
      "SELECT unit, attempt, json_extract(data, '$.model') AS m, count(*) FROM events WHERE type = 'turn.finished' AND run = 'r' GROUP BY unit, attempt, m",
      "events_turns",
    ],
    [
      "SELECT unit, sum(json_extract(data, '$.ok') = 0) FROM events WHERE type = 'result' AND run = 'r' GROUP BY unit",
      "events_results",
    ],
    [
      "SELECT run FROM events WHERE type = 'run.started' ORDER BY seq DESC LIMIT 1",
      "COVERING INDEX events_runs",
    ],
    [
      "SELECT run FROM events WHERE type = 'run.started' AND plan = 'p' ORDER BY seq DESC LIMIT 1",
      "COVERING INDEX events_runs_of_plan",
    ],
    [
      "SELECT seq, ts, run, plan, unit, attempt, type, data FROM events WHERE kind = 'lifecycle' AND run = 'r' AND seq > 1 ORDER BY seq",
      "COVERING INDEX events_lifecycle_of_run",
    ],
    ["SELECT * FROM events WHERE kind = 'lifecycle' AND seq > 1 ORDER BY seq", "events_lifecycle"],
  ])("reads telemetry through an index, never by a scan: %s", (sql, index) => {
    const { db } = holding([]);
    const plan = db.query(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    expect(plan.map(({ detail }) => detail).join("; ")).toContain(index);
    db.close();
  });
});
