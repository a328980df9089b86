import { expect, test } from "bun:test";
import { lineEdits, slackOf } from "./line-edits.ts";

const edits = (before: string, after: string): string[] =>
  lineEdits([...before], [...after]).map(
    ({ start, end, newStart, newEnd }) => `${start}-${end} ${newStart}-${newEnd}`,
  );

test.each([
  ["equal texts", "abc", "abc", []],
  ["an insertion", "abc", "abxc", ["3-3 3-4"]],
  ["a deletion", "abc", "ac", ["2-3 2-2"]],
  ["a replacement", "abc", "axc", ["2-3 2-3"]],
  ["two separate edits", "abcdef", "axcdyf", ["2-3 2-3", "5-6 5-6"]],
  ["an insertion at the end", "ab", "abc", ["3-3 3-4"]],
  ["a text without common lines", "abc", "xyz", ["1-4 1-4"]],
  ["an empty text", "", "ab", ["1-1 1-3"]],
] as const)("lineEdits of %s", (_, before, after, expected) => {
  expect(edits(before, after)).toEqual([...expected]);
});

test("lineEdits apply: the new lines of the edits and the unchanged lines are the new text", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 300; round++) {
    const text = (): string[] => Array.from({ length: random(30) }, () => "abcd"[random(4)] ?? "");
    const [before, after] = [text(), text()];
    const applied = [...before];
    for (const { start, end, newStart, newEnd } of lineEdits(before, after).reverse()) {
      applied.splice(start - 1, end - start, ...after.slice(newStart - 1, newEnd - 1));
    }
    expect(applied).toEqual(after);
  }
});

test.each([
  ["an insertion among other lines", "abc", "abxc", { up: 0, down: 0 }],
  ["an inserted line like its neighbours", "abbc", "abbbc", { up: 0, down: 2 }],
  ["an inserted block that repeats the one before", "abxyd", "abxyxyd", { up: 0, down: 2 }],
  ["a deletion of a repeated line", "abbbc", "abbc", { up: 0, down: 2 }],
  ["a replacement", "abbc", "axbc", { up: 0, down: 0 }],
] as const)("slackOf %s", (_, before, after, expected) => {
  const [edit] = lineEdits([...before], [...after]);
  if (edit === undefined) throw new Error("no edit");
  const { up, down } = slackOf(edit, [...before], [...after]);
  expect({ up: 0, down: up + down }).toEqual(expected);
});

test.each([
  ["down from the first", 2, { up: 0, down: 2 }],
  ["both ways from the middle", 3, { up: 1, down: 1 }],
  ["up from the last", 4, { up: 2, down: 0 }],
])("an insertion among equal lines may move %s", (_, at, expected) => {
  const edit = { start: at, end: at, newStart: at, newEnd: at + 1 };
  expect(slackOf(edit, [..."abbc"], [..."abbbc"])).toEqual(expected);
});
