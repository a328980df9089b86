import type { Rule } from "../facts.ts";
import { aboutClaim, type PlanClaim, type PlanTask } from "../plan.ts";
import { claimsOf } from "../sharing.ts";

/** The kind of a claim says what its author believes to be there; a dependency may make it so. */
export const existence: Rule = ({ tasks, precedence }, { exists }) => {
  if (precedence === null) return [];
  const made = claimsOf(tasks, ["create", "touch"], precedence);
  const removed = claimsOf(tasks, ["delete"], precedence);
  const doneBefore = (index: typeof made, task: PlanTask, { claim }: PlanClaim): boolean =>
    [...index.overlapping(claim)].some(({ owners }) =>
      owners.some((owner) => precedence.precedes(owner.task.index, task.index)),
    );
  return tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      const { kind, text } = claim;
      if (claim.claim.glob || kind === "read" || kind === "touch") return [];
      const there = exists(claim.claim.text);
      // A folder is not created; claiming it for new files below is what `create` is for.
      if (kind === "create" && there && !text.endsWith("/") && !doneBefore(removed, task, claim)) {
        const message = `\`${text}\` is claimed for \`create\` and exists already`;
        const hint = "files.edit says that it is changed";
        return [
          aboutClaim(task, claim, { severity: "warning", code: "creates-existing", message, hint }),
        ];
      }
      if (kind !== "create" && !there && !doneBefore(made, task, claim)) {
        const message = `\`${text}\` is claimed for \`${kind}\` and is not there`;
        const hint = "files.create says that it is made; or depend on the task that makes it";
        return [
          aboutClaim(task, claim, {
            severity: "warning",
            code: "missing-file-claim",
            message,
            hint,
          }),
        ];
      }
      return [];
    }),
  );
};
