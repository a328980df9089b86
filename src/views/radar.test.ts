import { describe, expect, test } from "bun:test";
import type { RecordedEvent } from "../log/event-log.ts";
import { viewRadar } from "./radar.ts";

function log(...events: [type: string, unit: string, data: Record<string, unknown>][]) {
  return events.map(([type, unit, data], seq): RecordedEvent => {
    const of = { run: "r", plan: "p", unit, attempt: 1, kind: "lifecycle" as const };
    return { seq, ts: "2026-01-02T03:04:05.000Z", ...of, type, data };
  });
}

const about = { with: "b", kind: "stale_reference", path: "x.ts", symbol: "f", message: "" };
const failed = { gate: "semantic", status: "failed", car: 1 };

describe("viewRadar", () => {
  test.each([
    ["the unit is refused afterwards", [["gate.finished", "a", failed]], "true"],
    ["the other is refused afterwards", [["candidate.conflicted", "b", {}]], "true"],
    ["a refusal is stale", [["candidate.conflicted", "b", { stale: true }]], "open"],
    ["another gate failed", [["gate.finished", "a", { ...failed, gate: "tests" }]], "open"],
    ["its own tree was judged", [["gate.finished", "a", { ...failed, car: null }]], "open"],
    [
      "the unit is refused for what it is, without other work in its base",
      [
        ["attempt.prepared", "a", { base: "1" }],
        ["candidate.built", "a", { car: 1, onto: "1" }],
        ["gate.finished", "a", failed],
      ],
      "open",
    ],
    [
      "the unit is refused on top of others",
      [
        ["attempt.prepared", "a", { base: "1" }],
        ["candidate.built", "a", { car: 1, onto: "2" }],
        ["gate.finished", "a", failed],
      ],
      "true",
    ],
    [
      "the unit fails alone as it does on top of others",
      [
        ["gate.finished", "a", failed],
        ["gate.finished", "a", { ...failed, car: null }],
      ],
      "open",
    ],
    [
      "the candidate of the unit is built again, now on top of others",
      [
        ["attempt.prepared", "a", { base: "1" }],
        ["candidate.built", "a", { car: 1, onto: "1" }],
        ["candidate.built", "a", { car: 1, onto: "2" }],
        ["gate.finished", "a", failed],
      ],
      "true",
    ],
    ["only one landed", [["landing.finished", "a", {}]], "open"],
    [
      "both landed",
      [
        ["landing.finished", "a", {}],
        ["landing.finished", "b", {}],
      ],
      "false",
    ],
    ["it was withdrawn", [["conflict.cleared", "a", about]], "cleared"],
    ["another symbol was cleared", [["conflict.cleared", "a", { ...about, symbol: "g" }]], "open"],
  ] as const)("a prediction when %s", (_, later, outcome) => {
    const events = log(
      ["conflict.predicted", "a", about],
      ...later.map(([t, u, d]) => [t, u, d] as [string, string, Record<string, unknown>]),
    );
    expect(viewRadar(events).predictions.map((p) => p.outcome)).toEqual([outcome]);
  });

  test("a refusal before its prediction, or without one, counts as missed", () => {
    const events = log(
      ["candidate.conflicted", "a", {}],
      ["conflict.predicted", "a", about],
      ["candidate.conflicted", "c", {}],
      ["candidate.conflicted", "c", {}],
    );
    expect(viewRadar(events)).toMatchObject({ missed: 2, cameTrue: 0 });
  });
});
