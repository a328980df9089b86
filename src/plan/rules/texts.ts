import type { Rule } from "../facts.ts";
import { about } from "../plan.ts";

/** Every task says what it is; what lands needs a commit message. */
export const texts: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const { written, broken, role } = task;
    const found = [];
    if (written.summary?.trim() === "") {
      found.push(about(task, "summary", { code: "blank-summary", message: "`summary` is blank" }));
    }
    const message = (written.commit_message ?? "").trim();
    if (role === "worker" && message === "" && !broken.has("commit_message")) {
      const hint = 'say what the commit does, e.g. commit_message = "feat: add the parser"';
      const finding = {
        code: "missing-commit-message",
        message: "a worker needs a `commit_message`",
        hint,
      };
      found.push(about(task, "commit_message", finding));
    }
    return found;
  });
