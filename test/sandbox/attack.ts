/**
 * The surroundings of an attack: secrets, canaries, servers and processes outside, and the program that makes all
 * attempts of `attempts.ts`. One run of the program makes every attempt, each in a process of its own.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { callNumber, type RefusedCall } from "../../src/process/seccomp.ts";
import { processStart } from "../../src/process/tree.ts";
import { attempts } from "./attempts.ts";

/** A text that occurs only in planted secrets. */
const secret = `TOPSECRET-${randomBytes(6).toString("hex")}`;
export const secretEnvironment = { OPERATOR_TOKEN: secret };

/** Limits of the attacked commands. */
export const attackLimits = { processes: 100, fileGib: 1 };

/** User and group of the attack when it is not that of the test. */
export const normalUser = 65_534;

export interface Attack {
  /** The text of the attacking program. It prints one line for each attempt. */
  program(o: { level: string }): string;
  /** Names of the attempts that succeeded, by what is seen outside and in the outputs of the program. */
  escaped(outputs: readonly string[]): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The places that attempts name. */
export interface AttackPlaces {
  /** A folder for all that is planted and is in no other place. */
  outside: string;
  checkout: string;
  home: string;
  /** The program under test. */
  dgov: string;
  /** User and group of the attacked commands. */
  user: number;
}

/** Plants everything. The caller starts the attack. */
export async function plantAttack(places: AttackPlaces): Promise<Attack> {
  const { outside, checkout, home, user } = places;
  const id = randomBytes(6).toString("hex");
  const own = user === process.getuid?.();
  const plant = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const [config, state, cache] = [".config", ".local/state", ".cache"].map((at) => join(home, at));
  for (const path of [
    ...[join(checkout, "private.txt"), join(outside, "secret"), `/dev/shm/dgov-${id}`],
    ...[join(home, ".ssh/id_ed25519"), join(home, ".aws/credentials")],
    ...[config, state, cache].map((folder) => join(folder ?? "", "dgov/planted")),
  ]) {
    plant(path, `${secret}\n`);
  }
  const gitConfig = join(checkout, ".git/config");
  writeFileSync(gitConfig, `${readFileSync(gitConfig, "utf8")}[planted]\n\tvalue = ${secret}\n`);
  // Git does not show it, and a run does not ask about it.
  plant(join(checkout, ".git/info/exclude"), "private.txt\n");
  plant(join(home, ".bashrc"), "");
  plant(join(home, ".cargo/bin/tool"), "#!/bin/sh\n");
  chmodSync(join(home, ".cargo/bin/tool"), 0o755);
  plant(join(home, ".cargo/registry/index"), "");
  for (const { name } of attempts) plant(join(outside, "canary", name, "file"), "canary\n");
  if (!own) giveTo(user, [outside, checkout, home, `/dev/shm/dgov-${id}`]);

  const victims = new Map<string, number>();
  const as = own ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const children: Bun.Subprocess[] = [];
  // It reads from a pipe that it holds itself, so it waits until it is killed.
  const pipe = 'mkfifo "$0.$$"; exec 8<>"$0.$$" 9<"$0"';
  const hold = `${pipe}; exec /bin/sh -c 'read -r line <&8' "$1"`;
  for (const { name, code } of attempts) {
    if (!code.includes("VICTIM")) continue;
    const argv = [...as, "/bin/sh", "-c", hold, join(outside, "secret"), secret];
    const env = { ...secretEnvironment, PATH: "/usr/bin:/bin" };
    const child = Bun.spawn(argv, { env });
    children.push(child);
    victims.set(name, child.pid);
  }

  const received = new Set<string>();
  const take = (data: Uint8Array | string): void => {
    const text = Buffer.from(data as Uint8Array).toString("latin1");
    for (const { name } of attempts) if (text.includes(name)) received.add(name);
  };
  const socket = { data: (_: unknown, data: Uint8Array) => take(data) };
  const first = Bun.listen({ hostname: "0.0.0.0", port: 0, socket });
  const { port } = first;
  const servers = [
    first,
    Bun.listen({ unix: join(outside, "socket"), socket }),
    Bun.listen({ unix: `\0dgov-${id}`, socket }),
    // Null on a machine without IPv6.
    quietly(() => Bun.listen({ hostname: "::1", port, socket })),
  ];
  const datagrams = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: { data: (_, data) => take(data) },
  });
  // Bun has no local datagram sockets, message queues or shared memory: a program of Python has.
  const shm = Number.parseInt(id.slice(0, 7), 16);
  const helper = Bun.spawn([...as, "/usr/bin/env", "python3", "-c", helperProgram], {
    env: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      PLANTED: JSON.stringify({ outside, id, shm, secret }),
    },
    stdin: "pipe",
    stdout: "pipe",
  });
  children.push(helper);
  const lines = helper.stdout.getReader();
  await lines.read();

  const watched = (name: string, code: string): string[] => {
    const path = /^open\(at\("(.*?)"\), "a"\)/.exec(code)?.[1];
    return path === undefined ? [join(outside, "canary", name)] : [resolved(path, name)];
  };
  const resolved = (path: string, name: string): string =>
    path
      .replace(/^CANARY/, join(outside, "canary", name))
      .replace(/^(\w+)\//, (whole, word: string) => {
        const known: Record<string, string | undefined> = {
          ...{ CHECKOUT: checkout, HOME: home, CONFIG: config, STATE: state, CACHE: cache },
          OUTSIDE: outside,
        };
        return known[word] === undefined ? whole : `${known[word]}/`;
      });
  const look = (): Map<string, string> =>
    new Map(
      attempts.map(({ name, code }) => {
        const pid = victims.get(name);
        const seen = watched(name, code).map(snapshot);
        return [name, JSON.stringify([seen, pid === undefined ? null : processState(pid)])];
      }),
    );
  // Each process must have become the waiting one before it is described.
  for (const pid of victims.values()) {
    await until(() => commandLine(pid).startsWith("/bin/sh\0-c\0read"));
  }
  const before = look();

  return {
    program: ({ level }) =>
      attackProgram({
        ...{ OUTSIDE: outside, CHECKOUT: checkout, HOME: home, CONFIG: config, STATE: state },
        ...{ CACHE: cache, PROGRAM: places.dgov, LEVEL: level },
        ...{ TCP: port, UDP: datagrams.port, ABSTRACT: `dgov-${id}`, QUEUE: `dgov-${id}` },
        ...{ SHM: shm, SURVIVORS: `dgov-survivor-${id}`, VICTIMS: Object.fromEntries(victims) },
        ...{ FILE_BYTES: attackLimits.fileGib * 1024 ** 3, PROCESSES: attackLimits.processes },
        TASKS: user === 0 ? 0 : tasks(),
      }),
    async escaped(outputs) {
      helper.stdin.write("end\n");
      helper.stdin.end();
      take((await lines.read()).value ?? "");
      const after = look();
      const survivors = processesWith(`dgov-survivor-${id}`);
      const found = attempts
        .map(({ name }) => name)
        .filter((name) => {
          const said = outputs.some((text) => saysEscaped(text, name));
          const changed = before.get(name) !== after.get(name);
          return (
            said || changed || received.has(name) || survivors.some((s) => s.includes(`-${name}`))
          );
        });
      return found.sort();
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server?.stop(true);
      datagrams.close();
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => child.exited));
      rmSync(`/dev/shm/dgov-${id}`, { force: true });
      for (const pid of processesWith(`dgov-survivor-${id}`, true)) {
        quietly(() => process.kill(Number(pid), "SIGKILL"));
      }
    },
  };
}

