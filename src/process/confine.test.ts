import { describe, expect, test } from "bun:test";
import { isMissingInside, parseStatus, signalOf } from "./confine.ts";

describe("the status of bubblewrap", () => {
  const started = '{ "child-pid": 41, "net-namespace": 7, "pid-namespace": 9 }\n';
  test.each([
    ["a command that ended", `${started}{ "exit-code": 3 }\n`, { pid: 41, namespace: 9 }, 3],
    ["a failed set-up", started, { pid: 41, namespace: 9 }, null],
    ["nothing at all", "", null, null],
  ] as const)("%s", (_name, text, init, exitCode) => {
    expect(parseStatus(text)).toEqual({ init, exitCode });
  });

  test.each([
    [137, "SIGKILL"],
    [139, "SIGSEGV"],
    [143, "SIGTERM"],
    [153, "SIGXFSZ"],
    [0, null],
    [1, null],
    [127, null],
    [129, null],
    [130, null],
    [255, null],
  ] as const)("exit code %p means %p", (code, signal) => {
    expect(signalOf(code)).toBe(signal);
  });

  test("a missing program is told from a failed set-up by bubblewrap's message", () => {
    expect(isMissingInside("bwrap: execvp nosuch: No such file or directory\n")).toBe(true);
    expect(isMissingInside("bwrap: Can't find source path /nope: No such file\n")).toBe(false);
  });
});
