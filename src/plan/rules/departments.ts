import { foreignDepartment } from "../../claims/policy.ts";
import type { Rule } from "../facts.ts";
import { aboutClaim } from "../plan.ts";

/** Paths of a department are changed only by tasks that name it in their summary. */
export const departments: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const summary = task.written.summary ?? "";
      const owner = foreignDepartment(config.departments, claim.claim.text, summary);
      if (owner === null) return [];
      const message = `the claim \`${claim.text}\` belongs to the department \`${owner}\``;
      const hint = `name ${owner} in the summary if the task is meant to change it`;
      return [aboutClaim(task, claim, { code: "foreign-department", message, hint })];
    }),
  );