/** True when an output has an attempt's line with a secret or the word that the attempt prints on success. */
function saysEscaped(output: string, name: string): boolean {
  const line = new RegExp(`^attempt ${name}: (.*)$`, "m").exec(output)?.[1] ?? "";
  return line.includes(secret) || line.includes("ESCAPED");
}

/** Names of the attempts whose lines an output has. */
export function attempted(output: string): string[] {
  return [...output.matchAll(/^attempt ([\w-]+): /gm)].map(([, name = ""]) => name).sort();
}

const helperProgram = `
import ctypes, json, os, socket, sys
p = json.loads(os.environ["PLANTED"])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(p["outside"] + "/datagrams")
C = ctypes.CDLL(None, use_errno=True); C.shmat.restype = ctypes.c_void_p
i = C.shmget(p["shm"], 4096, 0o1600); a = C.shmat(i, None, 0)
ctypes.memmove(a, p["secret"].encode(), len(p["secret"]))
r = ctypes.CDLL("librt.so.1", use_errno=True); name = ("/dgov-" + p["id"]).encode()
q = r.mq_open(name, 0o102, 0o600, None)
r.mq_send(q, p["secret"].encode(), len(p["secret"]), 1)
print("ready", flush=True)
sys.stdin.readline()
s.setblocking(False)
try:
    while True: print(s.recv(100).decode())
except BlockingIOError: print("end", flush=True)
C.shmctl(i, 0, None); r.mq_unlink(name)
`;

/** System calls that attempts name and the filter does not refuse, with their numbers on x86-64 and arm64. */
const otherCalls: Record<string, [number, number]> = {
  pidfd_open: [434, 434],
  pidfd_send_signal: [424, 424],
  rt_sigqueueinfo: [129, 138],
  tgkill: [234, 131],
};

