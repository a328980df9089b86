import { expect, test } from "bun:test";
import { adoptedLines, withLaterDigests } from "./landings.ts";

test("the Python program's lines have the digest that dgov added for the same unit and commit of the plan", () => {
  const line = { plan: "p", unit: "a", digest: null, commit: "c1", run: null, ts: "t" };
  const lines = [
    line,
    { ...line, unit: "b" },
    { ...line, commit: "c2" },
    { ...line, plan: "q", unit: "q" },
    { ...line, digest: "d1", run: "r1" },
    { ...line, unit: "b", plan: "q", digest: "d2", run: "r1" },
    line,
  ];
  expect(adoptedLines(lines, "p")).toEqual([
    { ...line, digest: "d1" },
    { ...line, unit: "b" },
    { ...line, commit: "c2" },
  ]);
});

test("B25 a landed unit has each digest that the history of its plan gives its commit, once", () => {
  const one = { unit: "a", digest: "d1", commit: "c1", run: "r1", at: "t" };
  const line = { ...one, plan: "p", run: "r2", ts: "t" };
  const lines = [
    line,
    { ...line, digest: "d2" },
    { ...line, digest: null },
    { ...line, digest: "d3", commit: "c2" },
    { ...line, digest: "d4", plan: "q" },
    { ...line, digest: "d5", unit: "b" },
  ];
  expect(withLaterDigests([one], lines, "p")).toEqual([one, { ...one, digest: "d2", run: "r2" }]);
});
