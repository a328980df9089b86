/** biome: `file:line:col lint/group/rule ━━━`, then `  × message`; `file format ━━━` for its formatter. */
import { diagnostic, headed, type Reader } from "./diagnostic.ts";

export const biome: Reader = headed(
  /^(\S.*?)(?::(\d+):(\d+))? ((?:lint|assist|parse|suppressions|format|organizeImports|internalError)\S*) .*━/,
  /^\s+([×!✖⚠ℹi]) (.+)$/,
  ([, file, line, column, code], [, severity, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);
