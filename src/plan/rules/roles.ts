import type { Rule } from "../facts.ts";
import { about, aboutClaim } from "../plan.ts";

/** Workers write something; researchers and reviewers write nothing; reviewers have something to judge. */
export const roles: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const { role, written, broken } = task;
    const writes = task.parsed.filter(({ kind }) => kind !== "read");
    const claimed = Object.values(task.claims).flat().length > task.claims.read.length;
    const found = [];
    if (role === "worker" && !claimed && !broken.has("files")) {
      const hint = "files.create, files.edit, files.delete or files.touch names what it may change";
      const finding = { code: "no-write-claim", message: "a worker needs a write claim", hint };
      found.push(about(task, "files", finding));
    }
    const [write] = writes;
    if (role !== "worker" && write !== undefined) {
      const message = `a ${role} is read-only and cannot claim \`${write.text}\` for writing`;
      const finding = { code: "read-only-claims", message, hint: "use files.read" };
      found.push(aboutClaim(task, write, finding));
    }
    if (
      role === "reviewer" &&
      (written.depends_on ?? []).length === 0 &&
      !broken.has("depends_on")
    ) {
      const message = "a reviewer judges what its dependencies landed, and this one has none";
      const hint = "add depends_on";
      found.push(
        about(task, "role", { severity: "warning", code: "reviewer-alone", message, hint }),
      );
    }
    if (role !== "reviewer" && written.on_reject !== undefined) {
      const message = `\`on_reject\` means something for reviewers only, not for a ${role}`;
      found.push(about(task, "on_reject", { code: "not-a-reviewer", message }));
    }
    return found;
  });
