/**
 * The semantic rules: findings of a merge without text conflicts, read from the symbol tables of its four
 * versions. Pure: `MergeInput` supplies the files.
 */
import { compareText } from "../std/order.ts";
import { sameSymbolEdits } from "./concurrent-edits.ts";
import { dataConflicts } from "./data-files.ts";
import { droppedDependencies } from "./dropped-dependencies.ts";
import { droppedExports } from "./dropped-exports.ts";
import { droppedImports } from "./dropped-imports.ts";
import { duplicateDefinitions } from "./duplicates.ts";
import { beyond, type Finding, type Note } from "./finding.ts";
import { type MergeInput, MergeVersions } from "./merge-versions.ts";
import { movedModules } from "./moved-modules.ts";
import { orderingConflicts } from "./ordering.ts";
import { brokenReferences } from "./reference-checker.ts";
import { missingMembers } from "./required-members.ts";
import { syntaxConflicts } from "./syntax-conflicts.ts";

/** Version of the rules in the key of cached verdicts. Increment it when the results of a rule change. */
export const rulesVersion = 23;

export interface MergeVerdict {
  /** By path and line. Empty when the sides are compatible as far as the rules can tell. */
  findings: Finding[];
  notes: Note[];
  /** Number of changed files that were checked. */
  files: number;
}

/**
 * Checks a merge. With `ours` equal to `base`, checks the change alone. A finding that the target has without the change
 * is uncertain: the change did not cause it.
 */
export async function checkMerge(input: MergeInput): Promise<MergeVerdict> {
  const verdict = await applyRules(input);
  if (input.ours === input.base || verdict.findings.every(({ uncertain }) => uncertain !== null)) {
    return verdict;
  }
  const known = await applyRules(targetAlone(input));
  const caused = new Set(beyond(verdict.findings, known.findings));
  const findings = verdict.findings.map((one) =>
    caused.has(one)
      ? one
      : { ...one, uncertain: one.uncertain ?? "the target has it without this change" },
  );
  return { ...verdict, findings };
}

/** The target's own change of the base. */
function targetAlone(input: MergeInput): MergeInput {
  const { base, ours } = input;
  const changed = new Set([base, ours, input.theirs, input.merged].flatMap((of) => [...of.keys()]));
  return {
    ...input,
    ours: base,
    theirs: ours,
    merged: ours,
    async tree() {
      const unchanged = [...(await input.tree())].filter(([path]) => !changed.has(path));
      return new Map([...unchanged, ...ours]);
    },
  };
}

async function applyRules(input: MergeInput): Promise<MergeVerdict> {
  const versions = new MergeVersions(input);
  const syntax = await syntaxConflicts(versions);
  const references = await brokenReferences(versions);
  const edits = await sameSymbolEdits(versions);
  const edited = new Set(edits.map(({ path, symbol }) => `${path} ${symbol}`));
  const duplicates = await duplicateDefinitions(versions);
  const stale = new Set(references.findings.map(({ path, symbol }) => `${path} ${symbol}`));
  const findings = [
    ...syntax.findings,
    ...edits,
    // An edited symbol may appear twice after the merge; one conflict is enough.
    ...duplicates.filter(({ path, symbol }) => !edited.has(`${path} ${symbol}`)),
    ...references.findings,
    ...(await missingMembers(versions)),
    ...(await orderingConflicts(versions)),
    ...(await dataConflicts(versions)),
    ...(await movedModules(versions)).filter(({ path, symbol }) => !stale.has(`${path} ${symbol}`)),
    // A name that is gone is not exported either.
    ...(await droppedExports(versions)).filter(
      ({ path, symbol }) => !stale.has(`${path} ${symbol}`),
    ),
    ...(await droppedImports(versions)),
    ...(await droppedDependencies(versions)),
  ];
  return {
    findings: findings.sort((a, b) => compareText(a.path, b.path) || a.line - b.line),
    notes: [...syntax.notes, ...references.notes],
    files: versions.paths.length,
  };
}
