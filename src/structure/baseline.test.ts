import { describe, expect, test } from "bun:test";
import {
  type Baseline,
  degradations,
  degradationText,
  noteOf,
  parseBaseline,
  parseNote,
  staleness,
} from "./baseline.ts";

const plain: Baseline = {
  timestamp: 1_700_000_000,
  quality_signal: 0.6,
  coupling_score: 0.3,
  cycle_count: 1,
  god_file_count: 1,
  hotspot_count: 0,
  complex_fn_count: 4,
  max_depth: 3,
  total_import_edges: 20,
  cross_module_edges: 9,
};

describe("a comparison with the baseline", () => {
  test.each<[Partial<Baseline>, string[], boolean]>([
    [{}, [], false],
    [{ quality_signal: 0.9, cycle_count: 0, complex_fn_count: 0 }, [], false],
    [{ quality_signal: 0.58, coupling_score: 0.35 }, [], false],
    [{ quality_signal: 0.5799 }, ["quality fell from 6000 to 5799"], true],
    [{ coupling_score: 0.36 }, ["coupling rose from 0.30 to 0.36"], false],
    [{ cycle_count: 2 }, ["cycles rose from 1 to 2"], true],
    [{ god_file_count: 2 }, ["god files rose from 1 to 2"], true],
    [{ complex_fn_count: 5 }, ["complex functions rose from 4 to 5"], false],
    [
      { complex_fn_count: 5, cycle_count: 3 },
      ["cycles rose from 1 to 3", "complex functions rose from 4 to 5"],
      true,
    ],
    [{ hotspot_count: 9, max_depth: 9 }, [], false],
  ])("%p", (change, texts, hard) => {
    const found = degradations({ ...plain, ...change }, plain);
    expect(found.map(degradationText)).toEqual(texts);
    expect(found.some(({ warnOnly }) => !warnOnly)).toBe(hard);
  });
});

describe("the files", () => {
  test("a baseline reads as it was written, and the original program's as well", () => {
    expect(parseBaseline(JSON.stringify(plain))).toEqual(plain);
    const other = { ...plain, timestamp: 1_700_000_000.25, added_later: [1] };
    expect(parseBaseline(JSON.stringify(other))).toEqual(plain);
    const dated = { ...plain, timestamp: "2023-11-14T22:13:20Z" };
    expect(parseBaseline(JSON.stringify(dated))).toEqual(plain);
  });

  test.each([
    ["", "it is not a JSON object"],
    ["[]", "it is not a JSON object"],
    ["{}", "quality_signal is not a number of 0 or more"],
    [JSON.stringify({ ...plain, cycle_count: -1 }), "cycle_count is not a number of 0 or more"],
    [
      JSON.stringify({ ...plain, quality_signal: "1" }),
      "quality_signal is not a number of 0 or more",
    ],
  ])("%p: %s", (text, message) => expect(parseBaseline(text)).toBe(message));

  test("the note says which commit", () => {
    const note = noteOf(plain, { head: "a".repeat(40), now: "2023-11-14T22:13:20Z" });
    expect(note).toEqual({
      schema: 1,
      accepted_head: "a".repeat(40),
      refreshed_at: "2023-11-14T22:13:20Z",
      timestamp: 1_700_000_000,
      baseline: ".sentrux/baseline.json",
      quality: 6000,
    });
    const read = { head: "a".repeat(40), timestamp: 1_700_000_000 };
    expect(parseNote(JSON.stringify(note))).toEqual(read);
    expect(parseNote("{")).toEqual({ head: null, timestamp: null });
    expect(parseNote('{"accepted_head": "--help"}').head).toBeNull();
  });
});

const day = 86_400;

test.each([
  [{ commits: 10, seconds: 14 * day + 5 }, null],
  [{ commits: 11, seconds: 0 }, "11 commits old, 10 are allowed"],
  [{ commits: 0, seconds: 15 * day }, "15 days old, 14 are allowed"],
  [{ commits: null, seconds: 15 * day }, "15 days old, 14 are allowed"],
  [{ commits: null, seconds: null }, null],
])("a baseline of %p is stale: %p", (age, reason) => {
  expect(staleness(age, { staleCommits: 10, staleDays: 14 })).toBe(reason);
});
