/** go vet and the Go compiler: `./file.go:line:col: message`, `vet: ` before it at times. */
import { diagnostic, oneLine, type Reader } from "./diagnostic.ts";

export const go: Reader = oneLine(
  /^(?:vet: )?(\S.*?\.go):(\d+)(?::(\d+))?: (.+)$/,
  ([, file, line, column, message]) => diagnostic({ file, line, column, message }),
);
