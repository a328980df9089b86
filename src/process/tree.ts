/**
 * Process trees: finds, kills and interrupts processes.
 *
 * A tree consists of the group, all descendants by parent id, the sessions that its members lead, and all
 * processes with the attempt's marker in their environment. On Linux the root is a subreaper (`supervisor.ts`,
 * `orphans.ts`), so that a process stays its descendant whatever it does. Elsewhere a process that forks
 * twice and also clears its environment is found only while its parents live. Processes are identified by
 * pid and start time.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { systemClock } from "../std/clock.ts";
import { once } from "../std/once.ts";

/** A process as the system lists it. */
export interface Row {
  pid: number;
  parent: number;
  group: number;
  /** 0 where the system does not report it. */
  session: number;
  start: string;
  zombie: boolean;
  /** A kernel thread, which has no environment. */
  kernel: boolean;
}

const markerName = "DGOV_ATTEMPT";
const pollMs = 50;
const linux = process.platform === "linux";

/**
 * Kills a tree: stops its members until no new ones appear, kills them, and repeats until none is alive or
 * `timeoutMs` (default 5,000) has passed. The caller reports survivors.
 */
export async function killTree(o: {
  pid?: number;
  marker?: string;
  timeoutMs?: number;
}): Promise<{ survivors: number[] }> {
  const deadline = performance.now() + (o.timeoutMs ?? 5000);
  const known = new Map<number, string>();
  for (;;) {
    // Stopped processes cannot fork, so a pass without new members has found them all.
    while (stopNew(known, o)) {}
    for (const pid of known.keys()) if (pid !== o.pid) send(pid, "SIGKILL");
    const survivors = members(known, o).map((row) => row.pid);
    // The root is killed last: as a subreaper it receives every orphan, so none is lost.
    if (o.pid !== undefined && survivors.every((pid) => pid === o.pid)) {
      if (known.has(o.pid)) send(o.pid, "SIGKILL");
      send(-o.pid, "SIGKILL");
    }
    if (survivors.length === 0 || performance.now() > deadline) return { survivors };
    await Bun.sleep(2);
  }
}

/**
 * Sends SIGINT to a process, as its terminal would, and waits until it has ended. False when it is still
 * alive after `timeoutMs`; true when it had already ended.
 */
export async function interruptProcess(
  of: { pid: number; start: string },
  timeoutMs: number,
): Promise<boolean> {
  const alive = (): boolean => processStart(of.pid) === of.start;
  const deadline = systemClock.now() + timeoutMs;
  if (alive()) sendInterrupt(of.pid);
  while (alive()) {
    if (systemClock.now() >= deadline) return false;
    await Bun.sleep(pollMs);
  }
  return true;
}

function sendInterrupt(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    // It ended between the check and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Pids of live processes with a `DGOV_ATTEMPT` that begins with the prefix; "" finds all marked ones. */
export function markedProcesses(prefix: string): number[] {
  return rows()
    .filter((row) => !row.zombie && !row.kernel && markerOf(row.pid)?.startsWith(prefix))
    .map((row) => row.pid);
}

/** Start time of a process, to tell it from a later one with the same pid; null when dead or a zombie. */
export function processStart(pid: number): string | null {
  const row = linux ? linuxRow(pid) : (rows().find((r) => r.pid === pid) ?? null);
  return row === null || row.zombie ? null : row.start;
}

/**
 * Stops every live descendant of this process until no new ones appear, then kills them all. Children in
 * `spared`, and their descendants, are left alone. Returns the number of processes found: the caller
 * repeats until it is 0. Linux only.
 */
export function killDescendantsOnce(spared: ReadonlySet<number>): number {
  const found = new Set<number>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const pid of liveDescendants(spared)) {
      if (found.has(pid)) continue;
      found.add(pid);
      send(pid, "SIGSTOP");
      grew = true;
    }
  }
  for (const pid of found) send(pid, "SIGKILL");
  return found.size;
}

function liveDescendants(spared: ReadonlySet<number>): number[] {
  const open = childProcessesOf(process.pid).filter((pid) => !spared.has(pid));
  for (const pid of open) open.push(...childProcessesOf(pid));
  return open.filter((pid) => linuxRow(pid)?.zombie === false);
}

/** Children of a process, zombies included. Linux only. */
export function childProcessesOf(pid: number): number[] {
  if (!listsChildren()) return rows().flatMap((row) => (row.parent === pid ? [row.pid] : []));
  return threadsOf(pid).flatMap((thread) => childrenOfThread(pid, thread));
}

/** False for kernels that are built without CONFIG_PROC_CHILDREN. */
const listsChildren = once(() => existsSync(`/proc/${process.pid}/task/${process.pid}/children`));

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // The process has ended.
  }
}

