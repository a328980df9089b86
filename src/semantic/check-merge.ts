/**
 * What is wrong with a merge that merged well as text: judged from the symbol tables of its four
 * versions. Pure: what it needs to read, it is given.
 */

import { sameSymbolEdits } from "./concurrent-edits.ts";
import type { Conflict, Note } from "./conflict.ts";
import { duplicateDefinitions } from "./duplicates.ts";
import { type MergeInput, MergeVersions } from "./merge-versions.ts";
import { orderingConflicts } from "./ordering.ts";
import { brokenReferences } from "./reference-checker.ts";
import { syntaxConflicts } from "./syntax-conflicts.ts";

export { supportedLanguage } from "../languages/symbol-table/read.ts";
export type { Conflict, ConflictKind, Note } from "./conflict.ts";
export type { Files, MergeInput } from "./merge-versions.ts";

/** Goes up whenever a rule comes to say something else: verdicts are kept by it. */
export const rulesVersion = 1;

export interface MergeVerdict {
  /** In order of place. Empty when the two sides go together as far as can be seen. */
  conflicts: Conflict[];
  notes: Note[];
  /** Files that were looked at because they changed. */
  files: number;
}

/** Judges a merge. With `ours` equal to `base` it is a change judged alone. */
export async function checkMerge(input: MergeInput): Promise<MergeVerdict> {
  const versions = new MergeVersions(input);
  const syntax = await syntaxConflicts(versions);
  const dependents = await brokenReferences(versions);
  const edits = await sameSymbolEdits(versions);
  const edited = new Set(edits.map(({ path, symbol }) => `${path} ${symbol}`));
  const twice = await duplicateDefinitions(versions);
  const conflicts = [
    ...syntax.conflicts,
    ...edits,
    ...twice.filter(({ path, symbol }) => !edited.has(`${path} ${symbol}`)),
    ...dependents.conflicts,
    ...(await orderingConflicts(versions)),
  ];
  return {
    conflicts: conflicts.sort((a, b) =>
      a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line,
    ),
    notes: [...syntax.notes, ...dependents.notes],
    files: versions.paths.length,
  };
}