function attackProgram(constants: Record<string, unknown>): string {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const numbers: Record<string, number> = {};
  for (const [, name = ""] of attempts
    .map(({ code }) => code)
    .join("\n")
    .matchAll(/(?:syscall\(|\()"(\w+)",/g)) {
    const other = otherCalls[name]?.[arch === "x64" ? 0 : 1];
    const number = other ?? quietly(() => callNumber(name as RefusedCall, arch));
    if (number !== null && number !== undefined) numbers[name] = number;
  }
  const functions = attempts.map(({ name, code }) => {
    const body = code
      .trim()
      .split("\n")
      .map((line) => `    ${line}`);
    return [`def attempt_${name.replaceAll("-", "_")}():`, ...body].join("\n");
  });
  return [
    "import ctypes, errno, fcntl, json, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time",
    "import glob as globs",
    `globals().update(json.loads(${JSON.stringify(JSON.stringify(constants))}))`,
    `NUMBERS = json.loads(${JSON.stringify(JSON.stringify(numbers))})`,
    preamble,
    ...functions,
    // Arguments select attempts.
    `run_all(sys.argv[1:] or ${JSON.stringify(attempts.map(({ name }) => name))})`,
  ].join("\n");
}

const preamble = `
C = ctypes.CDLL(None, use_errno=True)
PIPE = -1
glob = globs.glob
def quiet(f):
    try: return f()
    except Exception as e: print(type(e).__name__, getattr(e, "errno", ""), end=" ")
def check(r):
    if r < 0: raise OSError(ctypes.get_errno(), "refused")
    return r
def syscall(name, *args):
    return C.syscall(NUMBERS[name], *args)
def at(path):
    word, _, rest = path.partition("/")
    return globals()[word] + "/" + rest
def show(path):
    with open(path, "rb") as f: print(f.read(100000).replace(b"\\0", b" "))
def readable(path):
    def read():
        f = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        if os.read(f, 1): print("ESCAPED", path)
    quiet(read)
def writable(path):
    quiet(lambda: (os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)), print("ESCAPED", path)))
def creatable(path):
    quiet(lambda: (open(path, "w").close(), os.unlink(path), print("ESCAPED", path)))
def pids():
    return ["/proc/" + p for p in os.listdir("/proc") if p.isdigit()]
def run(*argv, fds=()):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, pass_fds=fds).returncode
def tcp(host, port, family=socket.AF_INET):
    s = socket.socket(family); s.settimeout(2); s.connect((host, port)); s.send(NAME.encode())
def udp(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(NAME.encode(), address)
def run_all(names):
    global NAME, CANARY, VICTIM, PIPE, SURVIVOR
    top = tempfile.mkdtemp(dir=".")
    for NAME in names:
        CANARY = OUTSIDE + "/canary/" + NAME
        VICTIM = VICTIMS.get(NAME)
        SURVIVOR = SURVIVORS + "-" + NAME
        r, w = os.pipe()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.close(r); PIPE = w
            n = os.open("/dev/null", os.O_RDONLY); os.dup2(n, 0); os.close(n); os.dup2(w, 1); os.dup2(w, 2)
            signal.alarm(20)
            os.mkdir(top + "/" + NAME); os.chdir(top + "/" + NAME)
            try: quiet(globals()["attempt_" + NAME.replace("-", "_")])
            finally:
                sys.stdout.flush(); os._exit(0)
        os.close(w)
        with open(r, "rb") as f: text = f.read(1000000)
        os.waitpid(child, 0)
        shutil.rmtree(top + "/" + NAME, ignore_errors=True)
        text = text.decode("utf8", "replace").replace("\\n", " ")
        at = max([text.find("TOPSECRET"), text.find("ESCAPED"), 0])
        print("attempt " + NAME + ": " + text[at:at + 80])
    shutil.rmtree(top, ignore_errors=True)
`;

/** A path with everything below it, as text that shows every change. */
function snapshot(path: string): unknown {
  if (!existsSync(path)) return null;
  const { mode, uid, mtimeMs, nlink } = lstatSync(path);
  if (!lstatSync(path).isDirectory()) {
    return [path, mode, uid, mtimeMs, nlink, readFileSync(path, "utf8")];
  }
  return readdirSync(path)
    .sort()
    .map((name) => snapshot(join(path, name)));
}

/** The parts of a process that another may change: its life, limits, priority and processors. */
function processState(pid: number): unknown {
  if (processStart(pid) === null) return null;
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, "utf8");
  const stat = read("stat");
  const nice = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16];
  const status = read("status").split("\n");
  const lines = status.filter((line) => /^(TracerPid|Cpus_allowed|SigPnd|ShdPnd):/.test(line));
  return [nice, lines, read("limits")];
}

function commandLine(pid: number): string {
  return quietly(() => readFileSync(`/proc/${pid}/cmdline`, "latin1")) ?? "";
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(2);
}

/** Arguments, or pids, of processes with a text in their arguments. */
function processesWith(text: string, pids = false): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    const line = commandLine(Number(pid));
    if (!line.includes(text) || !line.startsWith("sh\0")) return [];
    return [pids ? pid : line];
  });
}

function tasks(): number {
  return Number(/\/(\d+)/.exec(readFileSync("/proc/loadavg", "utf8"))?.[1] ?? 0);
}

/** Gives files to another user, links not followed. */
export function giveTo(user: number, paths: readonly string[]): void {
  for (const path of paths) {
    if (lstatSync(path).isSymbolicLink()) continue;
    chownSync(path, user, user);
    if (!lstatSync(path).isDirectory()) continue;
    giveTo(
      user,
      readdirSync(path).map((name) => join(path, name)),
    );
  }
}

function quietly<T>(f: () => T): T | null {
  try {
    return f();
  } catch {
    return null;
  }
}
