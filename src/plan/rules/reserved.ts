import { reservedReason } from "../../claims/reserved.ts";
import type { Rule } from "../facts.ts";
import { aboutClaim } from "../plan.ts";

/** What belongs to dgov or steers git is not to be claimed. */
export const reserved: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const reason = reservedReason(claim.claim.text, {
        gitControlAllowed: config.scope.allowGitControl,
        exactClaims: new Set([claim.claim.text]),
      });
      if (reason === null) return [];
      const message = `the claim \`${claim.text}\` is reserved: ${reason}`;
      return [aboutClaim(task, claim, { code: "reserved-claim", message })];
    }),
  );
