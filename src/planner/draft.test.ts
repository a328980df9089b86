import { expect, test } from "bun:test";
import { draftProblems, planName } from "./draft.ts";

function draft(sections: Record<string, string[]>, name = "n") {
  return {
    name,
    summary: "S",
    sections: Object.entries(sections).map(([section, keys]) => ({
      name: section,
      tasks: keys.map((key) => ({ key, summary: "s", prompt: "p" })),
    })),
  };
}

test("a draft with safe names has no problems", () => {
  expect(draftProblems(draft({ code: ["a", "b-1"], docs: ["a"] }))).toEqual([]);
  const most = Array.from({ length: 100 }, (_, i) => `t${i}`);
  expect(draftProblems(draft({ code: most, docs: most }))).toEqual([]);
});

test.each([
  [{ "../up": ["a"] }, '"../up" is not a valid section'],
  [{ ".dgov": ["a"] }, '".dgov" is not a valid section'],
  [{ _hidden: ["a"] }, '"_hidden" is not a valid section'],
  [{ "/tmp/x": ["a"] }, '"/tmp/x" is not a valid section'],
  [{ s: ["a.b"] }, '"a.b" is not a valid task key in the section "s"'],
  [{ s: ['x"]\n[plan'] }, "is not a valid task key"],
  [{ s: ["a", "a"] }, '"a" is used twice as task key'],
  [{ s: ["a"], S: ["a"] }, '"S" is used twice as section'],
  [{ s: Array.from({ length: 201 }, (_, i) => `t${i}`) }, "201 tasks; at most 200 are allowed"],
])("C10 the problem of a draft with sections %j is reported", (sections, problem) => {
  expect(
    draftProblems(draft(sections as unknown as Record<string, string[]>)).join("\n"),
  ).toContain(problem);
});

test("C10 the plan's name is the operator's, else a safe one like the planner's", () => {
  expect(planName(draft({}, "../../x"), null)).toBe("x");
  expect(planName(draft({}, "../../x"), "mine")).toBe("mine");
});

test.each([
  [{ base_url: "https://evil.example" }, "config.base_url cannot be proposed"],
  [{ provider: "other" }, "config.provider cannot be proposed"],
  [{ test_cmd: "a\nb" }, "config.test_cmd must be one line"],
  [{ lint_cmd: " " }, "config.lint_cmd must be one line"],
])("the proposed setting %j is rejected: only commands can be proposed", (config, problem) => {
  const proposed = { ...draft({ s: ["a"] }), config: config as unknown as Record<string, string> };
  expect(draftProblems(proposed)).toEqual([expect.stringContaining(problem)]);
});

test.each([
  "test_cmd",
  "lint_cmd",
  "lint_fix_cmd",
  "format_cmd",
  "format_check_cmd",
  "type_check_cmd",
  "coverage_cmd",
  "setup_cmd",
])("the setting %s can be proposed", (key) => {
  expect(draftProblems({ ...draft({ s: ["a"] }), config: { [key]: "make it" } })).toEqual([]);
});
