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
});

test.each([
  [{ "../up": ["a"] }, '"../up" is no section'],
  [{ ".dgov": ["a"] }, '".dgov" is no section'],
  [{ _hidden: ["a"] }, '"_hidden" is no section'],
  [{ "/tmp/x": ["a"] }, '"/tmp/x" is no section'],
  [{ s: ["a.b"] }, '"a.b" is no task key in the section "s"'],
  [{ s: ['x"]\n[plan'] }, "is no task key"],
  [{ s: ["a", "a"] }, '"a" is met twice as task key'],
  [{ s: ["a"], S: ["a"] }, '"S" is met twice as section'],
  [{ s: Array.from({ length: 201 }, (_, i) => `t${i}`) }, "201 tasks; 200 is the most"],
])("C10 the planner is told what is wrong with %j", (sections, problem) => {
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
])("commands alone can be proposed for project.toml, not %j", (config, problem) => {
  const proposed = { ...draft({ s: ["a"] }), config: config as unknown as Record<string, string> };
  expect(draftProblems(proposed)).toEqual([expect.stringContaining(problem)]);
});
