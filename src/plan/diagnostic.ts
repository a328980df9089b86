/** Making diagnostics of a plan: the place is looked up from the file and the key. */

import type { TomlPositions } from "../config/toml-positions.ts";
import type { Diagnostic } from "../error.ts";
import { compareText } from "../std/order.ts";

export interface Problem {
  severity?: Diagnostic["severity"];
  code: string;
  message: string;
  hint?: string | null;
}

export interface DiagnosticTarget {
  file: string;
  unit: string | null;
  /** Null for a file that could not be read. */
  places: TomlPositions | null;
  /** The key the finding is about; empty for the file as a whole. */
  path: readonly string[];
  /** Text within the key's value, for a place more exact than the key's. */
  text?: string | undefined;
}

/** A diagnostic at the place of a key. */
export function diagnosticAt(where: DiagnosticTarget, finding: Problem): Diagnostic {
  const place = where.places?.find(where.path, where.text) ?? null;
  return {
    severity: finding.severity ?? "error",
    code: finding.code,
    file: where.file,
    line: place?.line ?? null,
    column: place?.column ?? null,
    unit: where.unit,
    message: finding.message,
    hint: finding.hint ?? null,
    excerpt: place?.excerpt ?? null,
  };
}

/** By file, line, column, code and message: the same order on every machine. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compareText(a.code, b.code) ||
      compareText(a.unit ?? "", b.unit ?? "") ||
      compareText(a.message, b.message),
  );
}

/** "did you mean x?", or what else there is to say. */
export function didYouMean(near: string | null, otherwise: string | null = null): string | null {
  return near === null ? otherwise : `did you mean ${near}?`;
}
