import { expect, test } from "bun:test";
import type { Event } from "../kernel/event.ts";
import { eventOf, recordOf } from "./records.ts";

const events: Event[] = [
  {
    type: "run.started",
    dag: {
      units: [
        { id: "t/a.b", role: "worker", deps: [], selfReview: false, fixesMax: 0, forksMax: 1 },
      ],
    },
    limits: {
      jobs: 1,
      rejectionRetries: 3,
      crashRetries: 2,
      timeoutRetries: 1,
      speculation: 4,
      maxGates: 2,
      rebuilds: 5,
    },
    order: "ready",
    tip: "c0",
    gates: ["tests"],
    settled: [{ unit: "t/a.b", as: "landed" }],
  },
  { type: "attempt.prepared", unit: "t/a.b", attempt: 2, base: "c0" },
  {
    type: "gates.finished",
    unit: "t/a.b",
    attempt: 1,
    car: null,
    tree: "t1",
    verdicts: { tests: "failed", types: "not_applicable" },
    passed: false,
    blame: "attempt",
    reason: "tests failed",
  },
  { type: "checkout.changed" },
  { type: "run.finished", status: "partial" },
];

test.each(events)("$type is the same event after a round trip through the log", (event) => {
  const record = recordOf(event, { run: "r", plan: "p" }, { exit_code: 1 });
  const stored = JSON.parse(JSON.stringify(record));
  expect(JSON.stringify(stored.data)).not.toMatch(/"[a-z]+[A-Z]\w*":/);
  expect(eventOf({ ...stored, seq: 1, ts: "", kind: "lifecycle" })).toMatchObject(event);
});

test("eventOf is null for a record that is not a kernel event", () => {
  const record = { run: "r", plan: "p", unit: "u", attempt: 1, type: "gate.started", data: {} };
  expect(eventOf({ ...record, seq: 1, ts: "", kind: "lifecycle" })).toBeNull();
});
