/**
 * The supervisor of one command: a process of this program that starts it and is its subreaper.
 *
 * A descendant of the command stays a descendant of the supervisor, whatever it does: a double fork, a
 * session of its own, an empty environment. When the command ends, the supervisor kills all the others and
 * reports the exit. It does the same as soon as the other end of its link closes, which asks it to stop and
 * also happens when its parent dies. One subreaper in the parent would not do: an orphan there could not be
 * assigned to the command it came from. Linux only.
 */
import { ptr } from "bun:ffi";
import { closeSync, readSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { assert } from "../std/assert.ts";
import { once } from "../std/once.ts";
import type { LandlockRules } from "./confine.ts";
import { restrictToRules } from "./landlock.ts";
import { becomeSubreaper, linuxCalls, makeUndumpable, pidfdOpen, socketPair } from "./libc.ts";
import { ownCommand, supervisorArgument } from "./own-command.ts";
import { childProcessesOf, killDescendantsOnce } from "./tree.ts";

/** The end of a command as its supervisor reports it. */
type Report =
  | { kind: "exited"; code: number }
  | { kind: "signaled"; signal: string }
  /** It could not be started; `code` is that of the system call. */
  | { kind: "failed"; code: string; message: string };

/** The parent's end of the link to a supervisor. */
export interface SupervisorLink {
  /** The command line of the supervisor. */
  argv: string[];
  /** The environment for the supervisor: that of the command, with the marker. */
  env: Record<string, string>;
  /** The supervisor's end, which it must get as descriptor 3. */
  fd: number;
  /** Closes the supervisor's end in this process, once it has been started or could not be. */
  started(): void;
  /** Asks the supervisor to kill the command and to exit. */
  stop(): void;
  /** The report of a supervisor that has exited; null when it was killed. Closes the link. */
  take(): Report | null;
}

/** Number of the link's descriptor in the supervisor. */
const linkFd = 3;
/** Time between two looks for orphans to reap while the command runs. */
const reapIntervalMs = 1000;
/** Time limit for killing the rest; a process in an uninterruptible system call may outlive it. */
const killMs = 5000;

const [pollIn, pollError, pollHangup] = [1, 8, 16];
/** WNOHANG of `waitpid`. */
const noHang = 1;
/** Result of `waitpid` when there are no children. */
const noChildren = -1;

/** The supervisor's own variables: from source, Bun would keep its transpiler's cache below HOME. */
const ownVariables = { BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" };

/** False where a command cannot be supervised: not Linux, or a kernel without `pidfd_open`. */
const isSupported = once(() => {
  const calls = linuxCalls();
  if (calls === null) return false;
  const fd = pidfdOpen(calls, process.pid);
  if (fd >= 0) closeSync(fd);
  return fd >= 0;
});

/** The argument of a supervisor that first reads rules from its link, and restricts itself to them. */
const confinedArgument = "--confined";

/** The link to a supervisor of `argv`, for the caller to start; null where there is none. */
export function openSupervisor(
  argv: readonly string[],
  env: Record<string, string>,
  rules: LandlockRules | null,
): SupervisorLink | null {
  const pair = isSupported() ? socketPair({ blocking: false }) : null;
  if (pair === null) return null;
  const [ours, theirs] = pair;
  const open = new Set([ours, theirs]);
  const close = (fd: number): void => {
    if (open.delete(fd)) closeSync(fd);
  };
  // Bun reads these variables at its own start; they are for the command, and travel as arguments.
  const forCommand = Object.keys(env).filter((name) => name.startsWith("BUN_"));
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("BUN_")));
  const variables = forCommand.map((name) => `${name}=${env[name]}`);
  if (rules !== null) writeSync(ours, `${JSON.stringify(rules)}\n`);
  const confined = rules === null ? [] : [confinedArgument];
  return {
    argv: [...ownCommand(), supervisorArgument, ...confined, ...variables, "--", ...argv],
    env: { ...rest, ...ownVariables },
    fd: theirs,
    started: () => close(theirs),
    stop: () => close(ours),
    take() {
      const report = open.has(ours) ? readReport(ours) : null;
      close(ours);
      return report;
    },
  };
}

