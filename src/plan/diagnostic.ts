/** Diagnostics of plan files, positioned by file and key. */

import type { TomlPositions } from "../config/toml-positions.ts";
import type { Diagnostic } from "../error.ts";
import { compareText } from "../std/order.ts";

/** A diagnostic without its position. */
export interface Problem {
  severity?: Diagnostic["severity"];
  code: string;
  message: string;
  hint?: string | null;
}

/** The part of a file that a diagnostic is about. */
interface DiagnosticTarget {
  file: string;
  unit: string | null;
  /** Null for a file that could not be read. */
  positions: TomlPositions | null;
  /** Path of the key; empty for the whole file. */
  path: readonly string[];
  /** Part of the key's value, for a more exact position. */
  text?: string | undefined;
}

/** A diagnostic at the position of its target; without a position when the key is not in the file. */
export function diagnosticAt(target: DiagnosticTarget, problem: Problem): Diagnostic {
  const position = target.positions?.find(target.path, target.text) ?? null;
  return {
    severity: problem.severity ?? "error",
    code: problem.code,
    file: target.file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    unit: target.unit,
    message: problem.message,
    hint: problem.hint ?? null,
    excerpt: position?.excerpt ?? null,
  };
}

/** Diagnostics sorted by file, line, column, code and message. */
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
