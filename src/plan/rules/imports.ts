import { coversAny } from "../../claims/cover.ts";
import { type ClaimIndex, claimIndex } from "../../claims/overlap.ts";
import { parseClaim } from "../../claims/path.ts";
import type { Precedence } from "../dag.ts";
import type { Facts, Rule } from "../facts.ts";
import { aboutClaim, type PlanClaim, type PlanTask, writeKinds } from "../plan.ts";
import { claimsOf, type Owned, sharedReads } from "../sharing.ts";

/** What a task changes imports what an independent one changes: the first to land surprises the other. */
export const imports: Rule = ({ tasks, precedence }, { imported }) => {
  if (precedence === null || imported.size === 0) return [];
  const importers = new Map<PlanClaim, PlanClaim>();
  const reads = importsOf(tasks, { precedence, imported, importers });
  const writes = claimsOf(tasks, writeKinds, precedence);
  return sharedReads(tasks, { reads, writes }, precedence).flatMap(({ owned, others: [other] }) => {
    const { task, claim } = owned;
    const importer = importers.get(claim);
    if (importer === undefined || other === undefined) return [];
    const message = `\`${importer.text}\` imports \`${claim.text}\`, which ${other.task.id} may change meanwhile`;
    const near = other.task.prefix === task.prefix ? other.task.key : other.task.id;
    const hint = `add depends_on = [${JSON.stringify(near)}] to build on what it leaves`;
    const finding = { severity: "warning" as const, code: "independent-import", message, hint };
    return [aboutClaim(task, importer, finding)];
  });
};

/** The files each task's own files import, as if it claimed to read them; those it claims are left out. */
function importsOf(
  tasks: readonly PlanTask[],
  of: Pick<Facts, "imported"> & {
    precedence: Precedence;
    /** Filled: which claim's file does the importing. */
    importers: Map<PlanClaim, PlanClaim>;
  },
): ClaimIndex<Owned> {
  const { rank } = of.precedence;
  const index = claimIndex<Owned>();
  for (const task of [...tasks].sort((a, b) => rank(a.index) - rank(b.index))) {
    const own = task.parsed.map(({ claim }) => claim);
    const seen = new Set<string>();
    for (const importer of task.parsed) {
      for (const path of of.imported.get(importer.claim.text) ?? []) {
        const parsed = parseClaim(path);
        if (importer.kind === "read" || seen.has(path) || !parsed.ok) continue;
        if (coversAny(own, path)) continue;
        seen.add(path);
        const claim: PlanClaim = { kind: "read", text: path, claim: parsed.claim };
        of.importers.set(claim, importer);
        index.add(parsed.claim, { task, claim });
      }
    }
  }
  return index;
}
