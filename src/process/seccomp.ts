/**
 * The system call filter of a confined command, as a BPF program. Pure.
 *
 * It refuses what neither mounts nor Landlock hold: keyrings, which belong to the user and not to a
 * namespace; kernel interfaces with a history of faults (bpf, perf, io_uring); further namespaces and mounts;
 * and, where the command shares the machine's network and IPC, the sockets and IPC objects that Landlock
 * does not see. Everything else is allowed, so that ordinary programs run unchanged. A refused call fails
 * with an error that programs know how to handle; only system calls of a foreign architecture kill.
 *
 * `ptrace` is allowed: debuggers and LeakSanitizer trace their own processes, and both levels refuse others
 * without the filter, the one by its pid namespace, the other by Landlock's domain.
 */

/** Architectures with a filter, as `process.arch` names them. */
export type SeccompArch = "x64" | "arm64";

/** The facts that decide about a filter. */
export interface SeccompPolicy {
  arch: SeccompArch;
  /** True where namespaces hold sockets and IPC objects, or the command was granted the machine's network. */
  namespaces: boolean;
  /** True when the command may use the machine's network, UDP included. Of no effect with `namespaces`. */
  network: boolean;
  /** True when local sockets and IPC objects of the machine may be used. Of no effect with `namespaces`. */
  localIpc: boolean;
}

/** One comparison: the low half of an argument, masked, equals a value. */
interface Comparison {
  arg: number;
  mask?: number;
  value: number;
}

/** The answer to one system call: that of the first case whose comparisons all hold, or the last. */
interface Rule {
  call: number;
  cases: { all: Comparison[]; action: number }[];
  otherwise: number;
}

/** One instruction: code, jump offsets, operand. */
type Instruction = [code: number, ifTrue: number, ifFalse: number, operand: number];

const allow = 0x7fff0000;
const kill = 0x80000000;
const fail = (errno: number): number => 0x00050000 | errno;
const [EPERM, ENOSYS, EOPNOTSUPP, EAFNOSUPPORT] = [1, 38, 95, 97];

const [load, and, jumpEqual, jumpAtLeast, answer] = [0x20, 0x54, 0x15, 0x35, 0x06];
/** Offsets in `struct seccomp_data`. */
const [offsetCall, offsetArch, offsetArgs] = [0, 4, 16];
/** x32 calls have this bit; they would pass a filter that knows the numbers of x86-64 only. */
const x32Bit = 0x40000000;
const auditArch: Record<SeccompArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Numbers of system calls: x86-64, then arm64; null where the architecture has none. */
const numbers = {
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_tree_attr: [467, 467],
  setns: [308, 268],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  vhangup: [153, 58],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  uselib: [134, null],
  iopl: [172, null],
  ioperm: [173, null],
  unshare: [272, 97],
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  socket: [41, 198],
  socketpair: [53, 199],
  sendto: [44, 206],
  sendmsg: [46, 211],
  sendmmsg: [307, 269],
  shmget: [29, 194],
  shmat: [30, 196],
  shmctl: [31, 195],
  semget: [64, 190],
  semop: [65, 193],
  semctl: [66, 191],
  semtimedop: [220, 192],
  msgget: [68, 186],
  msgsnd: [69, 189],
  msgrcv: [70, 188],
  msgctl: [71, 187],
  prlimit64: [302, 261],
  mq_open: [240, 180],
  mq_unlink: [241, 181],
} as const satisfies Record<string, readonly [number, number | null]>;

/** Name of a system call that a filter may refuse. */
export type RefusedCall = keyof typeof numbers;

/** The number of a system call; null where the architecture has none. */
export function callNumber(name: RefusedCall, arch: SeccompArch): number | null {
  return numbers[name][arch === "x64" ? 0 : 1];
}

