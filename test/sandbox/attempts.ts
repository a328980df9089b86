/**
 * Attempts of a confined command to reach something outside, and what stops each at which level.
 *
 * `docs/security.md` has the same table; `escapes.test.ts` compares both and runs every attempt. An attempt
 * has succeeded when something outside shows it: a planted secret in its output, a changed file or process, a
 * message at a server. Where nothing outside could show it, the attempt prints the word ESCAPED itself.
 */

/** The reason why an attempt fails at a level; `open` when it does not. */
type Answer = { by: string } | { open: string };

export interface Attempt {
  name: string;
  /** The attempt, for the table in the documentation. */
  tries: string;
  /** The body of a Python function; `attack.ts` has the names that it uses. */
  code: string;
  namespaces: Answer;
  landlock: Answer;
  /** The first ABI of Landlock at which it is stopped; all of them by default. */
  abi?: number;
  /** Only root can try it, or only root has a limit on it. */
  root?: true;
  /** Stopped at level landlock all the same when root tries it. */
  heldForRoot?: true;
}

const view = { by: "not in the view" };
const readOnly = { by: "read-only or not in the view" };
const rules = { by: "file rules" };
const ownPids = { by: "own pid namespace" };
const ownNet = { by: "own network namespace" };
const ownIpc = { by: "own IPC namespace" };
const filter = { by: "system call filter" };
const domain = { by: "Landlock domain" };
const scope = { by: "signal scope" };
const ports = { by: "TCP rules" };
const noCaps = { by: "no capabilities" };
const metadata = "Landlock has no rule for metadata";

