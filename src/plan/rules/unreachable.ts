import type { Rule } from "../facts.ts";
import { aboutClaim } from "../plan.ts";

/** Work on an ignored path, or inside a submodule, could never land. */
export const unreachable: Rule = ({ tasks }, { ignored, submodules }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const { text } = claim.claim;
      if (ignored.has(text) || ignored.has(`${text}/`)) {
        const message = `the claim \`${claim.text}\` is ignored by git and could never land`;
        const hint = "claim another path, or take this one out of .gitignore first";
        return [aboutClaim(task, claim, { code: "ignored-claim", message, hint })];
      }
      const inside = submodules.find((folder) => text === folder || text.startsWith(`${folder}/`));
      if (inside === undefined) return [];
      const message = `the claim \`${claim.text}\` lies in the submodule \`${inside}\``;
      const hint = "a submodule is a repository of its own, and is changed there";
      return [aboutClaim(task, claim, { code: "submodule-claim", message, hint })];
    }),
  );
