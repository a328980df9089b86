import { expect, test } from "bun:test";
import { type ObservedCall, StallDetector } from "./stall-detector.ts";

const call: ObservedCall = { tool: "grep", argumentsText: "{}", ok: true, text: "found" };

/** The verdicts on turns of one call each. */
function verdicts(
  turns: Partial<ObservedCall>[],
  o: { turnsMax?: number; mustChange?: boolean } = {},
): string {
  const detector = new StallDetector({ turnsMax: 50, mustChange: false, ...o });
  return turns.map((more) => detector.observe([{ ...call, ...more }]).kind).join(" ");
}

const repeated = (count: number, more: Partial<ObservedCall> = {}) =>
  Array.from({ length: count }, () => more);

test("D8 the third identical turn in a row is warned about, the fifth stops the worker", () => {
  expect(verdicts(repeated(5))).toBe("fine fine warn fine stop");
  const broken = [...repeated(2), { text: "other" }, ...repeated(2)];
  expect(verdicts(broken)).toBe("fine fine fine fine fine");
});

test.each<[string, Partial<ObservedCall>, boolean]>([
  ["another tool", { tool: "glob" }, false],
  ["other arguments", { argumentsText: '{"a":1}' }, false],
  ["another success", { ok: false }, false],
  ["another result", { text: "not found" }, false],
  ["another number in its result", { text: "found 12.5" }, false],
])("D8 a turn with %s is not identical", (_, other, same) => {
  expect(verdicts([{}, {}, other]).endsWith("warn")).toBe(same);
});

test("D8 a turn whose result differs only in its numbers is identical", () => {
  const timed = ["took 1 s", "took 22 s", "took 3.5 s"].map((text) => ({ text }));
  expect(verdicts(timed)).toBe("fine fine warn");
});

test("D8 four turns without a new result are warned about, eight stop the worker", () => {
  const cycle = Array.from({ length: 10 }, (_, turn) => ({ text: turn % 2 === 0 ? "a" : "b" }));
  expect(verdicts(cycle)).toBe("fine fine fine fine fine warn fine fine fine stop");
  const fresh = [...cycle.slice(0, 9), { text: "new" }, ...cycle.slice(0, 3)];
  expect(verdicts(fresh)).not.toContain("stop");
});

test.each([
  [10, 10, 20],
  [25, 10, 20],
  [26, 11, 20],
  [28, 12, 20],
  [29, 12, 21],
  [50, 20, 35],
  [51, 21, 36],
])(
  "of %i turns, %i without a change are warned about and %i stop a worker",
  (turnsMax, warn, stop) => {
    const turns = Array.from({ length: 60 }, (_, turn) => ({ argumentsText: `{"turn":${turn}}` }));
    const found = verdicts(turns, { turnsMax, mustChange: true }).split(" ");
    expect([found.indexOf("warn") + 1, found.indexOf("stop") + 1]).toEqual([warn, stop]);
    expect(verdicts(turns, { turnsMax })).not.toMatch(/warn|stop/);
  },
);

const changing = ["write_file", "edit_file", "apply_patch", "delete_file", "move_file"];
test.each([...changing, "revert_file", "format_file", "lint_fix", "run_bash"])(
  "a new result of %s is a change, one that failed or is repeated is not",
  (tool) => {
    const turns = (change: Partial<ObservedCall>) =>
      Array.from({ length: 12 }, (_, turn) =>
        turn === 5 || turn === 0 ? { tool, ...change } : { argumentsText: `${turn}` },
      );
    const o = { turnsMax: 10, mustChange: true };
    const changed = turns({}).map((more, turn) => (turn === 5 ? { ...more, text: "new" } : more));
    expect(verdicts(changed, o)).not.toContain("warn");
    expect(verdicts(turns({ ok: false }), o)).toContain("warn");
    expect(verdicts(turns({}), o)).toContain("warn");
    expect(verdicts(turns({ tool: "run_tests" }), o)).toContain("warn");
  },
);
