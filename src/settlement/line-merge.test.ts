import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hunks, keepFixes } from "./line-merge.ts";

describe("keepFixes", () => {
  test.each([
    ["fixes a line that the attempt changed", "a\nb\n", "a\nB \n", "a\nB\n", "a\nB\n"],
    ["leaves the line beside it alone", "a \nb\n", "a \nB \n", "a\nB\n", "a \nB\n"],
    ["takes a new file whole", null, "a \n", "a\n", "a\n"],
    [
      "keeps an import inserted above a changed line",
      "x\n",
      "y\n",
      "import z\ny\n",
      "import z\ny\n",
    ],
    [
      "drops an insertion elsewhere",
      "a\nb\nc\nd\n",
      "a\nb\nc\nD\n",
      "new\na\nb\nc\nD\n",
      "a\nb\nc\nD\n",
    ],
    ["drops a join of a changed line with an unchanged one", "a\nb\n", "a\nB\n", "aB\n", "a\nB\n"],
    [
      "wraps a changed line and leaves the spaces of its neighbours",
      "a \n(b)\nc \n",
      "a \n(b, d)\nc \n",
      "a\n(\nb, d\n)\nc\n",
      "a \n(\nb, d\n)\nc \n",
    ],
    ["joins no lines when the fixed text ends earlier", "a\nb\n", "A\nb\n", "A ", "A \nb\n"],
    ["keeps a missing newline at the end", "a\nb", "a\nB ", "a\nB", "a\nB"],
    ["keeps CRLF", "a\r\nb\r\n", "a\r\nB \r\n", "a\r\nB\r\n", "a\r\nB\r\n"],
  ])("B10 %s", (_name, base, attempt, fixed, wanted) => {
    expect(keepFixes({ base, attempt, fixed })).toBe(wanted);
  });

  const text = fc
    .array(fc.constantFrom("a", "b", "c", "d"))
    .map((lines) => lines.map((l) => `${l}\n`));

  test("hunks applied to the first text give the second", () => {
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

  test("a fixer cannot change the text of an attempt that changed nothing", () => {
    fc.assert(
      fc.property(text, text, (lines, fixed) => {
        const attempt = lines.join("");
        expect(keepFixes({ base: attempt, attempt, fixed: fixed.join("") })).toBe(attempt);
      }),
    );
  });

  /** Lines of a base (all distinct), of an attempt made from it, and of a fixed text made from that. */
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

  test("B10 a fixer cannot change, separate or remove lines that the attempt left alone", () => {
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
          // Adjacent lines stay adjacent, unless the attempt removed the lines between them.
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
