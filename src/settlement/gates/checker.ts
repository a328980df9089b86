/** Judging checkers (format, lint, types): only what the base does not have is charged. */
import { byPlace, newDiagnostics, newLines, parseDiagnostics } from "../diagnostics/parse.ts";
import type { Judged, Judging } from "./command-gate.ts";
import { runOnBase } from "./on-base.ts";

/** Reads a checker's failure. */
export async function judgeChecker({ input, run, filled }: Judging): Promise<Judged> {
  const found = parseDiagnostics(run.output);
  const failed = (diagnostics: typeof found, reason: string): Judged => ({
    status: "failed",
    reason,
    blame: "attempt",
    diagnostics: [...diagnostics].sort(byPlace),
  });
  if (input.request.tree === input.baseTree) return { ...failed(found, run.exit), blame: "base" };
  const base = await runOnBase(input, filled.onBase);
  if (base === null || base.status === "passed") return failed(found, run.exit);
  const charged = newDiagnostics(found, parseDiagnostics(base.output));
  if (charged.length > 0) return failed(charged, `${run.exit}, ${charged.length} new`);
  // One that ends otherwise than before has something to say, even if it is not understood.
  if (base.exitCode !== run.exitCode) {
    return failed(found, `${run.exit}, where the base gives ${base.exit}`);
  }
  const lines = found.length === 0 ? newLines(run.output, base.output) : [];
  if (lines.length > 0) return failed([], `${run.exit}, ${lines.length} new lines of output`);
  return {
    status: "passed",
    reason: "fails as it did before the change; nothing new",
    blame: null,
    diagnostics: [],
  };
}
