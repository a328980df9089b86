import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hunks, keepFixes } from "./line-merge.ts";

describe("keepFixes", () => {
  test.each([
    ["a line of the attempt's is fixed", "a\nb\n", "a\nB \n", "a\nB\n", "a\nB\n"],
    ["a neighbour's line is not", "a \nb\n", "a \nB \n", "a\nB\n", "a \nB\n"],
    ["a new file is taken whole", null, "a \n", "a\n", "a\n"],
    ["an import put above a changed line stays", "x\n", "y\n", "import z\ny\n", "import z\ny\n"],
    [
      "an insertion elsewhere goes",
      "a\nb\nc\nd\n",
      "a\nb\nc\nD\n",
      "new\na\nb\nc\nD\n",
      "a\nb\nc\nD\n",
    ],
    ["lines joined across the attempt's edge stay apart", "a\nb\n", "a\nB\n", "aB\n", "a\nB\n"],
    [
      "a line the formatter wraps is wrapped, its neighbours' spaces stay",
      "a \n(b)\nc \n",
      "a \n(b, d)\nc \n",
      "a\n(\nb, d\n)\nc\n",
      "a \n(\nb, d\n)\nc \n",
    ],
    ["a missing newline at the end survives", "a\nb", "a\nB ", "a\nB", "a\nB"],
    ["CRLF survives", "a\r\nb\r\n", "a\r\nB \r\n", "a\r\nB\r\n", "a\r\nB\r\n"],
  ])("B10 %s", (_name, base, attempt, fixed, wanted) => {
    expect(keepFixes({ base, attempt, fixed })).toBe(wanted);
  });

  const text = fc
    .array(fc.constantFrom("a", "b", "c", "d"))
    .map((lines) => lines.map((l) => `${l}\n`));

  test("hunks turn one text into the other", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const result: string[] = [];
        let at = 0;
        for (const hunk of hunks(before, after)) {
          result.push(...before.slice(at, hunk.from), ...hunk.lines);
          at = hunk.to;
        }
        expect([...result, ...before.slice(at)]).toEqual(after);
      }),
    );
  });

  test("an attempt that changed nothing keeps its text, whatever the fixer did", () => {
    fc.assert(
      fc.property(text, text, (lines, fixed) => {
        const attempt = lines.join("");
        expect(keepFixes({ base: attempt, attempt, fixed: fixed.join("") })).toBe(attempt);
      }),
    );
  });
});
