import { expect, test } from "bun:test";
import { judgeEmptyDiff, type LastRejection, lastRejection } from "./empty-diff.ts";

const landed = [
  { unit: "a", commit: "a1" },
  { unit: "a", commit: "a2" },
  { unit: "b", commit: "b1" },
];
const none = { unit: "a", landed, changedSince: [], rejection: undefined };
const retry = { satisfied: null, retriable: true };
const final = { satisfied: null, retriable: false };

test.each<
  [string, Partial<Parameters<typeof judgeEmptyDiff>[0]>, ReturnType<typeof judgeEmptyDiff>]
>([
  ["landed before is satisfied by its last commit", {}, { satisfied: "a2" }],
  ["never landed is empty, with one retry", { unit: "c" }, retry],
  ["landed before claimed paths changed is empty", { changedSince: ["x"] }, retry],
  ["was rejected is never satisfied", { rejection: { verdict: "gate_failed", here: true } }, retry],
  [
    "was rejected in an earlier run is never satisfied",
    { rejection: { verdict: "gate_failed", here: false } },
    retry,
  ],
  ["was empty in this run fails", { rejection: { verdict: "empty_diff", here: true } }, final],
  [
    "was empty in an earlier run has a retry",
    { rejection: { verdict: "empty_diff", here: false } },
    retry,
  ],
])("B25 an attempt without changes of a unit that %s", (_, more, wanted) => {
  expect(judgeEmptyDiff({ ...none, ...more })).toEqual(wanted);
});

test.each<[string, string[], LastRejection | undefined]>([
  ["a crash is no rejection of the work", ["crashed", "timed_out"], undefined],
  [
    "a crash does not hide the rejection before it",
    ["gate_failed", "crashed"],
    { verdict: "gate_failed", here: true },
  ],
  [
    "the last rejection counts",
    ["empty_diff", "gate_failed"],
    { verdict: "gate_failed", here: true },
  ],
])("B25 %s", (_, verdicts, wanted) => {
  const fold = (before: LastRejection | undefined, verdict: string) =>
    lastRejection(before, { verdict, here: true });
  expect(verdicts.reduce(fold, undefined)).toEqual(wanted as never);
});
