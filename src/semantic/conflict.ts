/** Results of the semantic rules. */

type ConflictKind =
  | "text_conflict"
  | "syntax_conflict"
  | "same_symbol_edit"
  | "duplicate_definition"
  | "signature_drift"
  | "stale_reference"
  | "ordering_conflict";

interface ConflictPlace {
  path: string;
  /** From 1. */
  line: number;
  /** Relation of the place to the conflict, as a noun phrase. */
  what: string;
}

export interface Conflict {
  kind: ConflictKind;
  /** Qualified name; the file name or the position in an order for kinds without a symbol. */
  symbol: string;
  path: string;
  /** From 1. */
  line: number;
  /** The conflict, the sides that caused it, and the fix, in one sentence. */
  message: string;
  related: ConflictPlace[];
}

/** Observation that does not reject a merge. */
export interface Note {
  path: string;
  /** From 1. */
  line: number;
  message: string;
}

export interface RuleResult {
  conflicts: Conflict[];
  notes: Note[];
}

export type Side = "ours" | "theirs";

/** Names of the sides in messages, which the worker of `theirs` reads. */
export const sideName: Record<Side, string> = {
  ours: "a concurrent change",
  theirs: "this change",
};
