/** Findings of the semantic gate, as the diagnostics of `gate.finished` record them, and their text. */
import { numberFieldOrNull, objectListField, textField } from "./data.ts";

export interface SemanticNoteView {
  kind: string;
  path: string;
  /** From 1; null when the record has none. */
  line: number | null;
  message: string;
}

/** A finding that rejects, or that the operator accepted. `fingerprint` is its name in `dgov land --accept`. */
export interface SemanticFindingView extends SemanticNoteView {
  fingerprint: string;
}

/** The diagnostics of a verdict that are warnings. */
export function viewSemanticNotes(data: Record<string, unknown>): SemanticNoteView[] {
  return objectListField(data, "diagnostics")
    .filter((one) => textField(one, "severity") === "warning")
    .map((one) => noteOf({ ...one, kind: one["code"], path: one["file"] }));
}

/** The diagnostics of a verdict that reject and have a fingerprint. */
export function viewRejectingFindings(data: Record<string, unknown>): SemanticFindingView[] {
  return objectListField(data, "diagnostics")
    .filter((one) => textField(one, "severity") === "error" && textField(one, "fingerprint") !== "")
    .map((one) => viewFinding({ ...one, kind: one["code"], path: one["file"] }));
}

/** The finding in the data of `finding.accepted`. */
export function viewFinding(data: Record<string, unknown>): SemanticFindingView {
  return { fingerprint: textField(data, "fingerprint"), ...noteOf(data) };
}

function noteOf(data: Record<string, unknown>): SemanticNoteView {
  return {
    kind: textField(data, "kind"),
    path: textField(data, "path"),
    line: numberFieldOrNull(data, "line"),
    message: textField(data, "message"),
  };
}

/** One line for a note. */
export function semanticNoteText(note: SemanticNoteView): string {
  return `note: ${findingText(note)}`;
}

/** One line for a finding that the operator accepted. */
export function acceptedText(finding: SemanticFindingView): string {
  return `accepted by the operator: ${findingText(finding)} (${finding.fingerprint})`;
}

/** Place, kind and message of a finding on one line. */
export function findingText({ kind, path, line, message }: SemanticNoteView): string {
  return `${line === null ? path : `${path}:${line}`}: ${kind}: ${message}`;
}
