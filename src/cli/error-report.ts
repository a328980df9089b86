/** Errors as text for stderr and as a document for `--json`. */
import { withOwnPaths } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { renderDiagnostics } from "../std/diagnostics.ts";
import { misplaced } from "../std/files.ts";
import { errorMessage } from "../std/text.ts";

/** Error codes of the file system that are reported as ENVIRONMENT. */
const machineErrors = new Set([
  "EACCES",
  "EDQUOT",
  "EISDIR",
  "EMFILE",
  "ENFILE",
  "ENOSPC",
  "EPERM",
  "EROFS",
]);

/** Any thrown value as a DgovError: a full disk or a folder in the place of a file is ENVIRONMENT, an unexpected error INTERNAL. */
export function toDgovError(error: unknown): DgovError {
  if (error instanceof DgovError) return error;
  const obstacle = misplaced(error);
  if (obstacle !== null) return obstacle;
  if (error instanceof Error) {
    const code = "code" in error ? error.code : undefined;
    if (typeof code === "string" && machineErrors.has(code)) {
      return new DgovError("ENVIRONMENT", error.message, { cause: error });
    }
  }
  return new DgovError("INTERNAL", errorMessage(error), { cause: error });
}

/** `dgov.error/1`. Names of own files are shown as paths from `cwd`. */
export function errorDocument(
  error: DgovError,
  cwd: string,
): { schema: string; [key: string]: unknown } {
  return {
    schema: "dgov.error/1",
    code: error.code,
    message: withOwnPaths(error.message, cwd),
    hint: error.hint === undefined ? null : withOwnPaths(error.hint, cwd),
    exit_code: error.exitCode,
    ...(error.diagnostics.length > 0 ? { diagnostics: error.diagnostics } : {}),
  };
}

/** The error as text: diagnostics, the message, its causes, the hint; a stack for INTERNAL. */
export function renderError(error: DgovError): string {
  const lines: string[] = [];
  if (error.diagnostics.length > 0) lines.push(renderDiagnostics(error.diagnostics), "");
  const internal = error.code === "INTERNAL";
  lines.push(`error: ${internal ? "internal error, a bug in dgov: " : ""}${error.message}`);
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (cause.message !== error.message) lines.push(`Caused by: ${cause.message}`);
  }
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  if (internal) lines.push(stackOf(error));
  return lines.join("\n");
}

function stackOf(error: DgovError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return origin.stack ?? "";
}
