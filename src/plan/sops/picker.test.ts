import { describe, expect, test } from "bun:test";
import { parseClaims } from "../../claims/path.ts";
import type { PlanTask } from "../plan.ts";
import { keywordsOf, rulesPicker } from "./picker.ts";
import { parseSop, renderSop, type Sop } from "./sop.ts";

function task(summary: string, files: string[] = [], role: PlanTask["role"] = "worker"): PlanTask {
  const parsed = parseClaims(files).map((claim) => ({ kind: "edit", text: claim.text, claim }));
  return { id: "s/m.t", written: { summary }, role, parsed } as unknown as PlanTask;
}

function sop(name: string, appliesTo: string[]): Sop {
  return { name, appliesTo } as unknown as Sop;
}

describe("keywordsOf", () => {
  test.each([
    [task("Add the Python-parser tests."), ["python", "python-parser", "parser", "test"]],
    [task("x", ["src/a.rs"]), ["rust"]],
    [task("x", ["cmd/main.go"]), ["go", "golang"]],
    [task("x", ["web/App.tsx"]), ["typescript", "javascript"]],
    [task("x", ["tests/test_a.py"]), ["test", "python"]],
    [task("x", ["src/a.spec.ts"]), ["test"]],
    [task("x", [], "reviewer"), ["review", "reviewer"]],
    [task("Fix the classes"), ["classe"]],
  ])("the keywords of task %# include its words and tags", (given, words) => {
    expect([...keywordsOf(given)]).toEqual(expect.arrayContaining(words));
  });

  test("read claims add no keywords", () => {
    const reader = {
      ...task("x"),
      parsed: [{ kind: "read", text: "a.py", claim: { text: "a.py" } }],
    };
    expect(keywordsOf(reader as unknown as PlanTask).has("python")).toBe(false);
  });
});

test("rulesPicker chooses SOPs by shared words, in file order, and gives the words as reason", async () => {
  const sops = [sop("b", ["tests", "python"]), sop("a", ["rust"]), sop("c", ["parsers"])];
  const picked = await rulesPicker.pick([task("Write the parser", ["tests/a.py"])], sops);
  expect(picked.get("s/m.t")).toEqual({
    names: ["b", "c"],
    by: "rules",
    why: { b: "python, tests", c: "parsers" },
  });
});

describe("parseSop and renderSop", () => {
  const text = `---
name: style
title: "Style"
summary: How code looks
applies_to: [Python, 'tests']
priority: SHOULD
---

## when
- code is
  written
## Do
* this
## DO NOT
- that
## Verify
- so
## Escalate
- then
`;

  test("headings and keys of an SOP are read in any case", () => {
    const { sop: parsed, diagnostics } = parseSop(".dgov/sops/style.md", text);
    expect(diagnostics).toEqual([]);
    expect([parsed?.name, parsed?.nameLine, parsed?.appliesTo, parsed?.priority]).toEqual([
      "style",
      2,
      ["python", "tests"],
      "should",
    ]);
  });

  test("an SOP with CRLF line ends is rendered with its sections in order", () => {
    const { sop: parsed } = parseSop("x", text.replaceAll("\n", "\r\n"));
    expect(parsed === null ? "" : renderSop(parsed)).toBe(`SOP: Style (should)
How code looks

When:
- code is written

Do:
- this

Do Not:
- that

Verify:
- so

Escalate:
- then`);
  });
});
