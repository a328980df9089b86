/** Problems in files, as people read them: what, where, the line itself, what to do. */
import type { Diagnostic } from "../../error.ts";

/** All diagnostics, one block each, in the order given. Empty text for none. */
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
