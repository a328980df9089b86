/** Rules about the claims of tasks: overlaps, existing files, imports, reserved and ignored paths. */
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
import { lockfilePlaces } from "../lockfiles.ts";
import { claimDiagnostic, type PlanClaim, type PlanTask, writeKinds } from "../plan.ts";
import type { Rule, RuleContext } from "../rule-context.ts";

/** Codes of the diagnostics about two tasks of which neither precedes the other. */
export const conflictCodes: ReadonlySet<string> = new Set([
  "claim-overlap",
  "independent-reader",
  "independent-import",
]);

/** The tasks that will run. */
function open(tasks: readonly PlanTask[], { landed }: Pick<RuleContext, "landed">): PlanTask[] {
  return tasks.filter(({ id }) => !landed.has(id));
}

/**
 * Tasks that may write the same path must depend on each other. A task that reads a path which an
 * independent task may write gets a warning.
 */
export const overlappingClaims: Rule = ({ tasks: all, precedence }, { proposals, landed }) => {
  if (precedence === null) return [];
  const tasks = open(all, { landed });
  const writes = claimsByOwner(tasks, writeKinds, precedence);
  const conflicts = writeConflicts(tasks, writes, precedence).map((conflict) => {
    const { task, claim } = conflict.owned;
    const message = `the claim \`${claim.text}\` overlaps ${named(conflict)}, and there is no dependency between the tasks`;
    const add = dependency(conflict, proposals);
    const hint = add === null ? "claim different paths" : `add ${add}, or claim different paths`;
    return claimDiagnostic(task, claim, { code: "claim-overlap", message, hint });
  });
  const reads = claimsByOwner(tasks, ["read"], precedence);
  const readers = readConflicts(tasks, { reads, writes }, precedence).map((conflict) => {
    const { task, claim } = conflict.owned;
    const message = `the task reads \`${claim.text}\`, which overlaps ${named(conflict)}, and there is no dependency between the tasks`;
    const add = dependency(conflict, proposals);
    const hint = add === null ? noOrder : `add ${add} to read the changed files`;
    const code = "independent-reader";
    return claimDiagnostic(task, claim, { severity: "warning", code, message, hint });
  });
  return [...conflicts, ...readers];
};

/** The other claims: "`src/` of tasks/main.a". */
function named({ others, more }: ClaimConflict): string {
  const list = others.map(({ task, claim }) => `\`${claim.text}\` of ${task.id}`).join(", ");
  return more ? `${list} and others` : list;
}

/** Hint for two tasks of which each needs the other's files. */
const noOrder = "move the change that both need into a task that they depend on";

/** The `depends_on` line that resolves a conflict; null when it would contradict another one. */
function dependency(
  { owned, others }: Pick<ClaimConflict, "owned" | "others">,
  proposals: RuleContext["proposals"],
): string | null {
  const [other] = others;
  if (other === undefined) return null;
  if (!proposals.propose(owned.task.index, other.task.index)) return null;
  const sameFile = other.task.prefix === owned.task.prefix;
  return `depends_on = [${JSON.stringify(sameFile ? other.task.key : other.task.id)}]`;
}

/**
 * Files claimed for `edit` or `delete` must exist or be created by a dependency. Files claimed for `create`
 * must not exist, unless a dependency deletes them.
 */
export const claimedFilesExist: Rule = ({ tasks, precedence }, { exists }) => {
  if (precedence === null) return [];
  const created = claimsByOwner(tasks, ["create", "touch"], precedence);
  const deleted = claimsByOwner(tasks, ["delete"], precedence);
  const byDependency = (index: typeof created, task: PlanTask, { claim }: PlanClaim): boolean =>
    [...index.overlapping(claim)].some(({ owners }) =>
      owners.some((owner) => precedence.precedes(owner.task.index, task.index)),
    );
  return tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      const { kind, text } = claim;
      if (claim.claim.glob || kind === "read" || kind === "touch") return [];
      const present = exists(claim.claim.text);
      if (kind === "create") {
        // A folder may be claimed for new files in it.
        if (!present || text.endsWith("/") || byDependency(deleted, task, claim)) return [];
        const message = `\`${text}\` is claimed for \`create\` but already exists`;
        const hint = "use files.edit if the task changes it";
        const code = "creates-existing";
        return [claimDiagnostic(task, claim, { severity: "warning", code, message, hint })];
      }
      if (present || byDependency(created, task, claim)) return [];
      const message = `\`${text}\` is claimed for \`${kind}\` but does not exist`;
      const hint = "use files.create if the task creates it, or depend on the task that creates it";
      const code = "missing-file-claim";
      return [claimDiagnostic(task, claim, { severity: "warning", code, message, hint })];
    }),
  );
};

