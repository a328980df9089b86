import { describe, expect, test } from "bun:test";
import { readOnlyOutcome, reviewText } from "./review.ts";

const end = (result: unknown) => ({ outcome: "complete" as const, reason: "", result });
const issues = [
  { file: "a.ts", line: 3, text: "wrong" },
  { file: "b.ts", line: null, text: "odd" },
  { file: null, line: null, text: "plain\nwords" },
  "text",
  { other: 1 },
];

describe("readOnlyOutcome", () => {
  test.each<[string, unknown, string, string]>([
    ["approves", { approved: true, issues: [] }, "complete", ""],
    [
      "disapproves without issues",
      { approved: false },
      "disapproved",
      "the reviewer did not approve",
    ],
    [
      "disapproves with issues",
      { approved: false, issues },
      "disapproved",
      "the reviewer did not approve: a.ts:3: wrong; b.ts: odd; plain words; and 2 more",
    ],
    [
      "writes approved as text",
      { approved: "true" },
      "incomplete",
      "the reviewer's verdict could not be read",
    ],
    ["returns nothing", null, "incomplete", "the reviewer's verdict could not be read"],
    ["returns a word", "approved", "incomplete", "the reviewer's verdict could not be read"],
  ])("A16 the outcome of a reviewer that %s", (_, result, outcome, reason) => {
    const { outcome: found, reason: why } = readOnlyOutcome("reviewer", end(result));
    expect([found, why]).toEqual([outcome, reason] as never);
  });

  test("A16 a reviewer that did not complete keeps its outcome, even with an approval", () => {
    const exhausted = {
      outcome: "exhausted" as const,
      reason: "turns",
      result: { approved: true },
    };
    expect(readOnlyOutcome("reviewer", exhausted)).toEqual(exhausted);
  });

  test("a researcher's answer is not read as a verdict", () => {
    const answer = end({ answer: "x" });
    expect(readOnlyOutcome("researcher", answer)).toEqual(answer);
  });
});

test("reviewText has every issue and the summary", () => {
  expect(reviewText({ issues, summary: " see above " })).toBe(
    '- a.ts:3: wrong\n- b.ts: odd\n- plain\nwords\n- text\n- {"other":1}\nsee above',
  );
  expect([reviewText(null), reviewText("x"), reviewText({ issues: 7 })]).toEqual(["", "", ""]);
});
