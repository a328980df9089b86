import { coversAny } from "../../claims/cover.ts";
import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";
import { pathMentions } from "../prompt-text.ts";

/** A path the prompt talks about is probably one the task should claim. */
export const mentions: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const claims = task.parsed.map(({ claim }) => claim);
    const key = task.written.prompt_file ? "prompt_file" : "prompt";
    return pathMentions(task.prompt ?? "")
      .filter((path) => !coversAny(claims, path))
      .map((path) => {
        const message = `the prompt mentions \`${path}\`, which no claim covers`;
        const hint = "claim it; files.read is enough for reading";
        return about(
          task,
          key,
          { severity: "warning", code: "unclaimed-mention", message, hint },
          path,
        );
      });
  });
