/** How a child process ended, as data: callers switch on `kind`, nothing throws. */
export type ExitResult =
  | { kind: "exited"; code: number }
  | { kind: "signaled"; signal: string }
  | { kind: "timed_out"; timeoutMs: number }
  | { kind: "not_found"; program: string }
  | { kind: "output_too_large"; bytesMax: number }
  | { kind: "cancelled" };

/** True for exit code 0 and nothing else. */
export function succeeded(result: ExitResult): boolean {
  return result.kind === "exited" && result.code === 0;
}

/** The result in words, to follow "the command ended with" or stand alone: "exit code 1". */
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

function duration(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}
