/**
 * biome: `file:line:col lint/group/rule ━━━`, then `  × message`; `file format ━━━` for its formatter.
 * What it leaves out beyond its limit counts too: one more of those is one more problem.
 */
import { type Diagnostic, diagnostic, headed, type Reader } from "./diagnostic.ts";

const shown = headed(
  /^(\S.*?)(?::(\d+):(\d+))? ((?:lint|assist|parse|suppressions|format|organizeImports|internalError)\S*) .*━/,
  /^\s+([×!✖⚠ℹi]) (.+)$/,
  ([, file, line, column, code], [, severity, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const hiddenMax = 10_000;

const hidden: Reader = (lines, at) => {
  const count = /^Diagnostics not shown: (\d+)\.?$/.exec((lines[at] ?? "").trim())?.[1];
  if (count === undefined) return null;
  const one: Diagnostic = diagnostic({ file: "", message: "a diagnostic that is not shown" });
  return { found: Array.from({ length: Math.min(Number(count), hiddenMax) }, () => one), lines: 1 };
};

export const biome: Reader = (lines, at) => shown(lines, at) ?? hidden(lines, at);
