/** `format_check_cmd`. */

import {
  byLocation,
  type Diagnostic,
  diagnostic,
  newDiagnostics,
  newLines,
} from "../diagnostics/diagnostic.ts";
import { parseDiagnostics } from "../diagnostics/formats.ts";
import { runOnBase } from "./base-comparison.ts";
import { commandGate, type JudgeInput, type Judgement } from "./command-gate.ts";

export const formatGate = commandGate({
  name: "format",
  templates: ({ commands }) => (commands.formatCheck === null ? [] : [commands.formatCheck]),
  judge: judgeChecker,
});

// ------------------------------------------------------------
// `lint_cmd`.

export const lintGate = commandGate({
  name: "lint",
  templates: ({ commands }) => (commands.lint === null ? [] : [commands.lint]),
  judge: judgeChecker,
});

// ------------------------------------------------------------
// `type_check_cmd`.

export const typesGate = commandGate({
  name: "types",
  templates: ({ commands }) => (commands.typeCheck === null ? [] : [commands.typeCheck]),
  judge: judgeChecker,
});

// ------------------------------------------------------------
// Judging checkers (format, lint, types): only what the base does not have is charged.

/** Reads a checker's failure. */
export async function judgeChecker({ input, run, filled }: JudgeInput): Promise<Judgement> {
  const found = findings(run.output, input.files.inTree);
  const failed = (diagnostics: typeof found, reason: string): Judgement => ({
    status: "failed",
    reason,
    blame: "attempt",
    diagnostics: [...diagnostics].sort(byLocation),
  });
  if (input.request.tree === input.baseTree) return { ...failed(found, run.exit), blame: "base" };
  const base = await runOnBase(input, filled.onBase);
  if (base === null || base.status === "passed") {
    return failed(found, `${run.exit}${firstOf(found)}`);
  }
  // What was read says nothing about the rest.
  if (run.cut || base.cut) {
    const reason = `${run.exit}, with more output than is read: what is new cannot be told`;
    return { ...failed([], reason), blame: base.cut ? "base" : "attempt" };
  }
  const charged = newDiagnostics(found, findings(base.output, input.files.inBase));
  if (charged.length > 0) {
    return failed(charged, `${run.exit}, ${charged.length} new${firstOf(charged)}`);
  }
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

const shownMax = 120;

/** The first of what is charged, in place of a riddle like "exit code 1". */
function firstOf(found: readonly Diagnostic[]): string {
  const [first] = [...found].sort(byLocation);
  if (first === undefined) return "";
  const place = [first.file, first.line].filter(Boolean).join(":");
  const text = [place, first.message].filter(Boolean).join(": ");
  const short = text.length > shownMax ? `${text.slice(0, shownMax)}...` : text;
  return `: ${short}${found.length > 1 ? ` and ${found.length - 1} more` : ""}`;
}

/** What an output says; one of nothing but file names (`gofmt -l`) says that those are wrong. */
function findings(output: string, files: readonly string[]): Diagnostic[] {
  const found = parseDiagnostics(output);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  if (found.length > 0 || !lines.every((line) => /^\S+\.\w+$/.test(line))) return found;
  const listed = new Set(lines.map((line) => line.replace(/^\.\//, "")));
  return files
    .filter((file) => listed.has(file))
    .map((file) => diagnostic({ file, message: "listed by the command" }));
}
