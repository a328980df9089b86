/** ty: `error[rule]: message`, then ` --> file:line:col`; or both in one line. */
import { diagnostic, headed, oneLine, type Reader } from "./diagnostic.ts";

const full = headed(
  /^(error|warning)\[([a-z][\w-]*)\]: (.+)$/,
  /^\s*--> (.+?):(\d+):(\d+)$/,
  ([, severity, code, message], [, file, line, column]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const concise = oneLine(
  /^(\S.*?):(\d+):(\d+): (error|warning)\[([a-z][\w-]*)\] (.+)$/,
  ([, file, line, column, severity, code, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

export const ty: Reader = (lines, at) => full(lines, at) ?? concise(lines, at);
