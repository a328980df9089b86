/** rustc and clippy: `error[E0308]: message` or `warning: message`, then ` --> file:line:col`. */
import { diagnostic, headed, type Reader } from "./diagnostic.ts";

export const rustc: Reader = headed(
  /^(error|warning)(?:\[(E\d+)\])?: (.+)$/,
  /^\s*--> (.+?):(\d+):(\d+)$/,
  ([, severity, code, message], [, file, line, column]) =>
    diagnostic({ file, line, column, code, message, severity }),
);
