import { foreignDepartment } from "../../claims/areas.ts";
import { coversAny } from "../../claims/cover.ts";
import { type ClaimIndex, claimIndex } from "../../claims/overlap.ts";
import { parseClaim } from "../../claims/path.ts";
import { reservedReason } from "../../claims/reserved.ts";
import {
  type ClaimConflict,
  claimsByOwner,
  type OwnedClaim,
  readConflicts,
  writeConflicts,
} from "../claim-conflicts.ts";
import type { Precedence } from "../dependency-order.ts";
import { claimDiagnostic, type PlanClaim, type PlanTask, writeKinds } from "../plan.ts";
import type { Rule, RuleContext } from "../rule-context.ts";
/** Two tasks that may write one path must have an order; who reads what is being written gets a warning. */
export const overlappingClaims: Rule = ({ tasks, precedence }) => {
  if (precedence === null) return [];
  const writes = claimsByOwner(tasks, writeKinds, precedence);
  const conflicts = writeConflicts(tasks, writes, precedence).map((shared) => {
    const { task, claim } = shared.owned;
    const message = `the claim \`${claim.text}\` overlaps ${named(shared)}, and nothing says who comes first`;
    const hint = `add ${dependency(shared)}, or claim different paths`;
    return claimDiagnostic(task, claim, { code: "claim-overlap", message, hint });
  });
  const reads = claimsByOwner(tasks, ["read"], precedence);
  const readers = readConflicts(tasks, { reads, writes }, precedence).map((shared) => {
    const { task, claim } = shared.owned;
    const message = `\`${claim.text}\` is read while ${named(shared)} may change`;
    const hint = `add ${dependency(shared)} to read what it leaves`;
    return claimDiagnostic(task, claim, {
      severity: "warning",
      code: "independent-reader",
      message,
      hint,
    });
  });
  return [...conflicts, ...readers];
};

/** "`src/` of tasks/main.a", several joined. */
function named({ others, more }: ClaimConflict): string {
  const list = others.map(({ task, claim }) => `\`${claim.text}\` of ${task.id}`).join(", ");
  return more ? `${list} and others` : list;
}

function dependency({ owned, others }: ClaimConflict): string {
  const [other] = others;
  if (other === undefined) return "depends_on";
  const near = other.task.prefix === owned.task.prefix;
  return `depends_on = [${JSON.stringify(near ? other.task.key : other.task.id)}]`;
}

/** The kind of a claim says what its author believes to be there; a dependency may make it so. */
export const claimedFilesExist: Rule = ({ tasks, precedence }, { exists }) => {
  if (precedence === null) return [];
  const made = claimsByOwner(tasks, ["create", "touch"], precedence);
  const removed = claimsByOwner(tasks, ["delete"], precedence);
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
          claimDiagnostic(task, claim, {
            severity: "warning",
            code: "creates-existing",
            message,
            hint,
          }),
        ];
      }
      if (kind !== "create" && !there && !doneBefore(made, task, claim)) {
        const message = `\`${text}\` is claimed for \`${kind}\` and is not there`;
        const hint = "files.create says that it is made; or depend on the task that makes it";
        return [
          claimDiagnostic(task, claim, {
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

/** What a task changes imports what an independent one changes: the first to land surprises the other. */
export const importedFiles: Rule = ({ tasks, precedence }, { imported }) => {
  if (precedence === null || imported.size === 0) return [];
  const importers = new Map<PlanClaim, PlanClaim>();
  const reads = importsOf(tasks, { precedence, imported, importers });
  const writes = claimsByOwner(tasks, writeKinds, precedence);
  return readConflicts(tasks, { reads, writes }, precedence).flatMap(
    ({ owned, others: [other] }) => {
      const { task, claim } = owned;
      const importer = importers.get(claim);
      if (importer === undefined || other === undefined) return [];
      const message = `\`${importer.text}\` imports \`${claim.text}\`, which ${other.task.id} may change meanwhile`;
      const near = other.task.prefix === task.prefix ? other.task.key : other.task.id;
      const hint = `add depends_on = [${JSON.stringify(near)}] to build on what it leaves`;
      const finding = { severity: "warning" as const, code: "independent-import", message, hint };
      return [claimDiagnostic(task, importer, finding)];
    },
  );
};

/** The files each task's own files import, as if it claimed to read them; those it claims are left out. */
function importsOf(
  tasks: readonly PlanTask[],
  of: Pick<RuleContext, "imported"> & {
    precedence: Precedence;
    /** Filled: which claim's file does the importing. */
    importers: Map<PlanClaim, PlanClaim>;
  },
): ClaimIndex<OwnedClaim> {
  const { rank } = of.precedence;
  const index = claimIndex<OwnedClaim>();
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

/** What belongs to dgov or steers git is not to be claimed. */
export const reservedClaims: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const reason = reservedReason(claim.claim.text, {
        gitControlAllowed: config.scope.allowGitControl,
        exactClaims: new Set([claim.claim.text]),
      });
      if (reason === null) return [];
      const message = `the claim \`${claim.text}\` is reserved: ${reason}`;
      return [claimDiagnostic(task, claim, { code: "reserved-claim", message })];
    }),
  );

/** Work on an ignored path, or inside a submodule, could never land. */
export const ignoredClaims: Rule = ({ tasks }, { ignored, submodules }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const { text } = claim.claim;
      if (ignored.has(text) || ignored.has(`${text}/`)) {
        const message = `the claim \`${claim.text}\` is ignored by git and could never land`;
        const hint = "claim another path, or take this one out of .gitignore first";
        return [claimDiagnostic(task, claim, { code: "ignored-claim", message, hint })];
      }
      const inside = submodules.find((folder) => text === folder || text.startsWith(`${folder}/`));
      if (inside === undefined) return [];
      const message = `the claim \`${claim.text}\` lies in the submodule \`${inside}\``;
      const hint = "a submodule is a repository of its own, and is changed there";
      return [claimDiagnostic(task, claim, { code: "submodule-claim", message, hint })];
    }),
  );

/** Paths of a department are changed only by tasks that name it in their summary. */
export const departmentClaims: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const summary = task.written.summary ?? "";
      const owner = foreignDepartment(config.departments, claim.claim.text, summary);
      if (owner === null) return [];
      const message = `the claim \`${claim.text}\` belongs to the department \`${owner}\``;
      const hint = `name ${owner} in the summary if the task is meant to change it`;
      return [claimDiagnostic(task, claim, { code: "foreign-department", message, hint })];
    }),
  );
