/** golangci-lint: `file:line:col: message (linter)`. */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

export const golangci: Reader = oneLine(
  /^(\S.*?\.go):(\d+)(?::(\d+))?: (.+) \(([a-z][\w-]*)\)$/,
  ([, file, line, column, message, code]) => diagnostic({ file, line, column, code, message }),
);
