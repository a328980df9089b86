/**
 * ruff: `F401 [*] message`, then ` --> file:line:col`; or both in one line. Its formatter names the
 * files it would change.
 */
import { diagnostic, headed, oneLine, type Reader } from "./diagnostic.ts";

const full = headed(
  /^([A-Z]+\d+|invalid-syntax):?(?: \[\*\])? (.+)$/,
  /^\s*--> (.+?):(\d+):(\d+)$/,
  ([, code, message], [, file, line, column]) => diagnostic({ file, line, column, code, message }),
);

const concise = oneLine(
  /^(\S.*?):(\d+):(\d+): ([A-Z]+\d+|SyntaxError:|invalid-syntax:)(?: \[\*\])? (.+)$/,
  ([, file, line, column, code, message]) =>
    diagnostic({ file, line, column, code: code?.replace(/:$/, ""), message }),
);

const format = oneLine(/^Would reformat: (.+)$/, ([, file]) =>
  diagnostic({ file, code: "format", message: "would be reformatted" }),
);

export const ruff: Reader = (lines, at) =>
  full(lines, at) ?? concise(lines, at) ?? format(lines, at);
