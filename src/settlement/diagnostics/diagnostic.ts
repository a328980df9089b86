/** A problem reported by a checker, and the comparison of two outputs of one checker. Pure. */
import { compareText } from "../../std/order.ts";

export interface CheckerDiagnostic {
  /** Path as the tool printed it, without a leading `./`; "" when the tool named no file. */
  file: string;
  line: number | null;
  column: number | null;
  /** Rule or error code of the tool; "" when it has none. */
  code: string;
  message: string;
  severity: "error" | "warning";
  /** Name of a semantic finding, the same in every verdict on one tree. */
  fingerprint?: string;
}

/** Parts of a diagnostic as a pattern matched them. */
export interface DiagnosticParts {
  file?: string | undefined;
  line?: string | undefined;
  column?: string | undefined;
  code?: string | undefined;
  message?: string | undefined;
  /** The tool's word or sign; `warn...`, `info...`, `note...`, `!` and `⚠` are warnings, all else errors. */
  severity?: string | undefined;
}

/** Builds a diagnostic from matched text; a missing part is "" or null. */
export function diagnostic(parts: DiagnosticParts): CheckerDiagnostic {
  return {
    file: (parts.file ?? "").trim().replace(/^\.\//, ""),
    line: parts.line === undefined ? null : Number(parts.line),
    column: parts.column === undefined ? null : Number(parts.column),
    code: parts.code ?? "",
    message: (parts.message ?? "").trim(),
    severity: /^(warn|info|note|[!⚠])/i.test(parts.severity ?? "") ? "warning" : "error",
  };
}

/** Orders diagnostics by file, then line, for display. */
export function byLocation(a: CheckerDiagnostic, b: CheckerDiagnostic): number {
  return compareText(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0);
}

/**
 * The diagnostics of `now` that `before` lacks. Compared by file, code and message and counted, not by
 * line number, since edits move lines. Warnings are returned only when `now` has no errors: with errors
 * present, warnings are not what made the tool fail.
 */
export function newDiagnostics(
  now: readonly CheckerDiagnostic[],
  before: readonly CheckerDiagnostic[],
): CheckerDiagnostic[] {
  const hasErrors = now.some((d) => d.severity === "error");
  const remaining = countByKey(before.map(identityOf));
  return now.filter((d) => {
    if (hasErrors && d.severity === "warning") return false;
    return !takeOne(remaining, identityOf(d));
  });
}

function identityOf(d: CheckerDiagnostic): string {
  return [d.file, d.code, normalized(d.message)].join("\0");
}

/**
 * The lines of `now` that `before` lacks, ignoring numbers and white space. Used for output in which no
 * diagnostics are recognized.
 */
export function newLines(now: string, before: string): string[] {
  const remaining = countByKey(before.split("\n").map(normalized));
  return now
    .split("\n")
    .filter((line) => normalized(line) !== "" && !takeOne(remaining, normalized(line)));
}

function countByKey(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function takeOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}

function normalized(line: string): string {
  return Bun.stripANSI(line)
    .replace(/\d+(\.\d+)?/g, "0")
    .replace(/\s+/g, " ")
    .trim();
}
