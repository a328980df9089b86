import { expect, test } from "bun:test";
import { runsAlone } from "./exclusive-gates.ts";

const recipe = { command: "make e2e", description: null, logName: null, exclusive: true };
const verify = { e2e: recipe, unit: { ...recipe, command: "make unit", exclusive: false } };

test.each([
  [[], "tests", null, false],
  [["tests"], "tests", null, true],
  [["tests"], "lint", null, false],
  [[], "tests", "verify:e2e", true],
  [[], "tests", "verify:unit", false],
  [[], "tests", "( make unit ) && ( make e2e )", true],
  [[], "coverage", "verify:e2e", false],
] as const)(
  "A29 exclusive_gates = %j: %s with test_cmd %j runs alone: %p",
  (gates, gate, testCmd, expected) => {
    expect(runsAlone({ exclusiveGates: [...gates], verify }, gate, testCmd)).toBe(expected);
  },
);
