import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";
import { type HeadingName, headingsOf } from "../prompt-text.ts";

/** A prompt orients, says what to edit, and how to verify; read-only roles only orient. */
export const headings: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const prompt = task.prompt ?? "";
    if (prompt.trim() === "") return [];
    const wanted: HeadingName[] =
      task.role === "worker" ? ["Orient", "Edit", "Verify"] : ["Orient"];
    const there = new Set(headingsOf(prompt).map(({ name }) => name));
    const waived = task.written.test_cmd ? "Verify" : null;
    const missing = wanted.filter((name) => !there.has(name) && name !== waived);
    if (missing.length === 0) return [];
    const message = `the prompt has no heading ${missing.join(", ")}`;
    const hint = "a heading stands alone on its line, like `Orient:`";
    const key = task.written.prompt_file ? "prompt_file" : "prompt";
    return [about(task, key, { severity: "warning", code: "prompt-heading", message, hint })];
  });
