import { describe, expect, test } from "bun:test";
import {
  categories,
  entriesNamed,
  type LedgerEvent,
  ledgerLine,
  nextTime,
  readLedger,
  severities,
} from "./entry.ts";

const at = (minute: number): string => `2026-01-02T03:${String(minute).padStart(2, "0")}:00.000Z`;

const open = (id: string, minute = 0, more: object = {}): string =>
  ledgerLine({
    id,
    event: "opened",
    ts: at(minute),
    by: "Ada",
    category: "rule",
    severity: "normal",
    text: `text of ${id}`,
    paths: ["src"],
    tags: [],
    ...more,
  } as LedgerEvent);
const change = (id: string, event: "resolved" | "reopened", minute: number): string =>
  ledgerLine({ id, event, ts: at(minute), by: "Bob", note: "" });

describe("readLedger", () => {
  test("an entry has the changes of its lines in order of time", () => {
    const text = open("aaaa") + change("aaaa", "resolved", 1) + change("aaaa", "reopened", 2);
    expect(readLedger(text)).toEqual({
      entries: [
        {
          id: "aaaa",
          status: "open",
          category: "rule",
          severity: "normal",
          text: "text of aaaa",
          paths: ["src"],
          tags: [],
          openedAt: at(0),
          openedBy: "Ada",
          changes: [
            { event: "resolved", ts: at(1), by: "Bob", note: "" },
            { event: "reopened", ts: at(2), by: "Bob", note: "" },
          ],
        },
      ],
      broken: [],
    });
  });

  test("the order of lines and duplicate lines do not change the entries", () => {
    const lines = [
      open("aaaa"),
      open("bbbb", 1),
      change("aaaa", "resolved", 3),
      change("bbbb", "resolved", 4),
      change("aaaa", "reopened", 5),
      open("cccc", 1),
    ];
    const straight = readLedger(lines.join(""));
    expect(straight.entries.map(({ id, status }) => [id, status])).toEqual([
      ["aaaa", "open"],
      ["bbbb", "resolved"],
      ["cccc", "open"],
    ]);
    expect(readLedger([...lines].reverse().join(""))).toEqual(straight);
    expect(readLedger([...lines, ...lines].join(""))).toEqual(straight);
    const rotated = [...lines.slice(2), ...lines.slice(0, 2), ...lines.slice(1, 4)];
    expect(readLedger(rotated.join(""))).toEqual(straight);
  });

  test.each([
    ["not JSON", "{"],
    ["not an object", "[1]"],
    ["has no valid `id`", '{"event":"opened","ts":"2026-01-02"}'],
    ["has no valid `ts`", '{"id":"aaaa","event":"opened","ts":"soon"}'],
    ["has an `event` that", '{"id":"aaaa","event":"closed","ts":"2026-01-02"}'],
    ["has a `category` that", '{"id":"aaaa","event":"opened","ts":"2026-01-02","category":"x"}'],
    ["has no `text`", '{"id":"aaaa","event":"opened","ts":"2026-01-02","category":"bug"}'],
    ["resolved dddd, which no line opens", change("dddd", "resolved", 1).trimEnd()],
    ["a git conflict marker", "<<<<<<< HEAD"],
    ["a git conflict marker", "======="],
    ["a git conflict marker", ">>>>>>> branch"],
    ["a git conflict marker", "||||||| base"],
    ["not an object", "null"],
    ["not an object", "7"],
    ["has no valid `id`", '{"id":7,"event":"opened","ts":"2026-01-02"}'],
    ["has no valid `id`", '{"id":"abc","event":"opened","ts":"2026-01-02"}'],
    ["has no valid `id`", `{"id":"${"a".repeat(65)}","event":"opened","ts":"2026-01-02"}`],
    ["has no valid `id`", '{"id":"AAAA","event":"opened","ts":"2026-01-02"}'],
    ["has no valid `ts`", '{"id":"aaaa","event":"opened","ts":20260102}'],
    [
      "has no `text`",
      '{"id":"aaaa","event":"opened","ts":"2026-01-02","category":"bug","text":" \\t"}',
    ],
  ])('a line with the problem "%s" is reported, and the others are read', (problem, line) => {
    const ledger = readLedger(`${open("aaaa")} \n${line}\n${open("bbbb", 1)}`);
    expect(ledger.entries.map(({ id }) => id)).toEqual(["aaaa", "bbbb"]);
    expect(ledger.broken).toEqual([{ line: 3, problem: expect.stringContaining(problem) }]);
  });

  test("unknown fields are ignored, and missing fields and fields of a wrong type have defaults", () => {
    const line = JSON.stringify({
      id: "aaaa",
      event: "opened",
      ts: at(0),
      category: "bug",
      text: "x",
      severity: "dire",
      paths: "src",
      tags: ["ok", 3],
      colour: "red",
    });
    expect(readLedger(line).entries).toMatchObject([
      { severity: "normal", paths: [], tags: ["ok"], openedBy: "" },
    ]);
  });
});

