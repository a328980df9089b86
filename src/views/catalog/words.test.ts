import { expect, test } from "bun:test";
import { allWords, explainWord, wordGroups } from "./words.ts";

test("E26 every word has a meaning and a remedy, of which neither is empty", () => {
  const rows = wordGroups.flatMap((group) => Object.entries(group.rows));
  expect(rows.length).toBeGreaterThan(100);
  const bad = rows.filter(
    ([, { means, remedy, doNot }]) =>
      !/^\S.*\.$/.test(means) || !/^\S.*[^.]$/.test(remedy) || doNot === "",
  );
  expect(bad).toEqual([]);
});

test.each([
  ["scope_violation", "scope_violation", ["verdict of a unit"]],
  ["Timed Out", "timed_out", ["verdict of a unit", "state of a unit", "phase of a unit"]],
  ["re-queued", "re-queued", ["reason"]],
  ["worktree_dirty", "WORKTREE_DIRTY", ["error code"]],
  ["crashed", "crashed", ["verdict of a unit", "phase of a run", "status of a plan"]],
])("E26 the word %j is found as %s, with each of its meanings", (typed, word, of) => {
  const found = explainWord(typed);
  expect(found.word).toBe(word);
  expect(found.word === null ? [] : found.meanings.map((one) => one.of)).toEqual(of);
});

test.each([
  ["exhasted", "exhausted"],
  ["base is red", "base_red"],
  ["zzzzzzzz", null],
])("E26 %j is no word; the closest one is %j", (typed, near) => {
  expect(explainWord(typed)).toEqual({ word: null, near });
});

test("E26 every word of the table is found by its own spelling", () => {
  expect(allWords().filter((word) => explainWord(word).word === null)).toEqual([]);
});
