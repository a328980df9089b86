/** What the semantic rules report. */

export type ConflictKind =
  | "text_conflict"
  | "syntax_conflict"
  | "same_symbol_edit"
  | "duplicate_definition"
  | "signature_drift"
  | "stale_reference"
  | "ordering_conflict";

export interface ConflictPlace {
  path: string;
  /** From 1. */
  line: number;
  what: string;
}

export interface Conflict {
  kind: ConflictKind;
  symbol: string;
  path: string;
  /** From 1. */
  line: number;
  /** What happened, who changed what, and what to do. */
  message: string;
  related: ConflictPlace[];
}

/** Something worth knowing that blocks nothing. */
export interface Note {
  path: string;
  /** From 1. */
  line: number;
  message: string;
}

export type Side = "ours" | "theirs";

/** The sides of a merge in words a worker knows. */
export const sideName: Record<Side, string> = {
  ours: "what landed meanwhile",
  theirs: "this change",
};