test("an event is dated after the known events of its entry even when the clock was set back", () => {
  const [entry] = readLedger(open("aaaa") + change("aaaa", "resolved", 30)).entries;
  expect(entry && nextTime(entry, Date.parse(at(10)))).toBe("2026-01-02T03:30:00.001Z");
  expect(entry && nextTime(entry, Date.parse(at(40)))).toBe(at(40));
});

test("an entry is found by its id or a prefix of at least four characters", () => {
  const ledger = readLedger(open("abcde") + open("abcdef") + open("bbbbbb"));
  const found = (typed: string): string[] => entriesNamed(ledger, typed).map(({ id }) => id);
  const typed = ["abcde", "abcd", "BBBB", "bbb", "b", "xxxx", ""];
  expect(typed.map(found)).toEqual([["abcde"], ["abcde", "abcdef"], ["bbbbbb"], [], [], [], []]);
});

test("every category and severity of an entry is read as written, and another severity is normal", () => {
  const all = ["bug", "fix", "rule", "pattern", "note", "debt", "capability", "decision"] as const;
  const read = (more: object) => readLedger(open("aaaa", 0, more)).entries[0];
  expect(all.map((category) => read({ category })?.category)).toEqual([...all]);
  expect(categories).toEqual(all);
  const levels = ["low", "normal", "high"] as const;
  expect(levels.map((severity) => read({ severity })?.severity)).toEqual([...levels]);
  expect(severities).toEqual(levels);
});

test("ids of four to 64 characters are valid", () => {
  for (const id of ["0a9z", "a".repeat(64)]) {
    expect(readLedger(open(id)).entries.map((entry) => entry.id)).toEqual([id]);
  }
});

test("a text is cut to 4000 characters, and paths and tags to 50", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);
  const read = (chars: number, count: number) => {
    const more = { text: "x".repeat(chars), paths: many(count), tags: many(count) };
    const [entry] = readLedger(open("aaaa", 0, more)).entries;
    return [entry?.text.length, entry?.paths.length, entry?.tags.length];
  };
  expect([read(3999, 49), read(4000, 50), read(4001, 51)]).toEqual([
    [3999, 49, 49],
    [4000, 50, 50],
    [4000, 50, 50],
  ]);
});

test("problems are in the order of their lines", () => {
  const text = `{\n${change("dddd", "resolved", 1)}${open("aaaa")}7\n`;
  expect(readLedger(text).broken.map(({ line }) => line)).toEqual([1, 2, 4]);
});

test("two changes of one time by different authors are two changes", () => {
  const by = (name: string): string =>
    ledgerLine({ id: "aaaa", event: "resolved", ts: at(1), by: name, note: "" });
  const [entry] = readLedger(open("aaaa") + by("Bob") + by("Ann")).entries;
  expect(entry?.changes.map((one) => one.by)).toEqual(["Ann", "Bob"]);
});

test("of two lines that open one entry, the earlier one counts", () => {
  const text = open("aaaa", 2, { text: "later" }) + open("aaaa", 1, { text: "earlier" });
  expect(readLedger(text).entries).toMatchObject([{ text: "earlier", openedAt: at(1) }]);
});