export const attempts: Attempt[] = [
  // Reading files.
  ...reads({
    "read-checkout": [
      "a file of the operator's checkout that git does not track",
      "CHECKOUT/private.txt",
    ],
    "read-git-config": ["the repository's git configuration", "CHECKOUT/.git/config"],
    "read-ssh-key": ["a key in the operator's home", "HOME/.ssh/id_ed25519"],
    "read-cloud-key": ["credentials in the operator's home", "HOME/.aws/credentials"],
    "read-approvals": ["dgov's approvals of endpoints", "CONFIG/dgov/planted"],
    "read-dgov-state": ["dgov's state, where its own key is", "STATE/dgov/planted"],
    "read-dgov-cache": ["dgov's cache, where other trees are", "CACHE/dgov/planted"],
    "read-temporary": ["a file in the system's temporary folder", "OUTSIDE/secret"],
  }),
  {
    name: "read-log",
    tries: "dgov's event log and run folders",
    code: 'for f in glob(CHECKOUT + "/.dgov/state.db*") + glob(CHECKOUT + "/.dgov/runtime/**", recursive=True): readable(f)',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "read-shadow",
    tries: "files of /etc that only root may read",
    code: 'for f in ["/etc/shadow", "/etc/gshadow"]: readable(f)',
    namespaces: { by: "covered by an empty file" },
    landlock: rules,
    root: true,
  },
  {
    name: "read-by-symlink",
    tries: "a file outside, through a link in the tree",
    code: 'os.symlink(OUTSIDE + "/secret", "link"); show("link")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "read-by-hard-link",
    tries: "a file outside, through a hard link made in the tree",
    code: 'os.link(OUTSIDE + "/secret", "hard"); show("hard")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "read-by-proc-root",
    tries: "a file outside, through /proc/PID/root and /proc/PID/cwd",
    code: 'for p in pids(): quiet(lambda: show(p + "/root" + OUTSIDE + "/secret")); quiet(lambda: show(p + "/cwd/secret"))',
    namespaces: ownPids,
    landlock: domain,
  },
  {
    name: "read-by-proc-fd",
    tries: "a file that another process holds open, through /proc/PID/fd",
    code: 'show("/proc/%d/fd/9" % VICTIM)',
    namespaces: ownPids,
    landlock: domain,
  },
  {
    name: "read-by-handle",
    tries: "a file outside, by its file handle",
    code: `
h = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128)); m = ctypes.c_int()
check(C.name_to_handle_at(-100, (OUTSIDE + "/secret").encode(), h, ctypes.byref(m), 0))
d = os.open(".", os.O_RDONLY); f = check(C.open_by_handle_at(d, h, os.O_RDONLY)); print(os.read(f, 100))`,
    namespaces: view,
    landlock: filter,
  },
  {
    name: "list-folder",
    tries: "the names in a folder outside",
    code: 'print("ESCAPED" if "secret" in os.listdir(OUTSIDE) else "")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "stat-file",
    tries: "size, times and existence of a file outside",
    code: 'os.stat(OUTSIDE + "/secret"); print("ESCAPED")',
    namespaces: view,
    landlock: { open: metadata },
  },
  {
    name: "watch-folder",
    tries: "notice of changes in a folder outside (inotify)",
    code: 'check(C.inotify_add_watch(check(C.inotify_init1(0)), OUTSIDE.encode(), 0x100)); print("ESCAPED")',
    namespaces: view,
    landlock: { open: metadata },
  },
  // Writing files.
  ...writes({
    "write-checkout": ["a file of the operator's checkout", "CHECKOUT/readme.txt"],
    "write-git-hook": ["a hook of the repository", "CHECKOUT/.git/hooks/post-checkout"],
    "write-git-config": ["the repository's git configuration", "CHECKOUT/.git/config"],
    "write-git-ref": ["a branch of the repository", "CHECKOUT/.git/refs/heads/planted"],
    "write-profile": ["the operator's shell profile", "HOME/.bashrc"],
    "write-toolchain": ["a program in a toolchain's folder on PATH", "HOME/.cargo/bin/planted"],
    "write-store": ["a package manager's store", "HOME/.cargo/registry/planted"],
    "write-dgov-state": ["dgov's state", "STATE/dgov/planted"],
    "write-dgov-cache": ["dgov's cache", "CACHE/dgov/planted"],
    "write-temporary": ["a file in the system's temporary folder", "CANARY/file"],
  }),
  {
    name: "write-log",
    tries: "dgov's event log",
    code: 'for f in glob(CHECKOUT + "/.dgov/state.db*"): writable(f)',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "write-system",
    tries: "a program of the system",
    code: 'for d in ["/usr/bin", "/usr/local/bin", "/etc", "/opt", "/etc/cron.d"]: creatable(d + "/dgov-planted")',
    namespaces: readOnly,
    landlock: rules,
  },
  {
    name: "write-dgov",
    tries: "the program dgov itself",
    code: "writable(PROGRAM)",
    namespaces: readOnly,
    landlock: rules,
  },
  {
    name: "write-by-symlink",
    tries: "a file outside, through a link in the tree",
    code: 'os.symlink(CANARY + "/file", "out"); open("out", "a").write("x")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "write-by-hard-link",
    tries: "a file outside, through a hard link made in the tree",
    code: 'os.link(CANARY + "/file", "outhard"); open("outhard", "a").write("x")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "link-out",
    tries: "a hard link or a move of a file to a folder outside",
    code: 'open("mine", "w").close(); quiet(lambda: os.link("mine", CANARY + "/linked")); os.rename("mine", CANARY + "/moved")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "write-by-race",
    tries: "a file outside, through a folder that is replaced by a link while it is opened",
    code: `
os.mkdir("real"); os.symlink(CANARY, "fake"); stop = time.time() + 0.3
if os.fork() == 0:
    while time.time() < stop:
        quiet(lambda: C.renameat2(-100, b"real", -100, b"fake", 2))
    os._exit(0)
while time.time() < stop:
    quiet(lambda: open("real/raced", "w").write("x"))`,
    namespaces: view,
    landlock: rules,
  },
  {
    name: "truncate-file",
    tries: "the content of a file outside, by truncate",
    code: 'os.truncate(CANARY + "/file", 0)',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "delete-file",
    tries: "the deletion of a file outside",
    code: 'os.unlink(CANARY + "/file")',
    namespaces: view,
    landlock: rules,
  },
  {
    name: "chmod-file",
    tries: "the mode of a file outside that belongs to the user",
    code: 'os.chmod(CANARY + "/file", 0o777)',
    namespaces: view,
    landlock: { open: metadata },
  },
  {
    name: "touch-file",
    tries: "the times of a file outside that belongs to the user",
    code: 'os.utime(CANARY + "/file", (1, 1))',
    namespaces: view,
    landlock: { open: metadata },
  },
  {
    name: "chown-file",
    tries: "the owner of a file outside, as root",
    code: 'os.chown(CANARY + "/file", 1, 1)',
    namespaces: view,
    landlock: noCaps,
    root: true,
  },
  // The kernel's own files and devices.
  {
    name: "core-pattern",
    tries: "a program that the kernel starts for crashes, by core_pattern",
    code: 'writable("/proc/sys/kernel/core_pattern")',
    namespaces: { by: "/proc/sys is read-only" },
    landlock: rules,
  },
  {
    name: "kernel-settings",
    tries: "other settings of the kernel (/proc/sys, /proc/sysrq-trigger)",
    code: 'for f in ["/proc/sys/kernel/modprobe", "/proc/sys/vm/drop_caches", "/proc/sys/fs/suid_dumpable", "/proc/sysrq-trigger"]: writable(f)',
    namespaces: readOnly,
    landlock: rules,
  },
  {
    name: "sys-files",
    tries: "files of /sys, and a control group without limits",
    code: `
for f in ["/sys/kernel/uevent_helper", "/sys/power/state"] + glob("/sys/fs/cgroup/*/cgroup.procs") + ["/sys/fs/cgroup/cgroup.procs"]: writable(f)
for d in ["/sys/fs/cgroup"] + glob("/sys/fs/cgroup/*"): quiet(lambda: (os.mkdir(d + "/planted"), os.rmdir(d + "/planted"), print("ESCAPED")))`,
    namespaces: view,
    landlock: rules,
  },
  {
    name: "make-device",
    tries: "a device file made in the tree",
    code: `
for kind, major, minor in [(0o060000, 259, 0), (0o060000, 254, 0), (0o020000, 1, 1)]:
    quiet(lambda: (os.mknod("dev%d" % major, kind | 0o666, os.makedev(major, minor)), print("ESCAPED")))`,
    namespaces: noCaps,
    landlock: rules,
  },
  {
    name: "open-device",
    tries: "disks, memory and the kernel's log",
    code: 'for f in glob("/dev/vd*") + glob("/dev/sd*") + glob("/dev/nvme*") + ["/dev/mem", "/dev/kmsg", "/dev/port", "/proc/kcore", "/proc/kmsg"]: readable(f)',
    namespaces: { by: "own /dev, no capabilities" },
    landlock: rules,
  },
  {
    name: "write-terminal",
    tries: "terminals of the operator",
    code: `
for f in glob("/dev/pts/[0-9]*") + glob("/dev/tty[0-9]*"): writable(f)`,
    namespaces: { by: "own /dev" },
    landlock: rules,
  },
  {
    name: "type-into-terminal",
    tries: "characters typed into a terminal (TIOCSTI)",
    code: `
a, b = os.openpty(); os.setsid(); fcntl.ioctl(b, 0x540e, 0); fcntl.ioctl(b, 0x5412, b"x"); print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  // Rights and namespaces.
  {
    name: "gain-rights",
    tries: "rights by a set-user-ID program, or capabilities that remained",
    code: `
s = dict(l.split(":", 1) for l in open("/proc/self/status").read().splitlines())
if s["NoNewPrivs"].strip() != "1" or int(s["CapEff"], 16) & ~2 or int(s["CapBnd"], 16) & ~2 and os.getuid() == 0: print("ESCAPED")
for u in [0, 1, 12345]:
    if u != os.getuid(): quiet(lambda: (os.setresuid(u, u, u), print("ESCAPED")))`,
    namespaces: { by: "no_new_privs, no capabilities" },
    landlock: { by: "no_new_privs, no capabilities but one on files" },
  },
  {
    name: "mount",
    tries: "a mount, by the old and by the new calls",
    code: `
os.mkdir("m")
for r in [C.mount(b"none", b"m", b"tmpfs", 0, None), C.umount2(b"m", 0), C.mount(OUTSIDE.encode(), b"m", None, 4096, None), C.umount2(b"m", 0), syscall("fsopen", b"tmpfs", 0), syscall("open_tree", -100, b"/", 1)]:
    if r >= 0: print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "new-namespace",
    tries: "a namespace of its own, by unshare, clone and clone3",
    code: `
for f in [0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x2000000]:
    if os.fork() == 0:
        if C.unshare(f) == 0: print("ESCAPED", flush=True)
        os._exit(0)
    os.wait()
if run("unshare", "-Ur", "true") == 0 or run("bwrap", "--ro-bind", "/", "/", "true") == 0: print("ESCAPED")
b = ctypes.create_string_buffer(struct.pack("Q", 0x10000000) + bytes(32) + bytes(48))
r = syscall("clone3", b, 88)
if r == 0: os._exit(0)
if r > 0: print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "join-namespace",
    tries: "the namespaces of another process",
    code: `
for p in pids():
    for n in ["user", "mnt", "net", "pid", "ipc"]:
        if p.endswith("/%d" % os.getpid()): continue
        quiet(lambda: (C.setns(os.open(p + "/ns/" + n, 0), 0) == 0 and print("ESCAPED")))`,
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "change-root",
    tries: "another root folder (chroot, pivot_root)",
    code: `
quiet(lambda: (os.chroot("."), print("ESCAPED")))
if syscall("pivot_root", b".", b".") == 0: print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "kernel-interfaces",
    tries: "bpf, perf events, userfaultfd, io_uring, modules, kexec",
    code: `
z = ctypes.create_string_buffer(256)
for n, a in [("bpf", (0, z, 72)), ("perf_event_open", (z, 0, -1, -1, 0)), ("userfaultfd", (1,)), ("io_uring_setup", (8, z)), ("init_module", (z, 1, b"")), ("kexec_load", (0, 0, 0, 0)), ("fanotify_init", (0, 0)), ("syslog", (3, z, 256))]:
    if syscall(n, *a) >= 0: print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "foreign-calls",
    tries: "the filter, by system calls of another architecture",
    code: `
if os.uname().machine == "x86_64":
    import mmap
    m = mmap.mmap(-1, 4096, prot=7); m.write(bytes([0x53, 0xb8, 0x20, 1, 0, 0, 0x31, 0xdb, 0x31, 0xc9, 0x31, 0xd2, 0xcd, 0x80, 0x5b, 0xc3]))
    f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
    r = f()
    if r != -38: print("ESCAPED", r)
    if C.syscall(0x40000000 + 250, 0, -3, 0) >= 0: print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  // Other processes.
  ...onProcesses({
    "signal-process": ["a signal to another process", "os.kill(VICTIM, 15)", scope, 6],
    "queue-signal": [
      "a signal to another process by rt_sigqueueinfo, tgkill or a pidfd",
      `
i = ctypes.create_string_buffer(struct.pack("iii", 15, 0, -1) + bytes(116))
syscall("rt_sigqueueinfo", VICTIM, 15, i); syscall("tgkill", VICTIM, VICTIM, 15)
syscall("pidfd_send_signal", check(syscall("pidfd_open", VICTIM, 0)), 15, 0, 0)`,
      scope,
      6,
    ],
    "trace-process": [
      "control of another process by ptrace",
      'for r in [16, 0x4206]: C.ptrace(r, VICTIM, None, None) == 0 and print("ESCAPED")',
      domain,
    ],
    "limit-process": [
      "limits of another process that end it (prlimit)",
      'b = struct.pack("QQ", 1, 1); check(syscall("prlimit64", VICTIM, 0, ctypes.create_string_buffer(b), 0))',
      filter,
    ],
  }),
  {
    name: "slow-process",
    tries: "priority and processors of another process of the user",
    code: "os.setpriority(os.PRIO_PROCESS, VICTIM, 19); os.sched_setaffinity(VICTIM, {0})",
    namespaces: ownPids,
    landlock: { open: "Landlock has no rule for priorities" },
    // A process with fewer capabilities may not change one with more.
    heldForRoot: true,
  },
  {
    name: "read-environment",
    tries: "the environment of dgov and of other processes",
    code: 'for p in pids(): quiet(lambda: show(p + "/environ"))',
    namespaces: ownPids,
    landlock: domain,
  },
  {
    name: "read-memory",
    tries: "the memory of another process",
    code: `
quiet(lambda: (open("/proc/%d/mem" % VICTIM, "rb"), print("ESCAPED")))
n = ctypes.create_string_buffer(8); v = struct.pack("PN", ctypes.addressof(n), 8)
if syscall("process_vm_readv", VICTIM, ctypes.create_string_buffer(v), 1, ctypes.create_string_buffer(struct.pack("PN", 4096, 8)), 1, 0) >= 0 or ctypes.get_errno() == 14: print("ESCAPED")`,
    namespaces: ownPids,
    landlock: domain,
  },
  {
    name: "take-descriptor",
    tries: "an open file of another process by pidfd_getfd",
    code: 'print(os.read(check(syscall("pidfd_getfd", check(syscall("pidfd_open", VICTIM, 0)), 9, 0)), 100))',
    namespaces: ownPids,
    landlock: filter,
  },
  {
    name: "read-arguments",
    tries: "the arguments of other processes",
    code: 'for p in pids(): quiet(lambda: show(p + "/cmdline"))',
    namespaces: ownPids,
    landlock: { open: "/proc is the machine's" },
  },
  {
    name: "inherited-descriptors",
    tries: "files that dgov or bubblewrap left open",
    code: `
for f in range(3, 512):
    quiet(lambda: (os.fstat(f), f != PIPE and print("ESCAPED", f, os.readlink("/proc/self/fd/%d" % f))))`,
    namespaces: { by: "closed when a program starts" },
    landlock: { by: "closed when a program starts" },
  },
  {
    name: "outlive-command",
    tries: "a process that forks twice, leaves its session, clears its environment and stays",
    code: `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for f in range(3): os.close(f)
        os.close(PIPE)
        os.execve("/bin/sh", ["sh", "-c", "while :; do sleep 0.05; done", SURVIVOR], {})
    os._exit(0)
os.wait(); time.sleep(0.05)`,
    namespaces: ownPids,
    landlock: { by: "supervisor" },
  },
  // The network.
  ...onNetwork({
    "tcp-loopback": ["a TCP server on the machine", 'tcp("127.0.0.1", TCP)', ports, 4],
    "tcp-shell": [
      "the same, by the shell's /dev/tcp",
      'run("bash", "-c", "echo %s >/dev/tcp/127.0.0.1/%d" % (NAME, TCP))',
      ports,
      4,
    ],
    "tcp-ipv6": [
      "a TCP server on the machine, by IPv6",
      'tcp("::1", TCP, socket.AF_INET6)',
      ports,
      4,
    ],
    "tcp-address": [
      "a TCP server at another address of the machine",
      'tcp("127.0.0.2", TCP)',
      ports,
      4,
    ],
    "tcp-fast-open": [
      "a TCP connection without connect (MSG_FASTOPEN)",
      's = socket.socket(); s.sendto(NAME.encode(), 0x20000000, ("127.0.0.1", TCP)); s.close()',
      filter,
    ],
    mptcp: [
      "a multipath TCP connection, which TCP rules do not cover",
      's = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); s.connect(("127.0.0.1", TCP)); s.send(NAME.encode())',
      filter,
    ],
    udp: ["a UDP server on the machine", 'udp(("127.0.0.1", UDP))', filter],
    dns: [
      "a query to a name server",
      's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0" + bytes([len(NAME)]) + NAME.encode() + b"\\x04test\\0\\0\\x01\\0\\x01", ("127.0.0.1", UDP))',
      filter,
    ],
  }),
  {
    name: "raw-packets",
    tries: "raw and packet sockets, ping, changes of addresses and routes",
    code: `
for a in [(17, 3, 768), (2, 3, 255), (2, 3, 1)]:
    quiet(lambda: (socket.socket(*a), print("ESCAPED")))
quiet(lambda: run("ip", "addr", "add", "127.9.9.9/8", "dev", "lo") == 0 and print("ESCAPED"))`,
    namespaces: noCaps,
    landlock: filter,
  },
  {
    name: "hypervisor",
    tries: "a socket to the host of a virtual machine (vsock), which no namespace holds",
    code: 'socket.socket(40, 1, 0); print("ESCAPED")',
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "unix-socket",
    tries: "a socket of the file system, such as that of Docker or of an SSH agent",
    code: 's = socket.socket(socket.AF_UNIX); s.connect(OUTSIDE + "/socket"); s.send(NAME.encode())',
    namespaces: view,
    landlock: filter,
  },
  {
    name: "unix-datagram",
    tries: "a datagram socket of the file system, by a pair that is connected to it later",
    code: 's = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]; s.connect(OUTSIDE + "/datagrams"); s.send(NAME.encode())',
    namespaces: view,
    landlock: filter,
  },
  {
    name: "abstract-socket",
    tries: "an abstract socket, such as that of a desktop session",
    code: 's = socket.socket(socket.AF_UNIX); s.connect("\\0" + ABSTRACT); s.send(NAME.encode())',
    namespaces: ownNet,
    landlock: filter,
  },
  // Objects of IPC and keys.
  {
    name: "sysv-memory",
    tries: "shared memory, semaphores and queues of System V",
    code: `
i = C.shmget(SHM, 0, 0)
if i >= 0:
    C.shmat.restype = ctypes.c_void_p; print(ctypes.string_at(C.shmat(i, None, 0x1000)))
for r in [C.shmget(0, 4096, 0o1600), C.semget(SHM, 1, 0o1600), C.msgget(SHM, 0o1600)]:
    if r >= 0 and LEVEL == "landlock": print("ESCAPED")
C.shmctl(i, 0, None)`,
    namespaces: ownIpc,
    landlock: filter,
  },
  {
    name: "message-queue",
    tries: "a POSIX message queue",
    code: `
r = ctypes.CDLL("librt.so.1", use_errno=True)
q = check(r.mq_open(("/" + QUEUE).encode(), 0x800)); b = ctypes.create_string_buffer(8192); r.mq_receive(q, b, 8192, None); print(b.value)`,
    namespaces: ownIpc,
    landlock: filter,
  },
  {
    name: "posix-memory",
    tries: "POSIX shared memory of another process of the user (/dev/shm)",
    code: 'show("/dev/shm/" + QUEUE)',
    namespaces: { by: "own /dev/shm" },
    landlock: { open: "Python and others need the folder" },
  },
  {
    name: "keyring",
    tries: "keys in the kernel's keyrings of the user and the session",
    code: `
for k in [-3, -4, -5]:
    if syscall("keyctl", 11, k, ctypes.create_string_buffer(4096), 4096) >= 0: print("ESCAPED")
if syscall("add_key", b"user", b"planted", b"x", 1, -4) >= 0 or syscall("request_key", b"user", b"planted", 0, 0) >= 0: print("ESCAPED")`,
    namespaces: filter,
    landlock: filter,
  },
  {
    name: "memory-program",
    tries: "a file outside, by a program that is in memory only",
    code: `
f = os.memfd_create("x"); os.write(f, b"#!/bin/sh\\ncat " + OUTSIDE.encode() + b"/secret\\n")
print(run("/proc/self/fd/%d" % f, fds=[f]), "-"); run("sh", "/proc/self/fd/%d" % f, fds=[f])`,
    namespaces: view,
    landlock: rules,
  },
  // Limits.
  {
    name: "large-file",
    tries: "a file over file_gib",
    code: `
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
quiet(lambda: os.truncate(os.open("large", os.O_RDWR | os.O_CREAT), FILE_BYTES + 1))
print("ESCAPED" if os.path.getsize("large") > FILE_BYTES else "")`,
    namespaces: { by: "resource limit" },
    landlock: { by: "resource limit" },
  },
  {
    name: "many-processes",
    tries: "more processes than [sandbox] processes (a fork bomb)",
    code: `
n, made = PROCESSES + 100 + 2 * TASKS, []
try:
    while len(made) < n:
        p = os.fork()
        if p == 0: time.sleep(60); os._exit(0)
        made.append(p)
    print("ESCAPED")
finally:
    for p in made: os.kill(p, 9)`,
    namespaces: { by: "control group or resource limit" },
    landlock: { by: "control group or resource limit" },
  },
];

function reads(of: Record<string, [tries: string, path: string]>): Attempt[] {
  return Object.entries(of).map(([name, [tries, path]]) => ({
    ...{ name, tries, code: `show(at("${path}"))` },
    namespaces: view,
    landlock: rules,
  }));
}

function writes(of: Record<string, [tries: string, path: string]>): Attempt[] {
  return Object.entries(of).map(([name, [tries, path]]) => ({
    ...{ name, tries, code: `open(at("${path}"), "a").write("x")` },
    namespaces: readOnly,
    landlock: rules,
    ...(name === "write-store" ? { namespaces: { by: "overlay in memory" } } : {}),
  }));
}

function onProcesses(
  of: Record<string, [tries: string, code: string, landlock: Answer, abi?: number]>,
): Attempt[] {
  return Object.entries(of).map(([name, [tries, code, landlock, abi]]) => ({
    ...{ name, tries, code, landlock, namespaces: ownPids },
    ...(abi === undefined ? {} : { abi }),
  }));
}

function onNetwork(
  of: Record<string, [tries: string, code: string, landlock: Answer, abi?: number]>,
): Attempt[] {
  return Object.entries(of).map(([name, [tries, code, landlock, abi]]) => ({
    ...{ name, tries, code, landlock, namespaces: ownNet },
    ...(abi === undefined ? {} : { abi }),
  }));
}

/** The table of `docs/security.md`, a line for each attempt. */
export function securityTable(): string[] {
  return [
    "| attempt | a command tries to reach | `namespaces` | `landlock` |",
    "|---|---|---|---|",
    ...attempts.map((attempt) => {
      const { name, tries, namespaces, landlock, abi, root, heldForRoot } = attempt;
      const since = abi === undefined ? "" : ` from ABI ${abi}`;
      const held = heldForRoot === undefined ? "" : " (root: held)";
      const who = root === undefined ? "" : " (root)";
      const cells = [text(namespaces), `${text(landlock)}${since}${held}`];
      return `| \`${name}\` | ${tries}${who} | ${cells.join(" | ")} |`;
    }),
  ];
}

function text(answer: Answer): string {
  return "open" in answer ? `**not stopped**: ${answer.open}` : answer.by;
}
