/** Branches that `[run] protected` names. */
import { expect, test } from "bun:test";
import { isProtected } from "./preconditions.ts";

test.each([
  ["main", ["main"], true],
  ["main", ["refs/heads/main"], true],
  ["main2", ["main"], false],
  ["rel1", ["rel*"], true],
  ["rel/1", ["rel*"], false],
  ["release/1.0", ["release/*"], true],
  ["release/1/0", ["release/*"], false],
  ["release/1/0", ["release/**"], true],
  ["v1", ["v[0-9]", "x"], true],
  ["prod", ["{prod,main}"], true],
  ["odd{1}", ["odd{1}"], true],
  ["work", [], false],
])("B22 protection of %s by %j is %j", (branch, patterns, expected) => {
  expect(isProtected(branch, patterns)).toBe(expected);
});
