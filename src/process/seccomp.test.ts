import { expect, test } from "bun:test";
import { callNumber, type SeccompArch, type SeccompPolicy, seccompProgram } from "./seccomp.ts";

const archWord: Record<SeccompArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

type Name = Parameters<typeof callNumber>[0];

/** The answer of a program to a system call: "allow", "kill", or the number of the error. */
function answer(
  policy: SeccompPolicy,
  call: number | null,
  args: number[] = [],
  word = archWord[policy.arch],
): string | number {
  const program = seccompProgram(policy);
  const view = new DataView(program.buffer);
  const data = new Map<number, number>([
    [0, call ?? -1],
    [4, word],
    ...[0, 1, 2, 3, 4, 5].map((i): [number, number] => [16 + 8 * i, args[i] ?? 0]),
  ]);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(at * 8, true);
    const operand = view.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean): void => {
      at += view.getUint8(at * 8 + (holds ? 2 : 3));
    };
    if (code === 0x20) accumulator = (data.get(operand) ?? Number.NaN) >>> 0;
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) jump(accumulator === operand);
    else if (code === 0x35) jump(accumulator >= operand);
    else if (code === 0x06) {
      if (operand === 0x7fff0000) return "allow";
      return operand === 0x80000000 ? "kill" : operand & 0xffff;
    } else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("the program has no end");
}

const namespaced: SeccompPolicy = {
  arch: "x64",
  namespaces: true,
  network: false,
  localIpc: false,
};
const shared: SeccompPolicy = { ...namespaced, namespaces: false };
const levels: [string, SeccompPolicy][] = [
  ["namespaces", namespaced],
  ["landlock", shared],
  ["landlock, open sockets", { ...shared, localIpc: true }],
  ["landlock, host network", { ...shared, network: true }],
  ["namespaces on arm64", { ...namespaced, arch: "arm64" }],
  ["landlock on arm64", { ...shared, arch: "arm64" }],
];

