import type { Rule } from "../facts.ts";
import { about, aboutClaim, writeKinds } from "../plan.ts";

/** Workers write something; researchers and reviewers write nothing; reviewers have something to judge. */
export const roles: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const { role, written, broken } = task;
    const [write] = writeKinds.flatMap((kind) => task.claims[kind].map((text) => ({ kind, text })));
    const found = [];
    if (role === "worker" && write === undefined && !broken.has("files")) {
      const hint = "files.create, files.edit, files.delete or files.touch names what it may change";
      const finding = { code: "no-write-claim", message: "a worker needs a write claim", hint };
      found.push(about(task, "files", finding));
    }
    if (role !== "worker" && write !== undefined) {
      const message = `a ${role} only reads: its claim of \`${write.text}\` does not let it write`;
      const hint = "say files.read, or make it a worker";
      found.push(
        aboutClaim(task, write, { severity: "warning", code: "read-only-claims", message, hint }),
      );
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
