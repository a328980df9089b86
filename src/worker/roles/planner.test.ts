import { describe, expect, test } from "bun:test";
import { parsePlannerAnswer } from "./planner.ts";

const task = { key: "a", summary: "A", prompt: "Do a.", commit_message: "feat: a" };
const plan = { name: "p", summary: "P", sections: [{ name: "tasks", tasks: [task] }] };

describe("parsePlannerAnswer", () => {
  test("a plan is a draft, with the planner's notes beside it", () => {
    expect(parsePlannerAnswer({ ...plan, notes: "seen src" })).toEqual({
      ok: true,
      answer: { kind: "draft", draft: plan, notes: "seen src" },
    });
  });

  test("an empty list of questions is none", () => {
    expect(parsePlannerAnswer({ ...plan, questions: [] })).toMatchObject({
      answer: { kind: "draft", draft: plan },
    });
  });

  test("questions come before a draft, trimmed, and no more than five", () => {
    const questions = [" Which file? ", "", 7, "b", "c", "d", "e", "f"];
    expect(parsePlannerAnswer({ ...plan, questions })).toEqual({
      ok: true,
      answer: { kind: "questions", questions: ["Which file?", "b", "c", "d", "e"], notes: "" },
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["nothing", {}, "the plan lacks `name`"],
    ["an unknown key", { ...plan, tasks: [] }, "the plan has an unknown key `tasks`"],
    ["no sections", { ...plan, sections: [] }, "`sections` must be a list with something in it"],
    ["a section of text", { ...plan, sections: ["a"] }, "sections[0] must be an object"],
    [
      "a task without a prompt",
      { ...plan, sections: [{ name: "s", tasks: [{ key: "a", summary: "A" }] }] },
      "sections[0].tasks[0] lacks `prompt`",
    ],
    [
      "a claim of one text",
      { ...plan, sections: [{ name: "s", tasks: [{ ...task, files: { edit: "a.ts" } }] }] },
      "sections[0].tasks[0].files: `edit` must be a list of texts",
    ],
    [
      "a kind of claim there is not",
      { ...plan, sections: [{ name: "s", tasks: [{ ...task, files: { write: [] } }] }] },
      "unknown key `write`; known are create, edit, delete, touch, read",
    ],
    ["a setting that is no text", { ...plan, config: { test_cmd: 7 } }, "config.test_cmd must be"],
    ["questions that are none", { questions: [1] }, "`questions` must be a list of texts"],
    ["more than a plan can hold", { ...plan, summary: "x".repeat(2 ** 20) }, "longer than 1048576"],
  ])("%s goes back to the planner with the place", (_, value, problem) => {
    const parsed = parsePlannerAnswer(value);
    expect(parsed.ok ? "" : parsed.problem).toContain(problem);
  });
});