const refused: Name[] = [
  ...(["keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd"] as const),
  ...(["io_uring_setup", "io_uring_enter", "io_uring_register", "mount", "umount2"] as const),
  ...(["move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "pivot_root"] as const),
  ...(["chroot", "setns", "process_vm_readv", "process_vm_writev", "pidfd_getfd"] as const),
  ...(["kexec_load", "init_module", "finit_module", "open_by_handle_at", "mount_setattr"] as const),
];

test.each(levels)(
  "C23 at %s keyrings, mounts, modules and kernel interfaces are refused",
  (_l, policy) => {
    const answers = refused.map((name) => answer(policy, callNumber(name, policy.arch)));
    expect(answers).toEqual(refused.map(() => 1));
  },
);

test.each(levels)(
  "C23 at %s a process can fork and start threads but make no namespace",
  (_l, policy) => {
    const clone = callNumber("clone", policy.arch);
    const unshare = callNumber("unshare", policy.arch);
    const flags = { mount: 0x20000, cgroup: 0x2000000, uts: 0x4000000, ipc: 0x8000000 };
    const made = [...Object.values(flags), 0x10000000, 0x20000000, 0x40000000];
    expect(made.map((flag) => answer(policy, clone, [flag | 17]))).toEqual(made.map(() => 1));
    expect([...made, 0x80].map((flag) => answer(policy, unshare, [flag]))).toEqual(
      Array(8).fill(1),
    );
    // A fork, a thread of glibc, vfork; then unshare of files and of the file system's state.
    expect([17, 0x3d0f00, 0x4111].map((flag) => answer(policy, clone, [flag]))).toEqual(
      Array(3).fill("allow"),
    );
    expect([0x400, 0x200].map((flag) => answer(policy, unshare, [flag]))).toEqual([
      "allow",
      "allow",
    ]);
    expect(answer(policy, callNumber("clone3", policy.arch))).toBe(38);
  },
);

/** Arguments of `socket`: family, type, protocol. SOCK_CLOEXEC and SOCK_NONBLOCK are bits of the type. */
const kinds: [string, [number, number, number]][] = [
  ["local stream", [1, 1 | 0o2000000, 0]],
  ["local datagram", [1, 2, 0]],
  ["TCP", [2, 1 | 0o2004000, 0]],
  ["TCP by its number, IPv6", [10, 1, 6]],
  ["MPTCP, which Landlock does not see", [2, 1, 262]],
  ["UDP", [2, 2, 0]],
  ["UDP, IPv6", [10, 2, 17]],
  ["ping", [2, 2, 1]],
  ["raw", [2, 3, 255]],
  ["netlink, routes", [16, 3, 0]],
  ["netlink, audit", [16, 3, 9]],
  ["packet", [17, 3, 768]],
  ["vsock", [40, 1, 0]],
  ["kernel cryptography", [38, 5, 0]],
  ["bluetooth", [31, 3, 1]],
];

const [yes, no, unknown] = ["allow", 1, 97];
const socketAnswers: [string, SeccompPolicy, (string | number)[]][] = [
  [
    "namespaces",
    namespaced,
    [yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, yes, unknown, unknown, unknown, unknown],
  ],
  [
    "landlock",
    shared,
    [no, no, yes, yes, no, no, no, no, no, yes, no, unknown, unknown, unknown, unknown],
  ],
  [
    "landlock, open sockets",
    { ...shared, localIpc: true },
    [yes, yes, yes, yes, no, no, no, no, no, yes, no, unknown, unknown, unknown, unknown],
  ],
  [
    "landlock, host network",
    { ...shared, network: true },
    [no, no, yes, yes, no, yes, yes, no, no, yes, no, unknown, unknown, unknown, unknown],
  ],
];

test.each(socketAnswers)("C23 the sockets of a command at %s", (_level, policy, expected) => {
  const call = callNumber("socket", policy.arch);
  const found = kinds.map(([name, args]) => [name, answer(policy, call, args)]);
  expect(found).toEqual(kinds.map(([name], at) => [name, expected[at] ?? ""]));
});

test("C23 at landlock no datagram pair can be turned to a path, and no packet opens a connection", () => {
  const pair = (policy: SeccompPolicy, type: number): string | number =>
    answer(policy, callNumber("socketpair", policy.arch), [1, type, 0]);
  expect([1, 5, 1 | 0o2000000, 2].map((type) => pair(shared, type))).toEqual([yes, yes, yes, no]);
  expect(pair(namespaced, 2)).toBe("allow");
  const sent = (
    [
      ["sendto", 3],
      ["sendmsg", 2],
      ["sendmmsg", 3],
    ] as const
  ).map(([name, arg]) =>
    [0, 0x4000, 0x20000000, 0x20004000].map((flags) => {
      const args: number[] = [];
      args[arg] = flags;
      return answer(shared, callNumber(name, "x64"), args);
    }),
  );
  expect(sent).toEqual(Array(3).fill([yes, yes, 95, 95]));
});

test("C23 at landlock objects of System V and message queues are refused; namespaces have their own", () => {
  const names = ["shmget", "shmat", "shmctl", "semop", "msgsnd", "msgrcv", "mq_open"] as const;
  const answers = (policy: SeccompPolicy): (string | number)[] =>
    names.map((name) => answer(policy, callNumber(name, policy.arch)));
  expect(new Set(answers(shared))).toEqual(new Set([1]));
  expect(new Set(answers({ ...shared, arch: "arm64" }))).toEqual(new Set([1]));
  expect(new Set(answers(namespaced))).toEqual(new Set([yes]));
  expect(new Set(answers({ ...shared, localIpc: true }))).toEqual(new Set([yes]));
});

test.each(levels)("C23 at %s no character is put into the input of a terminal", (_l, policy) => {
  const requests = [0x5412, 0x541c, 0x5401, 0x5413];
  const call = callNumber("ioctl", policy.arch);
  expect(requests.map((request) => answer(policy, call, [0, request]))).toEqual([1, 1, yes, yes]);
});

test.each(levels)(
  "C23 at %s calls of another architecture kill, and x32 has none",
  (_l, policy) => {
    expect(answer(policy, 5, [], 0x40000003)).toBe("kill");
    expect(answer(policy, 5, [], archWord[policy.arch === "x64" ? "arm64" : "x64"])).toBe("kill");
    const open = 0x40000002;
    expect(answer(policy, open)).toBe(policy.arch === "x64" ? 38 : yes);
  },
);

test("a filter has room in the kernel, and ordinary calls pass", () => {
  for (const [, policy] of levels) {
    expect(seccompProgram(policy).length / 8).toBeLessThan(4096);
    for (let call = 0; call < 20; call++) {
      if (policy.arch === "x64" && call === 16) continue;
      if (policy.arch === "arm64" && call === 18) continue;
      expect(answer(policy, call)).toBe("allow");
    }
  }
});
