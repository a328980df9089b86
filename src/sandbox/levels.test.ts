import { describe, expect, test } from "bun:test";
import { explainFailure, requireLevel } from "./levels.ts";

describe("the cause of a failed probe", () => {
  test.each([
    [
      "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
      "the limit of user namespaces is reached",
      "max_user_namespaces",
    ],
    [
      "unshare: unshare failed: No space left on device",
      "the limit of user namespaces is reached",
      "max_user_namespaces",
    ],
    [
      "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.",
      "the system does not let users create namespaces",
      "apparmor_restrict_unprivileged_userns",
    ],
    ["bwrap: setting up uid map: Permission denied", "does not let users create", "apparmor"],
    ["unshare: unshare failed: Operation not permitted", "namespaces are refused", "seccomp"],
    [
      "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
      "/proc cannot be mounted",
      "systempaths=unconfined",
    ],
    ["bwrap: Unknown option --perms", "bubblewrap is too old", "0.5"],
  ])("%p", (message, reason, hint) => {
    const found = explainFailure(message);
    expect(found.reason).toContain(reason);
    expect(found.hint).toContain(hint);
  });

  test("an unknown message is passed on", () => {
    const reason = "a confined command could not be run (bwrap: something else)";
    expect(explainFailure("bwrap: something else\n")).toEqual({ reason, hint: null });
  });
});

test("only require without a level throws", () => {
  const none = {
    level: "off",
    reason: "none",
    hint: null,
    programs: null,
    overlays: false,
  } as const;
  expect(() => requireLevel("require", none)).toThrow('[sandbox] mode is "require"');
  requireLevel("auto", none);
  requireLevel("require", { ...none, level: "landlock" });
});
