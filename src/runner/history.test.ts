import { describe, expect, test } from "bun:test";
import type { RecordedEvent } from "../log/event-log.ts";
import { foldHistory, unresolvedUnits } from "./history.ts";

let seq = 0;
function record(
  run: string,
  type: string,
  data: Record<string, unknown>,
  of: { unit?: string; attempt?: number } = {},
): RecordedEvent {
  seq++;
  return {
    seq,
    ts: "2026-01-01T00:00:00.000Z",
    run,
    plan: "p",
    unit: of.unit ?? null,
    attempt: of.attempt ?? null,
    type,
    kind: "lifecycle",
    data,
  };
}
const started = (run: string, digest: string): RecordedEvent =>
  record(run, "run.started", { units: [{ unit: "a", digest }] });
const changed = (run: string, to: string): RecordedEvent =>
  record(run, "unit.changed", { to, reason: `is ${to}` }, { unit: "a", attempt: 1 });
const kept = (run: string): RecordedEvent =>
  record(run, "attempt.kept", { ref: "r", commit: "c", base: "b" }, { unit: "a", attempt: 1 });

describe("foldHistory", () => {
  test("B9 kept work and rejections are told to the next attempt of the same text only", () => {
    const first = [started("r1", "d1"), kept("r1"), changed("r1", "failed")];
    expect(foldHistory([...first, started("r2", "d1")]).get("a")).toMatchObject({
      run: "r2",
      phase: "pending",
      kept: { ref: "r", commit: "c", base: "b" },
    });
    expect(foldHistory([...first, started("r2", "d2")]).get("a")?.kept).toBeNull();
  });
});

describe("unresolved", () => {
  test.each(["failed", "timed_out", "abandoned"])(
    "D9 a bare re-run lists a %s unit, every time",
    (phase) => {
      const history = foldHistory([started("r1", "d1"), changed("r1", phase)]);
      const once = unresolvedUnits(history, [{ id: "a", digest: "d1" }]);
      expect(once.map((u) => [u.unit, u.phase])).toEqual([["a", phase]]);
      expect(unresolvedUnits(history, [{ id: "a", digest: "d1" }])).toEqual(once);
    },
  );

  test("B9 an edited unit is not held back", () => {
    const history = foldHistory([started("r1", "d1"), changed("r1", "failed")]);
    expect(unresolvedUnits(history, [{ id: "a", digest: "d2" }])).toEqual([]);
  });

  test("landed and skipped units are not unresolved themselves", () => {
    for (const phase of ["landed", "skipped"]) {
      const history = foldHistory([started("r1", "d1"), changed("r1", phase)]);
      expect(unresolvedUnits(history, [{ id: "a", digest: "d1" }])).toEqual([]);
    }
  });
});
