/**
 * What is wrong with a merge that merged well as text: judged from the symbol tables of its four
 * states. Pure: what it needs to read, it is given.
 */
import type { Conflict, Note } from "./conflict.ts";
import { brokenDependents } from "./dependents.ts";
import { duplicateDefinitions } from "./duplicates.ts";
import { orderingConflicts } from "./ordering.ts";
import { sameSymbolEdits } from "./same-symbol.ts";
import { type MergeInput, States } from "./states.ts";
import { syntaxConflicts } from "./syntax-conflicts.ts";

export type { Conflict, ConflictKind, Note } from "./conflict.ts";
export { supportedLanguage } from "./read-facts.ts";
export type { Files, MergeInput } from "./states.ts";

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
  const states = new States(input);
  const syntax = await syntaxConflicts(states);
  const dependents = await brokenDependents(states);
  const edits = await sameSymbolEdits(states);
  const edited = new Set(edits.map(({ path, symbol }) => `${path} ${symbol}`));
  const twice = await duplicateDefinitions(states);
  const conflicts = [
    ...syntax.conflicts,
    ...edits,
    ...twice.filter(({ path, symbol }) => !edited.has(`${path} ${symbol}`)),
    ...dependents.conflicts,
    ...(await orderingConflicts(states)),
  ];
  return {
    conflicts: conflicts.sort((a, b) =>
      a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line,
    ),
    notes: [...syntax.notes, ...dependents.notes],
    files: states.paths.length,
  };
}
