/** mypy: `file:line: error: message  [code]`. Its notes explain errors and are none. */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

const place = String.raw`^(\S.*?\.pyi?):(\d+)(?::(\d+))?(?::\d+:\d+)?`;

const error = oneLine(
  new RegExp(String.raw`${place}: (error|warning): (.+?)(?:  \[([\w-]+)\])?$`),
  ([, file, line, column, severity, message, code]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const notePattern = new RegExp(`${place}: note: `);

export const mypy: Reader = (lines, at) =>
  notePattern.test(lines[at] ?? "") ? { found: [], lines: 1 } : error(lines, at);
