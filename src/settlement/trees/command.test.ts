import { describe, expect, test } from "bun:test";
import type { ExitResult } from "../../process/exit-result.ts";
import { statusOf } from "./command.ts";

const exited = (code: number): ExitResult => ({ kind: "exited", code });

describe("statusOf", () => {
  test.each([
    "gofmt -l .",
    "gofmt -l 'a.go' 'b.go'",
    "gofmt -s -d .",
    "cd app && gofmt -l .",
    "gofumpt -l -w=false .",
    "goimports -local example.com -l .",
    "gci diff -d .",
    "shfmt -i 2 -l .",
  ])("A9 `%s` that exits 0 fails with output and passes without", (command) => {
    expect(statusOf(exited(0), command, "a.go\n")).toBe("failed");
    expect(statusOf(exited(0), command, " \n")).toBe("passed");
    expect(statusOf(exited(2), command, "")).toBe("failed");
  });

  test.each(["ruff check .", "gofmt -w .", "ls -l", "go vet ./... | tail -l", "gofmt -w .; ls -l"])(
    "`%s` that exits 0 passes with any output",
    (command) => {
      expect(statusOf(exited(0), command, "All is well\n")).toBe("passed");
    },
  );

  test.each<[string, ExitResult, string]>([
    ["a missing program", exited(127), "errored"],
    ["a program that is not executable", exited(126), "errored"],
    ["a program that crashed under its shell", exited(139), "errored"],
    ["a program that was killed under its shell", exited(137), "errored"],
    ["a killed shell", { kind: "signaled", signal: "SIGKILL" }, "errored"],
    ["any other exit code", exited(3), "failed"],
  ])("A4 %s does not pass", (_what, result, status) => {
    expect(statusOf(result, "check", "")).toBe(status as "failed");
  });
});
