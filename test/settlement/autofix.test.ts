/** B10 with a real formatter and fixer: they change only the attempt's lines, and no value of the program. */
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { testSettlement } from "./harness.ts";

const biome = resolve(import.meta.dir, "../../node_modules/.bin/biome");

const base = [
  "const a = {x:1,",
  "   y:2 }",
  "const s1 = 1;",
  "const text = `first",
  "   second   ",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: text of a module
  " ${a.y   }  ",
  " third`",
  "const s2 = 2;",
  "const quoted = 'it\\'s \"so\"'",
  "const s3 = 3;",
  "const list = [1,2,",
  "3 ]",
  "const s4 = 4;",
  "const last = 'l'",
  "const s5 = 5;",
  "export const all = [a, text, quoted, list, last, s1, s2, s3, s4, s5]",
  "",
];

/** Values of the module's strings and numbers. */
function values(source: string): unknown {
  const body = source.replace(/^export const all\s*=/m, "return");
  return new Function(body)();
}

describe("autofix with Biome", () => {
  test.each<[string, Record<number, string[]>, Record<number, string[]>]>([
    ["edits within a string", { 4: ["   SECOND  \t "] }, {}],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: text of a module
    ["edits code within a string", { 5: [" ${a.x+1   }  "] }, {}],
    ["adds quotes to a string", { 4: ["   '''\"  \\` "] }, {}],
    ["edits half of what would be one line", { 1: ["   y:3 }"] }, {}],
    ["edits one line", { 13: ["const last = 'm'"] }, { 13: ['const last = "m";'] }],
    [
      "changes quotes",
      { 8: ["const quoted = 'they\\'re'"] },
      { 8: ['const quoted = "they\'re";'] },
    ],
    [
      "adds lines",
      {
        9: [
          "const s3 = 3;",
          "const w = [`",
          "  'x'  ",
          "`, s3]",
          "list0(  w )",
          "function list0(o){ return o }",
        ],
      },
      {},
    ],
    ["removes part of a line", { 10: ["const list = [1,"] }, {}],
    [
      "edits both lines that are joined into one",
      { 0: ["const a = {x:4,"], 1: ["   y:5 }"] },
      { 0: ["const a = { x: 4, y: 5 };"], 1: [] },
    ],
  ])(
    "B10 autofix keeps other lines and all values when the attempt %s",
    async (_what, edits, wanted) => {
      const lines = (changed: Record<number, string[]>): string[] =>
        base.flatMap((line, i) => changed[i] ?? [line]);
      const attempt = lines(edits).join("\n");
      await using c = await testSettlement({
        files: {
          "a.ts": base.join("\n"),
          "biome.json": '{ "formatter": { "indentStyle": "space" } }\n',
        },
        project: {
          source_extensions: [".ts"],
          lint_fix_cmd: `'${biome}' lint --write --unsafe {files}`,
          format_cmd: `'${biome}' format --write {files}`,
        },
      });
      const outcome = await c.review({ "a.ts": attempt }, { edit: ["a.ts"] });
      if (!outcome.passed) throw new Error(outcome.reason);
      expect(outcome.notes).toEqual([]);
      const landed = `${await c.git.repo.git("show", `${outcome.commit}:a.ts`)}\n`;
      expect(values(landed)).toEqual(values(attempt));
      // Lines that the attempt did not touch are unchanged and in the same order.
      const untouched = base.filter(
        (_line, i) => edits[i] === undefined && wanted[i] === undefined,
      );
      const kept = landed.split("\n").filter((line) => untouched.includes(line));
      expect(kept).toEqual(untouched);
      for (const [i, text] of Object.entries(wanted)) {
        if (text.length > 0) expect(landed.split("\n")).toContain(text[0] ?? "");
        else expect(landed).not.toContain(edits[Number(i)]?.[0] ?? "");
      }
    },
  );
});
