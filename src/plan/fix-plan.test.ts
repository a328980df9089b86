import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseToml } from "../config/toml.ts";
import { fixPlanFiles, summaryOf } from "./fix-plan.ts";

const fix = {
  name: "repair",
  prompt: "Repair the off-by-one",
  files: ["src/page.ts"],
  commitMessage: "Apply requested fix",
  testCmd: null,
  agent: null,
};

function taskOf(files: Record<string, string>): Record<string, unknown> {
  const parsed = parseToml(files["fix/main.toml"] ?? "");
  if (!parsed.ok) throw new Error(parsed.message);
  return (parsed.value as { tasks: { apply: Record<string, unknown> } }).tasks.apply;
}

describe("fixPlanFiles", () => {
  test("a fix plan has one task with the files as claims and the prompt under headings", () => {
    const files = fixPlanFiles(fix);
    expect(parseToml(files["_root.toml"] ?? "")).toEqual({
      ok: true,
      value: { plan: { name: "repair", summary: "Repair the off-by-one", sections: ["fix"] } },
    });
    expect(taskOf(files)).toEqual({
      summary: "Repair the off-by-one",
      prompt:
        "Orient:\nRead src/page.ts, as far as it exists, and the code that uses it.\n\n" +
        "Edit:\nRepair the off-by-one\n\n" +
        "Verify:\nRun the project's tests, linter and type checker on what you changed, with your tools.\n",
      commit_message: "Apply requested fix",
      files: ["src/page.ts"],
    });
  });

  test("a prompt with all headings is unchanged, and test command and model are set on the task", () => {
    const prompt = "Orient:\nLook.\nEdit:\nDo.\nVerify:\nTest.";
    const task = taskOf(fixPlanFiles({ ...fix, prompt, testCmd: "make test", agent: "big" }));
    expect(task).toMatchObject({ prompt, test_cmd: "make test", agent: "big" });
  });

  test("all strings are preserved in the TOML", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1 }),
        fc.string({ unit: "grapheme" }),
        (text, message) => {
          fc.pre(text.isWellFormed() && message.isWellFormed());
          const task = taskOf(
            fixPlanFiles({ ...fix, files: [text], commitMessage: message, testCmd: text }),
          );
          expect(task).toMatchObject({ files: [text], commit_message: message, test_cmd: text });
        },
      ),
      { numRuns: 200 },
    );
  });
});

test("summaryOf returns the first line, shortened to 72 characters", () => {
  expect(summaryOf("\n Repair it\nand test it")).toBe("Repair it");
  expect(summaryOf("x".repeat(100))).toBe(`${"x".repeat(72)}...`);
});
