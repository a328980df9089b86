import { describe, expect, test } from "bun:test";
import {
  type Baseline,
  degradations,
  degradationText,
  type EngineId,
  isComparable,
  noteFor,
  noteOf,
  parseBaseline,
  parseFigures,
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

describe("degradations", () => {
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
  ])("the changed figures %j are reported as %j, rejecting: %j", (change, texts, hard) => {
    const found = degradations({ ...plain, ...change }, plain);
    expect(found.map(degradationText)).toEqual(texts);
    expect(found.some(({ warnOnly }) => !warnOnly)).toBe(hard);
  });
});

describe("baseline files", () => {
  test("a baseline written by dgov or by sentrux is parsed", () => {
    expect(parseBaseline(JSON.stringify(plain))).toEqual(plain);
    const other = { ...plain, timestamp: 1_700_000_000.25, added_later: [1] };
    expect(parseBaseline(JSON.stringify(other))).toEqual(plain);
    const dated = { ...plain, timestamp: "2023-11-14T22:13:20Z" };
    expect(parseBaseline(JSON.stringify(dated))).toEqual(plain);
  });

  test.each([
    ["", "not a JSON object"],
    ["[]", "not a JSON object"],
    ["{}", "quality_signal is not a non-negative number"],
    [JSON.stringify({ ...plain, cycle_count: -1 }), "cycle_count is not a non-negative number"],
    [
      JSON.stringify({ ...plain, quality_signal: "1" }),
      "quality_signal is not a non-negative number",
    ],
  ])("an invalid baseline %p is rejected: %s", (text, message) =>
    expect(parseBaseline(text)).toBe(message),
  );

  test("the note records the measured commit, and an unreadable note has none", () => {
    const engine = { name: "builtin" as const, version: "2" };
    const note = noteOf(plain, { head: "a".repeat(40), now: "2023-11-14T22:13:20Z", engine });
    expect(note).toEqual({
      schema: 1,
      engine: "builtin",
      engine_version: "2",
      accepted_head: "a".repeat(40),
      refreshed_at: "2023-11-14T22:13:20Z",
      timestamp: 1_700_000_000,
      baseline: ".sentrux/baseline.json",
      quality: 6000,
    });
    const read = { head: "a".repeat(40), timestamp: 1_700_000_000, engine, byRun: false };
    expect(noteFor(plain, JSON.stringify(note))).toEqual(read);
    expect(noteFor(plain, "{")).toEqual({
      head: null,
      timestamp: null,
      engine: null,
      byRun: false,
    });
    expect(noteFor(plain, '{"accepted_head": "--help"}').head).toBeNull();
  });
});

test.each<[EngineId | null, EngineId, boolean]>([
  [{ name: "builtin", version: "2" }, { name: "builtin", version: "2" }, true],
  [{ name: "builtin", version: "1" }, { name: "builtin", version: "2" }, false],
  [{ name: "builtin", version: null }, { name: "builtin", version: "2" }, false],
  [{ name: "sentrux", version: "0.5.7" }, { name: "builtin", version: "2" }, false],
  [{ name: "builtin", version: "2" }, { name: "sentrux", version: "2" }, false],
  [{ name: "sentrux", version: null }, { name: "sentrux", version: "0.5.7" }, true],
  [{ name: "sentrux", version: "0.5.6" }, { name: "sentrux", version: "0.5.7" }, false],
  [null, { name: "sentrux", version: null }, false],
])("A32 figures of %j and of %j are comparable: %p", (a, b, expected) =>
  expect(isComparable(a, b)).toBe(expected),
);

test.each<[string, string | null, EngineId | null]>([
  ["no note", null, { name: "sentrux", version: null }],
  [
    "the note of another baseline",
    JSON.stringify({ engine: "builtin", engine_version: "2", timestamp: 1_600_000_000 }),
    { name: "sentrux", version: null },
  ],
  [
    "its own note",
    JSON.stringify({ engine: "builtin", engine_version: "2", timestamp: plain.timestamp }),
    { name: "builtin", version: "2" },
  ],
  ["a note that cannot be read", "{", null],
])("A32 a baseline with %s was measured by its engine", (_, note, engine) => {
  expect(noteFor(plain, note).engine).toEqual(engine);
});

test("A32 the figures that sentrux saved are valid only when all of them are there", () => {
  expect(parseFigures(JSON.stringify(plain))).toEqual(plain);
  const { hotspot_count: _, ...fewer } = plain;
  expect(parseFigures(JSON.stringify(fewer))).toBe("hotspot_count is not a non-negative number");
  expect(parseFigures("")).toBe("quality_signal is not a non-negative number");
});

const day = 86_400;

test.each([
  [{ commits: 10, seconds: 14 * day + 5 }, null],
  [{ commits: 11, seconds: 0 }, "11 commits old (limit 10)"],
  [{ commits: 0, seconds: 15 * day }, "15 days old (limit 14)"],
  [{ commits: null, seconds: 15 * day }, "15 days old (limit 14)"],
  [{ commits: null, seconds: null }, null],
])("a baseline with the age %j is stale for the reason %j", (age, reason) => {
  expect(staleness(age, { staleCommits: 10, staleDays: 14 })).toBe(reason);
});
