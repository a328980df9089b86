import { describe, expect, test } from "bun:test";
import { readOnlyOutcome, reviewFindings } from "./review.ts";

const said = (result: unknown) => ({ outcome: "complete" as const, reason: "", result });
const issues = [
  { file: "a.ts", line: 3, text: "wrong" },
  { file: "b.ts", line: null, text: "odd" },
  { file: null, line: null, text: "plain\nwords" },
  "text",
  { other: 1 },
];

describe("A16 readOnlyOutcome", () => {
  test.each<[string, unknown, string, string]>([
    ["approves", { approved: true, issues: [] }, "complete", ""],
    ["refuses without words", { approved: false }, "disapproved", "the reviewer did not approve"],
    [
      "refuses",
      { approved: false, issues },
      "disapproved",
      "the reviewer did not approve: a.ts:3: wrong; b.ts: odd; plain words; and 2 more",
    ],
    [
      "says approved as text",
      { approved: "true" },
      "incomplete",
      "the reviewer's verdict could not be read",
    ],
    ["says nothing", null, "incomplete", "the reviewer's verdict could not be read"],
    ["says a word", "approved", "incomplete", "the reviewer's verdict could not be read"],
  ])("a reviewer that %s", (_, result, outcome, reason) => {
    const end = readOnlyOutcome("reviewer", said(result));
    expect([end.outcome, end.reason]).toEqual([outcome, reason] as never);
  });

  test("a reviewer that did not end by itself keeps its outcome, whatever it last said", () => {
    const end = { outcome: "exhausted" as const, reason: "turns", result: { approved: true } };
    expect(readOnlyOutcome("reviewer", end)).toEqual(end);
  });

  test("a researcher's answer is no verdict", () => {
    const end = said({ answer: "x" });
    expect(readOnlyOutcome("researcher", end)).toEqual(end);
  });
});

test("findingsIn tells every issue and the summary", () => {
  expect(reviewFindings({ issues, summary: " see above " })).toBe(
    '- a.ts:3: wrong\n- b.ts: odd\n- plain\nwords\n- text\n- {"other":1}\nsee above',
  );
  expect([reviewFindings(null), reviewFindings("x"), reviewFindings({ issues: 7 })]).toEqual([
    "",
    "",
    "",
  ]);
});