/** Calls that are refused whatever their arguments. */
const always: RefusedCall[] = [
  ...(["add_key", "request_key", "keyctl"] as const),
  ...(["bpf", "perf_event_open", "userfaultfd"] as const),
  ...(["io_uring_setup", "io_uring_enter", "io_uring_register"] as const),
  ...(["mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount"] as const),
  ...(["fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr"] as const),
  ...(["setns", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"] as const),
  ...(["open_by_handle_at", "fanotify_init"] as const),
  ...(["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load"] as const),
  ...(["reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog"] as const),
  ...(["settimeofday", "clock_settime", "clock_adjtime", "sethostname", "setdomainname"] as const),
  ...(["vhangup", "lookup_dcookie", "nfsservctl", "uselib", "iopl", "ioperm"] as const),
];

/** Objects of System V IPC and POSIX message queues: their names are no paths, so Landlock knows none of them. */
const ipcObjects: RefusedCall[] = [
  ...(["shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop"] as const),
  ...(["msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink"] as const),
];

/** CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET. */
const newNamespaces = 0x7e020000;
/** CLONE_NEWTIME, which is part of the exit signal in `clone` and a flag in `unshare`. */
const newTime = 0x80;

const [unix, inet, inet6, netlink] = [1, 2, 10, 16];
const [stream, datagram, sequential, typeMask] = [1, 2, 5, 0xf];
const [tcp, udp, routing] = [6, 17, 0];
const fastOpen = 0x20000000;
/** TIOCSTI and TIOCLINUX put characters into the input of a terminal. */
const terminalInput = [0x5412, 0x541c];

/** The filter as the bytes of `struct sock_filter`s, as `bwrap --seccomp` and `prctl` take it. */
export function seccompProgram(policy: SeccompPolicy): Uint8Array {
  const { arch } = policy;
  const program: Instruction[] = [
    [load, 0, 0, offsetArch],
    [jumpEqual, 1, 0, auditArch[arch]],
    [answer, 0, 0, kill],
    [load, 0, 0, offsetCall],
  ];
  if (arch === "x64") program.push([jumpAtLeast, 0, 1, x32Bit], [answer, 0, 0, fail(ENOSYS)]);
  for (const rule of rules(policy)) program.push(...block(rule));
  program.push([answer, 0, 0, allow]);
  return encode(program);
}

function rules(policy: SeccompPolicy): Rule[] {
  const found: Rule[] = [];
  const add = (name: RefusedCall, otherwise: number, cases: Rule["cases"] = []): void => {
    const call = callNumber(name, policy.arch);
    if (call !== null) found.push({ call, cases, otherwise });
  };
  for (const name of always) add(name, fail(EPERM));
  const none = (mask: number): Rule["cases"] => [
    { all: [{ arg: 0, mask, value: 0 }], action: allow },
  ];
  add("unshare", fail(EPERM), none(newNamespaces | newTime));
  add("clone", fail(EPERM), none(newNamespaces));
  // Its flags are in memory, which a filter cannot read. The C libraries fall back to clone.
  add("clone3", fail(ENOSYS));
  const typed = terminalInput.map((value) => ({
    all: [{ arg: 1, value }],
    action: fail(EPERM),
  }));
  add("ioctl", allow, typed);
  add("socket", fail(EAFNOSUPPORT), policy.namespaces ? namespacedSockets() : sockets(policy));
  if (policy.namespaces) return found;

  // Of this process only: a limit in running time would end another one.
  add("prlimit64", fail(EPERM), [{ all: [{ arg: 0, value: 0 }], action: allow }]);
  if (!policy.localIpc) {
    for (const name of ipcObjects) add(name, fail(EPERM));
    // A datagram socket of a pair can be connected to a path later.
    const paired = [stream, sequential].map((value) => ({
      all: [{ arg: 1, mask: typeMask, value }],
      action: allow,
    }));
    add("socketpair", fail(EPERM), paired);
  }
  if (!policy.network) {
    // MSG_FASTOPEN connects without `connect`, which is where Landlock decides.
    for (const [name, arg] of [
      ["sendto", 3] as const,
      ["sendmsg", 2] as const,
      ["sendmmsg", 3] as const,
    ]) {
      add(name, fail(EOPNOTSUPP), [{ all: [{ arg, mask: fastOpen, value: 0 }], action: allow }]);
    }
  }
  return found;
}

/** Families whose sockets stay in the command's network namespace; those of a hypervisor (vsock) do not. */
function namespacedSockets(): Rule["cases"] {
  return [unix, inet, inet6, netlink].map((value) => ({
    all: [{ arg: 0, value }],
    action: allow,
  }));
}

/** Sockets of a command in the machine's own network: those that Landlock holds, and what is granted. */
function sockets(policy: SeccompPolicy): Rule["cases"] {
  const cases: Rule["cases"] = [
    { all: [{ arg: 0, value: unix }], action: policy.localIpc ? allow : fail(EPERM) },
    // Programs list the addresses of interfaces by it.
    {
      all: [
        { arg: 0, value: netlink },
        { arg: 2, value: routing },
      ],
      action: allow,
    },
  ];
  const kinds = [
    { type: stream, protocols: [0, tcp] },
    ...(policy.network ? [{ type: datagram, protocols: [0, udp] }] : []),
  ];
  for (const family of [inet, inet6]) {
    for (const { type, protocols } of kinds) {
      for (const protocol of protocols) {
        const all = [
          { arg: 0, value: family },
          { arg: 1, mask: typeMask, value: type },
          { arg: 2, value: protocol },
        ];
        cases.push({ all, action: allow });
      }
    }
    cases.push({ all: [{ arg: 0, value: family }], action: fail(EPERM) });
  }
  cases.push({ all: [{ arg: 0, value: netlink }], action: fail(EPERM) });
  return cases;
}

/** The instructions of one rule. The number of the call is in the accumulator, and still is when it is another one. */
function block(rule: Rule): Instruction[] {
  const body: Instruction[] = [];
  for (const { all, action } of rule.cases) {
    const tests = all.map(({ arg, mask, value }): Instruction[] => [
      [load, 0, 0, offsetArgs + 8 * arg],
      ...(mask === undefined ? [] : [[and, 0, 0, mask] satisfies Instruction]),
      [jumpEqual, 0, 0, value],
    ]);
    const instructions = [...tests.flat(), [answer, 0, 0, action] satisfies Instruction];
    // A comparison that fails goes on behind the answer of its case.
    body.push(
      ...instructions.map(([code, ifTrue, ifFalse, operand], index): Instruction => {
        const skip = instructions.length - index - 1;
        return [code, ifTrue, code === jumpEqual ? skip : ifFalse, operand];
      }),
    );
  }
  body.push([answer, 0, 0, rule.otherwise]);
  return [[jumpEqual, 0, body.length, rule.call], ...body];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(([code, ifTrue, ifFalse, operand], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, operand, true);
  });
  return bytes;
}
