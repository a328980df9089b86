/** Notes of the semantic gate, as the diagnostics of `gate.finished` record them, and their text. */
import { numberFieldOrNull, objectListField, textField } from "./data.ts";

export interface SemanticNoteView {
  kind: string;
  path: string;
  /** From 1; null when the record has none. */
  line: number | null;
  message: string;
}

/** The diagnostics of a verdict that are warnings. */
export function viewSemanticNotes(data: Record<string, unknown>): SemanticNoteView[] {
  return objectListField(data, "diagnostics")
    .filter((one) => textField(one, "severity") === "warning")
    .map((one) => ({
      kind: textField(one, "code"),
      path: textField(one, "file"),
      line: numberFieldOrNull(one, "line"),
      message: textField(one, "message"),
    }));
}

/** One line for a note. */
export function semanticNoteText({ kind, path, line, message }: SemanticNoteView): string {
  return `note: ${line === null ? path : `${path}:${line}`}: ${kind}: ${message}`;
}