/** A file that a task changes should not import a file that an independent task changes. */
export const importedFiles: Rule = (
  { tasks: all, precedence },
  { imported, proposals, landed },
) => {
  if (precedence === null || imported.size === 0) return [];
  const tasks = open(all, { landed });
  const importers = new Map<PlanClaim, PlanClaim>();
  const reads = importsOf(tasks, { precedence, imported, importers });
  const writes = claimsByOwner(tasks, writeKinds, precedence);
  return readConflicts(tasks, { reads, writes }, precedence).flatMap(
    ({ owned, others: [other] }) => {
      const { task, claim } = owned;
      const importer = importers.get(claim);
      if (importer === undefined || other === undefined) return [];
      const message = `\`${importer.text}\` imports \`${claim.text}\`, which ${other.task.id} may change at the same time`;
      const add = dependency({ owned, others: [other] }, proposals);
      const hint = add === null ? noOrder : `add ${add} to use the changed file`;
      const code = "independent-import";
      return [claimDiagnostic(task, importer, { severity: "warning", code, message, hint })];
    },
  );
};

/**
 * Read claims for the files that each task's files import, without those the task itself claims. Fills
 * `importers` with the claim of the importing file.
 */
function importsOf(
  tasks: readonly PlanTask[],
  of: Pick<RuleContext, "imported"> & {
    precedence: Precedence;
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

/** A task that changes a manifest should claim its lockfile, which changes with the dependencies. */
export const manifestLockfiles: Rule = ({ tasks: all }, { config, landed, lockfiles }) => {
  if (lockfiles.size === 0) return [];
  const { ignore } = config.scope;
  const leftOut = ignore.flatMap((path) => {
    const parsed = parseClaim(path);
    return parsed.ok ? [parsed.claim] : [];
  });
  return open(all, { landed }).flatMap((task) => {
    const writes = task.parsed.filter(({ kind }) => kind !== "read").map(({ claim }) => claim);
    return task.parsed.flatMap((claim) => {
      if (claim.kind === "read" || claim.kind === "delete" || claim.claim.glob) return [];
      const places = lockfilePlaces(claim.claim.text);
      const nearest = places.find((paths) => paths.some((path) => lockfiles.has(path))) ?? [];
      const tracked = nearest.filter((path) => lockfiles.has(path));
      const [first] = tracked;
      const covered = [...writes, ...leftOut];
      if (first === undefined || tracked.some((path) => coversAny(covered, path))) return [];
      const message = `\`${claim.text}\` is claimed without its lockfile \`${first}\``;
      const hint = `claim ${first} too, unless the task changes no dependency`;
      const code = "unclaimed-lockfile";
      return [claimDiagnostic(task, claim, { severity: "warning", code, message, hint })];
    });
  });
};

/** Paths that belong to dgov, and files that control git, cannot be claimed for writing. */
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
      const hint = "remove it from the task; edit the file yourself and commit";
      return [claimDiagnostic(task, claim, { code: "reserved-claim", message, hint })];
    }),
  );

/**
 * Ignored paths and paths in submodules cannot be claimed for writing, since changes there never land. A submodule itself
 * can, for another commit.
 */
export const ignoredClaims: Rule = ({ tasks }, { ignored, submodules }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const { text } = claim.claim;
      if (ignored.has(text) || ignored.has(`${text}/`)) {
        const message = `the claim \`${claim.text}\` is ignored by git, so its changes would not land`;
        const hint = "claim another path, or remove this one from .gitignore";
        return [claimDiagnostic(task, claim, { code: "ignored-claim", message, hint })];
      }
      const inside = submodules.find((folder) => text === folder || text.startsWith(`${folder}/`));
      if (inside === undefined) return [];
      // A claim of exactly the submodule allows another commit of it.
      const moves = claim.kind === "edit" || claim.kind === "touch";
      if (text === inside && moves) return [];
      const message = `the claim \`${claim.text}\` is in the submodule \`${inside}\``;
      const hint = `change the submodule in its own repository; a claim \`edit = ["${inside}"]\` lets a worker check out another commit of it`;
      return [claimDiagnostic(task, claim, { code: "submodule-claim", message, hint })];
    }),
  );

/** A path of a department may be claimed for writing only by tasks that name the department in their summary. */
export const departmentClaims: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) =>
    task.parsed.flatMap((claim) => {
      if (claim.kind === "read") return [];
      const summary = task.written.summary ?? "";
      const owner = foreignDepartment(config.departments, claim.claim.text, summary);
      if (owner === null) return [];
      const message = `the claim \`${claim.text}\` belongs to the department \`${owner}\``;
      const hint = `name ${owner} in the summary to allow the claim`;
      return [claimDiagnostic(task, claim, { code: "foreign-department", message, hint })];
    }),
  );
