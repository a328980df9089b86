import { expect, test } from "bun:test";
import { parseSentruxAnswer } from "./sentrux.ts";

test.each<[string, number, ReturnType<typeof parseSentruxAnswer>]>([
  [
    "Quality: 0.6123 -> 0.6123\nNo degradation detected\n",
    0,
    { degraded: false, quality: 0.6123, worse: [], warnOnly: false },
  ],
  [
    "Quality: 7000 -> 6500\n✗ Quality signal dropped\nDEGRADED\n",
    1,
    { degraded: true, quality: 0.65, worse: ["Quality signal dropped"], warnOnly: false },
  ],
  [
    "✗ DEGRADED\n  ✗ Complex functions increased: 3 -> 4\n  Coupling degraded\n",
    1,
    {
      degraded: true,
      quality: null,
      worse: ["Complex functions increased: 3 -> 4", "Coupling degraded"],
      warnOnly: true,
    },
  ],
  [
    "DEGRADED\nCoupling degraded\nCycles increased: 0 -> 1\n",
    1,
    {
      degraded: true,
      quality: null,
      worse: ["Coupling degraded", "Cycles increased: 0 -> 1"],
      warnOnly: false,
    },
  ],
  ["DEGRADED\n", 1, { degraded: true, quality: null, worse: [], warnOnly: false }],
  ["", 0, null],
  ["Quality: 0.6\n", 0, null],
  ["Quality: 0.6\n", 1, null],
  ["error: no baseline\n", 1, null],
  ["No degradation detected\n", 1, null],
  ["DEGRADED\n", 0, null],
  ["wrote baseline.toml\n", 0, null],
])("A32 sentrux output %p with exit code %d is an answer: %j", (output, code, expected) => {
  expect(parseSentruxAnswer(output, code)).toEqual(expected);
});
