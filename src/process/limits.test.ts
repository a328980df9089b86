import { describe, expect, test } from "bun:test";
import { groupParents, limitArguments } from "./limits.ts";

const mounts = [
  "30 24 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs rw,mode=755",
  "31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw",
  "36 30 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:3 - cgroup cgroup rw,memory",
  "37 30 0:33 / /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids",
].join("\n");
const unified = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";

describe("the folders for control groups", () => {
  test.each<[string, "memory" | "pids", string, string, string[]]>([
    [
      "of a user's session, version 2: beside and below its own group",
      "memory",
      "0::/user.slice/user-1.slice/user@1.service/app.slice/term.scope\n",
      unified,
      [
        "/sys/fs/cgroup/user.slice/user-1.slice/user@1.service/app.slice",
        "/sys/fs/cgroup/user.slice/user-1.slice/user@1.service/app.slice/term.scope",
      ],
    ],
    ["of a container, version 2", "pids", "0::/\n", unified, ["/sys/fs/cgroup"]],
    [
      "of version 1, then of the empty version 2",
      "memory",
      "4:memory:/job/7\n8:pids:/\n0::/\n",
      mounts,
      ["/sys/fs/cgroup/memory/job/7", "/sys/fs/cgroup/unified"],
    ],
    [
      "of controllers that share a hierarchy",
      "pids",
      "4:cpu,pids:/a\n",
      mounts,
      ["/sys/fs/cgroup/pids/a"],
    ],
    ["of a controller that is not mounted", "pids", "4:pids:/a\n", unified, []],
    ["of a system without groups", "pids", "", "", []],
  ])("%s", (_name, controller, groups, mounted, expected) => {
    expect(groupParents(controller, groups, mounted)).toEqual(expected);
  });
});

describe("the arguments that limit a command", () => {
  const limits = { memoryGib: 2, processes: 100, fileGib: 0.5 };
  const text = (...args: Parameters<typeof limitArguments>): string =>
    limitArguments(...args)[2] ?? "";

  test("without a control group: size of files and, over those of the machine, processes", () => {
    expect(text(limits, null, 250)).toBe(
      'ulimit -c 0 && ulimit -f 1048576 && { ulimit -u 350 2>/dev/null || ulimit -p 350; } && exec "$@"',
    );
  });

  test("with a control group for both: the command joins it in each hierarchy", () => {
    const group = { folders: ["/cg/m/dgov-1", "/cg/p/dgov-1"], memory: true, processes: true };
    expect(text(limits, group, 250)).toBe(
      "ulimit -c 0 && ulimit -f 1048576 && echo $$ >'/cg/m/dgov-1/cgroup.procs' && " +
        "echo $$ >'/cg/p/dgov-1/cgroup.procs' && exec \"$@\"",
    );
  });

  test("with a control group for memory only: processes have the resource limit", () => {
    const group = { folders: ["/cg/m/dgov-1"], memory: true, processes: false };
    expect(text({ ...limits, fileGib: null }, group, 250)).toBe(
      "ulimit -c 0 && { ulimit -u 350 2>/dev/null || ulimit -p 350; } && " +
        "echo $$ >'/cg/m/dgov-1/cgroup.procs' && exec \"$@\"",
    );
  });

  test("no core file is written in any case", () => {
    expect(text({ memoryGib: null, processes: null, fileGib: null }, null, 1)).toBe(
      'ulimit -c 0 && exec "$@"',
    );
  });
});