/** The report in a link; null when there is none. A report is far smaller than the buffer. */
function readReport(fd: number): Report | null {
  const buffer = Buffer.alloc(4096);
  try {
    const length = readSync(fd, buffer);
    return length === 0 ? null : JSON.parse(buffer.toString("utf8", 0, length));
  } catch {
    return null; // Nothing was written, or the link broke.
  }
}

/** The program `dgov __supervise [--confined] [NAME=VALUE...] -- ARGV`. Its arguments follow the first one. */
export function supervise(given: readonly string[]): void {
  becomeSubreaper();
  const confined = given[0] === confinedArgument;
  const args = given.slice(confined ? 1 : 0);
  const cut = args.indexOf("--");
  const env = { ...process.env };
  for (const name of Object.keys(ownVariables)) delete env[name];
  for (const variable of args.slice(0, cut)) {
    const at = variable.indexOf("=");
    env[variable.slice(0, at)] = variable.slice(at + 1);
  }
  const refused = confined ? confineSelf() : null;
  const report = refused ?? runToEnd(args.slice(cut + 1), env);
  try {
    if (report !== null) writeSync(linkFd, JSON.stringify(report));
  } catch {
    // The parent has gone.
  }
  process.exit(0);
}

/** Restricts this process to the rules in its link. Null on success. */
function confineSelf(): Report | null {
  try {
    makeUndumpable();
    restrictToRules(readRules());
    return null;
  } catch (error) {
    const message = `the sandbox cannot be set up: ${(error as Error).message}`;
    return { kind: "failed", code: "SANDBOX", message };
  }
}

/** The rules in the link: one line, which was written before this process started. */
function readRules(): LandlockRules {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(65_536);
    const length = readSync(linkFd, chunk);
    chunks.push(chunk.subarray(0, length));
    if (length === 0 || chunk[length - 1] === 0x0a) break;
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

/** Runs the command and kills what it leaves. Null when the link closed first. Blocks this process. */
function runToEnd(argv: string[], env: NodeJS.ProcessEnv): Report | null {
  try {
    const { pid } = Bun.spawn(argv, {
      env,
      stdio: ["inherit", "inherit", "inherit"],
      detached: true,
    });
    const report = waitFor(pid);
    killRest();
    return report;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    return { kind: "failed", code: String(code), message: String(message).slice(0, 500) };
  }
}

/** Waits until the command ends or the link closes, and reaps orphans that end before it. */
function waitFor(pid: number): Report | null {
  const calls = linuxCalls();
  assert(calls !== null, "a supervisor runs on Linux");
  const polled = new DataView(new ArrayBuffer(16));
  const watch = (index: number, fd: number): void => {
    polled.setInt32(index * 8, fd, true);
    polled.setInt16(index * 8 + 4, pollIn, true);
  };
  watch(0, linkFd);
  watch(1, pidfdOpen(calls, pid));
  const status = new Int32Array(1);
  for (;;) {
    calls.poll(ptr(polled), 2n, reapIntervalMs);
    if (calls.waitpid(pid, ptr(status), noHang) === pid) return reportOf(status[0] ?? 0);
    if ((polled.getInt16(6, true) & (pollIn | pollError | pollHangup)) !== 0) return null;
    for (const child of childProcessesOf(process.pid)) {
      if (child !== pid) calls.waitpid(child, null, noHang);
    }
  }
}

/** The report for a status of `waitpid`. */
function reportOf(status: number): Report {
  const number = status & 0x7f;
  if (number === 0) return { kind: "exited", code: (status >> 8) & 0xff };
  const names = Object.entries(constants.signals);
  return { kind: "signaled", signal: names.find(([, n]) => n === number)?.[0] ?? `${number}` };
}

/** Kills and reaps every descendant. `waitpid` tells when none is left. */
function killRest(): void {
  const calls = linuxCalls();
  const deadline = performance.now() + killMs;
  const reaped = (): number => calls?.waitpid(-1, null, noHang) ?? noChildren;
  for (;;) {
    let pid = reaped();
    while (pid > 0) pid = reaped();
    if (pid === noChildren || performance.now() > deadline) return;
    killDescendantsOnce(new Set());
    calls?.poll(null, 0n, 1);
  }
}
