/** Diagnostics of files as text: message, place, source line and hint. */
import type { Diagnostic } from "../error.ts";

/** One block per diagnostic, in the order given. "" for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(renderDiagnostic).join("\n");
}

function renderDiagnostic(diagnostic: Diagnostic): string {
  const { severity, file, line, column, unit, message, excerpt, hint, code } = diagnostic;
  const place = [file, line, line === null ? null : column].filter((part) => part !== null);
  const lines = [
    `${severity}: ${message} [${code}]`,
    `  --> ${place.join(":")}${unit === null ? "" : ` (${unit})`}`,
  ];
  if (excerpt !== null) lines.push(`  ${line === null ? "" : `${line} `}| ${excerpt.trimEnd()}`);
  if (hint !== null) lines.push(`  hint: ${hint}`);
  return lines.join("\n");
}
