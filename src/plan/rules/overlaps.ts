import type { Rule } from "../facts.ts";
import { aboutClaim, writeKinds } from "../plan.ts";
import { claimsOf, type Shared, sharedReads, sharedWrites } from "../sharing.ts";

/** Two tasks that may write one path must have an order; who reads what is being written gets a warning. */
export const overlaps: Rule = ({ tasks, precedence }) => {
  if (precedence === null) return [];
  const writes = claimsOf(tasks, writeKinds, precedence);
  const conflicts = sharedWrites(tasks, writes, precedence).map((shared) => {
    const { task, claim } = shared.owned;
    const message = `the claim \`${claim.text}\` overlaps ${named(shared)}, and nothing says who comes first`;
    const hint = `add ${dependency(shared)}, or claim different paths`;
    return aboutClaim(task, claim, { code: "claim-overlap", message, hint });
  });
  const reads = claimsOf(tasks, ["read"], precedence);
  const readers = sharedReads(tasks, { reads, writes }, precedence).map((shared) => {
    const { task, claim } = shared.owned;
    const message = `\`${claim.text}\` is read while ${named(shared)} may change`;
    const hint = `add ${dependency(shared)} to read what it leaves`;
    return aboutClaim(task, claim, {
      severity: "warning",
      code: "independent-reader",
      message,
      hint,
    });
  });
  return [...conflicts, ...readers];
};

/** "`src/` of tasks/main.a", several joined. */
function named({ others, more }: Shared): string {
  const list = others.map(({ task, claim }) => `\`${claim.text}\` of ${task.id}`).join(", ");
  return more ? `${list} and others` : list;
}

function dependency({ owned, others }: Shared): string {
  const [other] = others;
  if (other === undefined) return "depends_on";
  const near = other.task.prefix === owned.task.prefix;
  return `depends_on = [${JSON.stringify(near ? other.task.key : other.task.id)}]`;
}
