/** The checker gates (format, lint, types). They fail only for diagnostics that the base does not have. */
import { posix } from "node:path";
import { excerpt } from "../../std/text.ts";
import {
  byLocation,
  type CheckerDiagnostic,
  diagnostic,
  newDiagnostics,
  newLines,
} from "../diagnostics/diagnostic.ts";
import { parseDiagnostics } from "../diagnostics/formats.ts";
import { runOnBase } from "./base-comparison.ts";
import { commandGate, type JudgeInput, type Judgement } from "./command-gate.ts";
import type { GateInput } from "./gate.ts";

/** `format_check_cmd`. */
export const formatGate = commandGate({
  name: "format",
  templates: ({ commands }) => (commands.formatCheck === null ? [] : [commands.formatCheck]),
  judge: judgeChecker,
});

/** `lint_cmd`. */
export const lintGate = commandGate({
  name: "lint",
  templates: ({ commands }) => (commands.lint === null ? [] : [commands.lint]),
  judge: judgeChecker,
});

/** `type_check_cmd`. */
export const typesGate = commandGate({
  name: "types",
  templates: ({ commands }) => (commands.typeCheck === null ? [] : [commands.typeCheck]),
  judge: judgeChecker,
});

/** Judges a checker that failed, by comparing its output with its output on the base. */
export async function judgeChecker({ input, run, lines }: JudgeInput): Promise<Judgement> {
  const found = diagnosticsIn(run.output, input, input.files.inTree);
  const failed = (diagnostics: readonly CheckerDiagnostic[], reason: string): Judgement => ({
    status: "failed",
    reason,
    blame: "attempt",
    diagnostics: [...diagnostics].sort(byLocation),
  });
  if (input.request.tree === input.baseTree) return { ...failed(found, run.exit), blame: "base" };
  const base = await runOnBase(input, lines.onBase);
  if (base === null || base.status === "passed") {
    return failed(found, `${run.exit}${summary(found)}`);
  }
  if (run.cut || base.cut) {
    const reason = `${run.exit}: output exceeds 8 MiB; new diagnostics cannot be determined`;
    return { ...failed([], reason), blame: base.cut ? "base" : "attempt" };
  }
  const charged = newDiagnostics(found, diagnosticsIn(base.output, input, input.files.inBase));
  if (charged.length > 0) {
    return failed(charged, `${run.exit}, ${charged.length} new${summary(charged)}`);
  }
  // Another exit code means another kind of failure, even when no new diagnostic is recognized.
  if (base.exitCode !== run.exitCode) {
    return failed(found, `${run.exit}, but ${base.exit} on the base`);
  }
  const added = found.length === 0 ? newLines(run.output, base.output) : [];
  if (added.length > 0) return failed([], `${run.exit}, ${added.length} new lines of output`);
  return {
    status: "passed",
    reason: "fails on the base, too; no new diagnostics",
    blame: null,
    diagnostics: [],
  };
}

const summaryChars = 120;

/** The first diagnostic and the number of others, for a reason that says more than "exit code 1". */
function summary(found: readonly CheckerDiagnostic[]): string {
  const [first] = [...found].sort(byLocation);
  if (first === undefined) return "";
  const location = [first.file, first.line].filter(Boolean).join(":");
  const text = excerpt([location, first.message].filter(Boolean).join(": "), summaryChars);
  return `: ${text}${found.length > 1 ? ` and ${found.length - 1} more` : ""}`;
}

/**
 * The diagnostics in an output, their files relative to the project. An output of file names alone (`gofmt -l`) is one
 * diagnostic per file.
 */
function diagnosticsIn(
  output: string,
  { cwd }: Pick<GateInput, "cwd">,
  files: readonly string[],
): CheckerDiagnostic[] {
  return printedDiagnostics(output, files).map((one) => {
    const isRelative = one.file !== "" && !posix.isAbsolute(one.file);
    // Commands that print absolute paths, from which the tree's was removed, name the folder too.
    const isWhole = one.file.startsWith(`${cwd}/`);
    return isRelative && !isWhole ? { ...one, file: posix.join(cwd, one.file) } : one;
  });
}

function printedDiagnostics(output: string, files: readonly string[]): CheckerDiagnostic[] {
  const found = parseDiagnostics(output);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  if (found.length > 0 || !lines.every((line) => /^\S+\.\w+$/.test(line))) return found;
  const listed = new Set(lines.map((line) => line.replace(/^\.\//, "")));
  return files
    .filter((file) => listed.has(file))
    .map((file) => diagnostic({ file, message: "listed by the command" }));
}