function childrenOfThread(pid: number, thread: string): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // The thread has ended.
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended or belongs to another user; the next pass finds out.
  }
}

/** Stops new members and records them; false when there were none. */
function stopNew(known: Map<number, string>, o: { pid?: number; marker?: string }): boolean {
  const fresh = members(known, o).filter((row) => known.get(row.pid) !== row.start);
  for (const row of fresh) {
    send(row.pid, "SIGSTOP");
    known.set(row.pid, row.start);
  }
  return fresh.length > 0;
}

/** Live processes of the tree, given the members known so far. */
function members(known: Map<number, string>, o: { pid?: number; marker?: string }): Row[] {
  return treeMembers(rows(), { ...o, known, self: process.pid, markerOf });
}

/**
 * The live ones of `all` processes that belong to a tree: its root, processes with its marker, members known by pid and
 * start, and what these started or lead. `self` and its ancestors never belong to it. Pure, but for `markerOf`.
 */
export function treeMembers(
  all: readonly Row[],
  o: {
    pid?: number;
    marker?: string;
    known: ReadonlyMap<number, string>;
    self: number;
    markerOf(pid: number): string | null;
  },
): Row[] {
  const { known, marker } = o;
  const byPid = new Map(all.map((row) => [row.pid, row]));
  const spared = lineage(byPid, o.self);
  const tree = new Set<number>();
  for (const row of all) {
    const root = row.pid === o.pid || row.group === o.pid || row.session === o.pid;
    const again = known.get(row.pid) === row.start;
    const carries = !row.kernel && marker !== undefined && isMarked(o.markerOf(row.pid), marker);
    if (root || again || carries) tree.add(row.pid);
  }
  // Children of members, and of members that have died: their groups and sessions keep the id.
  for (let grew = true; grew; ) {
    grew = false;
    for (const row of all) {
      if (tree.has(row.pid)) continue;
      const led = (id: number): boolean => tree.has(id) || (known.has(id) && !byPid.has(id));
      if (!tree.has(row.parent) && !led(row.group) && !led(row.session)) continue;
      tree.add(row.pid);
      grew = true;
    }
  }
  return all.filter((row) => tree.has(row.pid) && !row.zombie && !spared.has(row.pid));
}

/** True for the marker itself, and that of a child started with it (`marker#...`). */
function isMarked(own: string | null, marker: string): boolean {
  return own === marker || (own?.startsWith(`${marker}#`) ?? false);
}

/** Pids of a process and its ancestors. */
function lineage(byPid: ReadonlyMap<number, Row>, self: number): Set<number> {
  const own = new Set([0, 1]);
  for (let pid = self; pid > 1 && !own.has(pid); pid = byPid.get(pid)?.parent ?? 0) {
    own.add(pid);
  }
  return own;
}

function rows(): Row[] {
  if (!linux) return psRows();
  const found: Row[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const row = linuxRow(pid);
    if (row !== null) found.push(row);
  }
  return found;
}

let bootId: string | null = null;

/** PF_KTHREAD in the flags of /proc/PID/stat. */
const kernelThread = 0x00200000;

function linuxRow(pid: number): Row | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Ticks since boot can repeat after a reboot; the boot id differs.
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8);
    return statRow(pid, stat, bootId);
  } catch {
    return null;
  }
}

/** The process in /proc/PID/stat: the name in parentheses may hold anything, so fields are counted after it. Pure. */
export function statRow(pid: number, stat: string, boot: string): Row {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    start: `${boot}-${fields[19]}`,
    zombie: fields[0] === "Z" || fields[0] === "X",
    kernel: (Number(fields[6]) & kernelThread) !== 0,
  };
}

function psRows(): Row[] {
  const lines = ps("-axo", "pid=,ppid=,pgid=,stat=,lstart=");
  return lines.map((line) => {
    const [pid, parent, group, state, ...start] = line.trim().split(/\s+/);
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      start: start.join(" "),
      zombie: state?.startsWith("Z") ?? true,
      kernel: false,
    };
  });
}

function ps(...args: string[]): string[] {
  const run = Bun.spawnSync(["ps", ...args], { env: { PATH: "/bin:/usr/bin", LC_ALL: "C" } });
  return run.stdout.toString().split("\n").filter(Boolean);
}

function markerOf(pid: number): string | null {
  const words = linux ? environOf(pid) : (ps("-Eww", "-o", "command=", "-p", `${pid}`)[0] ?? "");
  const at = words.split(linux ? "\0" : " ").find((word) => word.startsWith(`${markerName}=`));
  return at === undefined ? null : at.slice(markerName.length + 1);
}

function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
