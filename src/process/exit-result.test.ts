import { expect, test } from "bun:test";
import { describeExit, type ExitResult, succeeded } from "./exit-result.ts";

test.each<[ExitResult, string, boolean]>([
  [{ kind: "exited", code: 0 }, "exit code 0", true],
  [{ kind: "exited", code: 1 }, "exit code 1", false],
  [{ kind: "signaled", signal: "SIGKILL" }, "killed by SIGKILL", false],
  [{ kind: "timed_out", timeoutMs: 30_000 }, "timed out after 30.0 s", false],
  [{ kind: "timed_out", timeoutMs: 250 }, "timed out after 250 ms", false],
  [{ kind: "not_found", program: "ruff" }, "program not found: ruff", false],
  [{ kind: "output_too_large", bytesMax: 10 }, "more than 10 bytes of output", false],
  [{ kind: "cancelled" }, "cancelled", false],
])("%p is described as %p", (result, words, good) => {
  expect([describeExit(result), succeeded(result)]).toEqual([words, good]);
});
