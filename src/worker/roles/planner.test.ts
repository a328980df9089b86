import { describe, expect, test } from "bun:test";
import { parsePlannerAnswer } from "./planner.ts";

const task = { key: "a", summary: "A", prompt: "Do a.", commit_message: "feat: a" };
const plan = { name: "p", summary: "P", sections: [{ name: "tasks", tasks: [task] }] };

describe("parsePlannerAnswer", () => {
  test("a plan is a draft, returned with the planner's notes", () => {
    expect(parsePlannerAnswer({ ...plan, notes: "seen src" })).toEqual({
      ok: true,
      answer: { kind: "draft", draft: plan, notes: "seen src" },
    });
  });

  test("a plan with an empty list of questions is a draft", () => {
    expect(parsePlannerAnswer({ ...plan, questions: [] })).toMatchObject({
      answer: { kind: "draft", draft: plan },
    });
  });

  test("an answer with questions and a plan gives at most five questions, trimmed", () => {
    const questions = [" Which file? ", "", 7, "b", "c", "d", "e", "f"];
    expect(parsePlannerAnswer({ ...plan, questions })).toEqual({
      ok: true,
      answer: { kind: "questions", questions: ["Which file?", "b", "c", "d", "e"], notes: "" },
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["nothing", {}, "the plan has no key `name`"],
    ["an unknown key", { ...plan, tasks: [] }, "the plan has an unknown key `tasks`"],
    ["no sections", { ...plan, sections: [] }, "`sections` must be a list that is not empty"],
    ["a section that is a string", { ...plan, sections: ["a"] }, "sections[0] must be an object"],
    [
      "a task without a prompt",
      { ...plan, sections: [{ name: "s", tasks: [{ key: "a", summary: "A" }] }] },
      "sections[0].tasks[0] has no key `prompt`",
    ],
    [
      "a claim that is a string",
      { ...plan, sections: [{ name: "s", tasks: [{ ...task, files: { edit: "a.ts" } }] }] },
      "sections[0].tasks[0].files: `edit` must be a list of strings",
    ],
    [
      "an unknown kind of claim",
      { ...plan, sections: [{ name: "s", tasks: [{ ...task, files: { write: [] } }] }] },
      "unknown key `write`; known keys: create, edit, delete, touch, read",
    ],
    [
      "a setting that is not a string",
      { ...plan, config: { test_cmd: 7 } },
      "config.test_cmd must be",
    ],
    ["questions that are not strings", { questions: [1] }, "`questions` must be a list of strings"],
    [
      "an answer above the size limit",
      { ...plan, summary: "x".repeat(2 ** 20) },
      "longer than 1048576",
    ],
  ])("%s is reported to the planner with its location", (_, value, problem) => {
    const parsed = parsePlannerAnswer(value);
    expect(parsed.ok ? "" : parsed.problem).toContain(problem);
  });
});
