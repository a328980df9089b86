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
    ["a fixed text that ends earlier joins no lines", "a\nb\n", "A\nb\n", "A ", "A \nb\n"],
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

  /** A base of lines that are all different, what an attempt made of it, and what a fixer made of that. */
  const edited = fc
    .record({
      base: fc.integer({ min: 1, max: 12 }),
      attempt: fc.array(fc.constantFrom<Step[]>("keep", "change", "delete", "insert"), {
        maxLength: 12,
      }),
      fixer: fc.array(
        fc.constantFrom<Step[]>("keep", "space", "change", "delete", "insert", "join"),
        {
          maxLength: 24,
        },
      ),
    })
    .map(({ base, attempt, fixer }) => {
      const before = Array.from({ length: base }, (_, i) => `base ${i}\n`);
      const after = edit(before, attempt, "attempt");
      return { before, after, fixed: edit(after, fixer, "fixer") };
    });

  test("B10 no line that the attempt left alone is changed, parted or removed, whatever the fixer did", () => {
    fc.assert(
      fc.property(edited, ({ before, after, fixed }) => {
        const texts = [before, after, fixed].map((lines) => lines.join(""));
        const [base = "", attempt = "", wanted = ""] = texts;
        const result: string[] =
          keepFixes({ base, attempt, fixed: wanted }).match(/[^\n]*\n/g) ?? [];
        const old = new Set(before);
        const own = (lines: readonly string[]): string[] => lines.filter((line) => old.has(line));
        expect(own(result)).toEqual(own(after));
        for (const [i, line] of after.entries()) {
          const next = after[i + 1];
          if (next === undefined || !old.has(line) || !old.has(next)) continue;
          // Neighbours stay neighbours, unless the attempt itself took away what was between them.
          if (before.indexOf(next) !== before.indexOf(line) + 1) continue;
          expect(result[result.indexOf(line) + 1]).toBe(next);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

type Step = "keep" | "space" | "change" | "delete" | "insert" | "join";

function edit(lines: readonly string[], steps: readonly Step[], who: string): string[] {
  const result: string[] = [];
  for (const [i, line] of lines.entries()) {
    const step = steps[i] ?? "keep";
    if (step === "insert") result.push(`${who} ${i}\n`, line);
    else if (step === "change") result.push(`${who} ${i}\n`);
    else if (step === "space") result.push(`  ${line}`);
    else if (step === "join") result.push(line.replace("\n", " "));
    else if (step !== "delete") result.push(line);
  }
  return result;
}
