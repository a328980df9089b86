/** tsc: `file(line,col): error TS2304: message`, or `file:line:col - error TS2304: message`. */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

const plain = oneLine(
  /^(\S.*?)\((\d+),(\d+)\): (error|warning) (TS\d+): (.+)$/,
  ([, file, line, column, severity, code, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const pretty = oneLine(
  /^(\S.*?):(\d+):(\d+) - (error|warning) (TS\d+): (.+)$/,
  ([, file, line, column, severity, code, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const global = oneLine(/^(error) (TS\d+): (.+)$/, ([, severity, code, message]) =>
  diagnostic({ file: "", code, message, severity }),
);

export const tsc: Reader = (lines, at) =>
  plain(lines, at) ?? pretty(lines, at) ?? global(lines, at);
