import { duration } from "../std/text.ts";

/** The result of a child process. */
export type ExitResult =
  | { kind: "exited"; code: number }
  | { kind: "signaled"; signal: string }
  | { kind: "timed_out"; timeoutMs: number }
  | { kind: "not_found"; program: string }
  | { kind: "output_too_large"; bytesMax: number }
  | { kind: "cancelled" };

/** True only for exit code 0. */
export function succeeded(result: ExitResult): boolean {
  return result.kind === "exited" && result.code === 0;
}

/** Describes the result as a noun phrase, such as `exit code 1` or `timed out after 30.0 s`. */
export function describeExit(result: ExitResult): string {
  switch (result.kind) {
    case "exited":
      return `exit code ${result.code}`;
    case "signaled":
      return `killed by ${result.signal}`;
    case "timed_out":
      return `timed out after ${duration(result.timeoutMs)}`;
    case "not_found":
      return `program not found: ${result.program}`;
    case "output_too_large":
      return `more than ${result.bytesMax} bytes of output`;
    case "cancelled":
      return "cancelled";
    default:
      return result satisfies never;
  }
}
