/** B10 with a real formatter and fixer: they mend the attempt's lines, and no string says anything else. */
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { court } from "./harness.ts";

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

/** What the module's strings and numbers come to. */
function values(source: string): unknown {
  const body = source.replace(/^export const all\s*=/m, "return");
  return new Function(body)();
}

describe("B10 a formatter and a fixer change no line but the attempt's, and no value, when it", () => {
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
    ["takes something away", { 10: ["const list = [1,"] }, {}],
    [
      "edits both lines of what becomes one",
      { 0: ["const a = {x:4,"], 1: ["   y:5 }"] },
      { 0: ["const a = { x: 4, y: 5 };"], 1: [] },
    ],
  ])("%s", async (_what, edits, wanted) => {
    const lines = (changed: Record<number, string[]>): string[] =>
      base.flatMap((line, i) => changed[i] ?? [line]);
    const attempt = lines(edits).join("\n");
    await using c = await court({
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
    const landed = `${await c.g.repo.git("show", `${outcome.commit}:a.ts`)}\n`;
    expect(values(landed)).toEqual(values(attempt));
    // What the attempt did not touch is as it was, line by line and in its order.
    const untouched = base.filter((_line, i) => edits[i] === undefined && wanted[i] === undefined);
    const kept = landed.split("\n").filter((line) => untouched.includes(line));
    expect(kept).toEqual(untouched);
    for (const [i, text] of Object.entries(wanted)) {
      if (text.length > 0) expect(landed.split("\n")).toContain(text[0] ?? "");
      else expect(landed).not.toContain(edits[Number(i)]?.[0] ?? "");
    }
  });
});
