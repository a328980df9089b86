import { expect, test } from "bun:test";
import { parseSentruxOutput } from "./engine.ts";

test.each<[string, number, Partial<ReturnType<typeof parseSentruxOutput>>]>([
  ["Quality: 0.6123\n", 0, { passed: true, quality: 0.6123, worse: [] }],
  ["scanning\n  Quality: 6123 / 10000\n", 0, { quality: 0.6123 }],
  ["Quality: 7000 -> 6500\n✗ quality dropped by 500\n", 1, { passed: false, quality: 0.65 }],
  ["no figures", 0, { passed: true, quality: null }],
  [
    "✗ DEGRADED\n  ✗ complex functions increased: 3 -> 4\n",
    1,
    { worse: ["complex functions increased: 3 -> 4"], warnOnly: true },
  ],
  ["✗ coupling increased\n✗ cycles increased: 0 -> 1\n", 1, { warnOnly: false }],
  ["crashed\n", 1, { passed: false, worse: [], warnOnly: false }],
])("sentrux output %p with exit code %d is parsed", (output, code, expected) => {
  expect(parseSentruxOutput(output, code)).toMatchObject(expected);
});
