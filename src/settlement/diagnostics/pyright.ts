/** pyright and basedpyright: `  file:line:col - error: message (rule)`. */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

export const pyright: Reader = oneLine(
  /^\s*(\S.*?):(\d+):(\d+) - (error|warning|information): (.+?)(?: \((report\w+)\))?$/,
  ([, file, line, column, severity, message, code]) =>
    diagnostic({ file, line, column, code, message, severity }),
);
