/**
 * Runs child processes to completion: argv only, only the given environment, bounded time and output. The
 * child leads its own session. When it ends, times out or is cancelled, the rest of its process tree is
 * killed before the promise resolves.
 *
 * A command with a marker, which runs code of the project, has a supervisor where the system allows it. In
 * a worker it has none: the worker adopts the orphans itself. Programs of dgov's own, such as git, have none.
 * A command in namespaces of its own needs none either: the kernel ends everything in them with bubblewrap. At level
 * `landlock` every command has one, which confines itself and so the command.
 */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readlinkSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { DgovError } from "../error.ts";
import { startLimit } from "../std/limit.ts";
import { BoundedOutput } from "./bounded-output.ts";
import {
  type Confine,
  isMissingInside,
  type NamespacesConfine,
  parseStatus,
  signalOf,
} from "./confine.ts";
import type { ExitResult } from "./exit-result.ts";
import { socketPair } from "./libc.ts";
import {
  type ControlGroup,
  closeControlGroup,
  limitArguments,
  openControlGroup,
  tasksOfMachine,
} from "./limits.ts";
import { isReaperOfCommands, killOrphans, ownChild } from "./orphans.ts";
import { openSupervisor, type SupervisorLink } from "./supervisor.ts";
import { killTree, processStart } from "./tree.ts";

export interface RunOptions {
  argv: string[];
  /** At level `namespaces` it has no effect: the folder inside is part of the confinement. */
  cwd: string;
  /** Confinement of the command; without it the command may do what this process may. */
  confine?: Confine | undefined;
  /** The child's whole environment; nothing is inherited. */
  env: Record<string, string>;
  stdin?: string | Uint8Array;
  /** Limit in running time (`std/limit.ts`). */
  timeoutMs: number;
  /** Limit for stdout, for stderr and for both together. */
  outputBytesMax: number;
  signal?: AbortSignal;
  /**
   * `DGOV_ATTEMPT` of the child, by which recovery and systems without supervisors find processes that left
   * its group. A suffix is added, so that the end of this child does not kill others of the same attempt.
   */
  marker?: string;
  /** A file for the combined output: its first `outputBytesMax` bytes, then its tail. */
  tee?: string;
  /** Called with every chunk of both streams. */
  onOutput?: (chunk: Uint8Array) => void;
  /** Output over the limit: keep head and tail (default), or kill the child. */
  overflow?: "fail" | "truncate";
}

interface Completed {
  result: ExitResult;
  stdout: string;
  stderr: string;
  /** Both streams in the order in which they were read. */
  combined: string;
  /** Bytes written to both streams, kept or not. */
  bytes: number;
  durationMs: number;
}

/** As `Completed`, with the streams as bytes. */
interface CompletedBytes {
  result: ExitResult;
  stdout: Uint8Array;
  stderr: Uint8Array;
  durationMs: number;
}

/** Time in which a supervisor must stop its command before the tree is killed from here. */
const supervisorStopMs = 500;

/** Time to wait for the end of the pipes once the tree is dead; a survivor may hold them open. */
const drainMs = 1000;

/** Runs a program. Its result is data; throws ENVIRONMENT when it cannot be started. */
export async function runProcess(options: RunOptions): Promise<Completed> {
  const run = await execute(options, true);
  return {
    result: run.result,
    stdout: run.out.text(),
    stderr: run.err.text(),
    combined: run.both.text(),
    bytes: run.both.bytes,
    durationMs: run.durationMs,
  };
}

/** Runs a program and returns its output as bytes. Output over the limit kills it, by default. */
export async function runForBytes(options: Omit<RunOptions, "tee">): Promise<CompletedBytes> {
  const run = await execute({ overflow: "fail", ...options }, false);
  const { result, durationMs } = run;
  return { result, stdout: run.out.take(), stderr: run.err.take(), durationMs };
}

/** Runs a shell command with `/bin/sh -c`. */
export function runShell(
  options: Omit<RunOptions, "argv"> & { command: string },
): Promise<Completed> {
  const { command, ...rest } = options;
  return runProcess({ ...rest, argv: ["/bin/sh", "-c", command] });
}

/**
 * Replaces placeholders such as `{file}` in a shell command by single-quoted words, a list by several. A
 * value that begins with `-` becomes `./-...`, so that it is not an option. Placeholders without a value
 * stay.
 */
export function substitutePlaceholders(
  command: string,
  values: Record<string, string | string[]>,
): string {
  return command.replace(/\{([a-z_]+)\}/g, (whole, name: string) => {
    if (!Object.hasOwn(values, name)) return whole;
    const value = values[name];
    return [value ?? []].flat().map(shellWord).join(" ");
  });
}

function shellWord(value: string): string {
  const path = value.startsWith("-") ? `./${value}` : value;
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

interface Execution {
  result: ExitResult;
  out: BoundedOutput;
  err: BoundedOutput;
  both: BoundedOutput;
  durationMs: number;
}

let children = 0;

async function execute(given: RunOptions, combine: boolean): Promise<Execution> {
  const started = performance.now();
  const options = { ...given };
  if (given.marker) options.marker = `${given.marker}#${process.pid}.${++children}`;
  const max = options.outputBytesMax;
  const [out, err, both] = [new BoundedOutput(max), new BoundedOutput(max), new BoundedOutput(max)];
  const end = (result: ExitResult): Execution => {
    return { result, out, err, both, durationMs: performance.now() - started };
  };
  if (options.signal?.aborted) return end({ kind: "cancelled" });

  const child = start(options);
  const notFound: ExitResult = { kind: "not_found", program: options.argv[0] ?? "" };
  if (child === null) return end(notFound);
  const { process: running, supervisor, namespaces } = child;

  let verdict: ExitResult | null = null;
  let killed: Promise<unknown> = Promise.resolve();
  const stop = (reason: ExitResult): void => {
    if (verdict !== null) return;
    verdict = reason;
    killed = killAll(child, options);
  };
  const endLimit = startLimit(options.timeoutMs, () =>
    stop({ kind: "timed_out", timeoutMs: options.timeoutMs }),
  );
  const cancel = (): void => stop({ kind: "cancelled" });
  options.signal?.addEventListener("abort", cancel, { once: true });

  const tee = options.tee === undefined ? null : new Tee(options.tee, max);
  const take = (buffer: BoundedOutput) => (chunk: Uint8Array) => {
    buffer.add(chunk);
    if (combine) both.add(chunk);
    tee?.add(chunk);
    options.onOutput?.(chunk);
    const over = buffer.overflowed || both.overflowed;
    if (over && options.overflow === "fail") stop({ kind: "output_too_large", bytesMax: max });
  };
  const stdout = pump(running.stdout, take(out));
  const stderr = pump(running.stderr, take(err));
  try {
    const code = await running.exited;
    await killed;
    const report = supervisor?.take() ?? null;
    const status = namespaces === null ? null : parseStatus(namespaces.take());
    if (status !== null) await endOfNamespaces(status.init);
    // A supervisor that was killed has not killed the rest.
    else if (report === null) await killRest(running.pid, options);
    await drain([stdout, stderr]);
    if (verdict !== null) return end(verdict);
    if (status !== null && status.exitCode !== null) {
      const signal = signalOf(status.exitCode);
      if (signal !== null) return end({ kind: "signaled", signal });
      return end({ kind: "exited", code: status.exitCode });
    }
    if (status !== null && running.signalCode === null) {
      const message = err.text();
      if (isMissingInside(message)) return end(notFound);
      throw new DgovError(
        "ENVIRONMENT",
        `cannot set up the sandbox for ${options.argv[0] ?? ""}: ${message.trim().slice(-500)}`,
      );
    }
    if (report?.kind === "failed") {
      requireFolder(options.cwd);
      if (isMissing(report.code)) return end(notFound);
      throw new DgovError(
        "ENVIRONMENT",
        `cannot start ${options.argv[0] ?? ""}: ${report.message}`,
      );
    }
    if (report !== null) return end(report);
    if (options.confine !== undefined && code !== 0 && running.signalCode === null) {
      throw new DgovError("ENVIRONMENT", `cannot set up the sandbox: ${err.text().slice(-500)}`);
    }
    const signal = running.signalCode ?? (supervisor === null ? null : "SIGKILL");
    return end(signal ? { kind: "signaled", signal: `${signal}` } : { kind: "exited", code });
  } finally {
    endLimit();
    if (child.group !== null) closeControlGroup(child.group);
    options.signal?.removeEventListener("abort", cancel);
    tee?.close(both);
  }
}

interface Started {
  /** The program, or its supervisor. */
  process: Bun.Subprocess<"ignore" | Uint8Array, "pipe", "pipe">;
  supervisor: SupervisorLink | null;
  namespaces: NamespacesLink | null;
  /** Limits memory and processes of the command. */
  group: ControlGroup | null;
}

/** Descriptors of bubblewrap, and what it wrote to the first one. */
interface NamespacesLink {
  argv: string[];
  fds: number[];
  /** Closes bubblewrap's ends in this process. */
  started(): void;
  /** The status lines, once bubblewrap has ended. Closes the link. */
  take(): string;
}

/** Numbers of bubblewrap's descriptors: for its status and for the seccomp program. */
const [statusFd, seccompFd] = [3, 4];

/** The command line of a command in namespaces, and the descriptors that it needs. */
function openNamespaces(confine: NamespacesConfine, argv: readonly string[]): NamespacesLink {
  const link = (): [number, number] => {
    const pair = socketPair({ blocking: true });
    if (pair === null) throw new DgovError("ENVIRONMENT", "no sockets for the sandbox");
    return pair;
  };
  const [ours, theirs] = link();
  const fds = [theirs];
  if (confine.seccomp !== null) {
    const [from, to] = link();
    writeSync(from, confine.seccomp);
    closeSync(from);
    fds.push(to);
  }
  const seccomp = confine.seccomp === null ? [] : ["--seccomp", `${seccompFd}`];
  return {
    argv: [...confine.wrap, "--json-status-fd", `${statusFd}`, ...seccomp, "--", ...argv],
    fds,
    started: () => fds.forEach(closeSync),
    take() {
      const buffer = Buffer.alloc(4096);
      let length = 0;
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        read = readSync(ours, buffer, length, buffer.length - length, null);
      }
      closeSync(ours);
      return buffer.toString("utf8", 0, length);
    },
  };
}

/** Waits until the first process of a pid namespace has ended; the kernel ends all others before it. */
async function endOfNamespaces(init: { pid: number; namespace: number } | null): Promise<void> {
  const deadline = performance.now() + drainMs;
  const isAlive = (): boolean => {
    if (init === null || processStart(init.pid) === null) return false;
    try {
      return readlinkSync(`/proc/${init.pid}/ns/pid`) === `pid:[${init.namespace}]`;
    } catch {
      return false;
    }
  };
  while (isAlive() && performance.now() < deadline) await Bun.sleep(1);
  await killOrphans();
}

/** Starts the program; null when there is no such program. A supervisor reports that itself. */
function start(options: RunOptions): Started | null {
  const { stdin, marker, confine } = options;
  const env = marker === undefined ? options.env : { ...options.env, DGOV_ATTEMPT: marker };
  const namespaces = confine?.level === "namespaces" ? openNamespaces(confine, options.argv) : null;
  const rules = confine?.level === "landlock" ? confine.rules : null;
  const unconfined = confine === undefined && marker !== undefined && !isReaperOfCommands();
  const supervised = rules !== null || unconfined;
  const supervisor = supervised ? openSupervisor(options.argv, env, rules) : null;
  if (rules !== null && supervisor === null) {
    throw new DgovError("ENVIRONMENT", "no supervisor for a command at sandbox level landlock");
  }
  const link = namespaces ?? supervisor;
  const fds = namespaces?.fds ?? (supervisor === null ? [] : [supervisor.fd]);
  const limits = confine?.limits;
  const group = limits === undefined ? null : openControlGroup(limits);
  const before = limits === undefined ? [] : limitArguments(limits, group, tasksOfMachine());
  try {
    const input = stdin === undefined ? "ignore" : Buffer.from(stdin);
    const running = Bun.spawn([...before, ...(link?.argv ?? options.argv)], {
      cwd: namespaces === null ? options.cwd : "/",
      env: supervisor?.env ?? env,
      stdio: [input, "pipe", "pipe", ...fds],
      detached: true,
    });
    link?.started();
    return { process: ownChild(running as Started["process"]), supervisor, namespaces, group };
  } catch (error) {
    if (group !== null) closeControlGroup(group);
    link?.started();
    link?.take();
    const code = (error as { code?: unknown }).code;
    if (namespaces === null) requireFolder(options.cwd);
    if (link === null && isMissing(code)) return null;
    const name = (namespaces?.argv ?? options.argv)[0] ?? "";
    throw new DgovError("ENVIRONMENT", `cannot start ${name}`, { cause: error });
  }
}

/**
 * Throws ENVIRONMENT when a process cannot be started in a folder. The system reports that with the codes of a
 * missing program.
 */
export function requireFolder(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new DgovError("ENVIRONMENT", `the folder ${path} does not exist`);
  }
  if (!stats.isDirectory()) throw new DgovError("ENVIRONMENT", `${path} is not a folder`);
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw new DgovError("ENVIRONMENT", `no permission to enter the folder ${path}`, {
      cause: error,
    });
  }
}

/** True for the codes of a program that is missing or is not a program. */
function isMissing(code: unknown): boolean {
  return code === "ENOENT" || code === "EACCES" || code === "ENOTDIR";
}

/** Kills a running command with everything it started, through its supervisor if that answers. */
async function killAll(
  { process: running, supervisor, namespaces }: Started,
  options: RunOptions,
): Promise<void> {
  if (namespaces !== null) {
    // With its group, in case it has not yet bound the processes inside to its own end.
    for (const pid of [running.pid, -running.pid]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await running.exited;
    return;
  }
  if (supervisor !== null) {
    supervisor.stop();
    const limit = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => limit.resolve(false), supervisorStopMs);
    const stopped = await Promise.race([running.exited.then(() => true), limit.promise]);
    clearTimeout(timer);
    if (stopped) return;
  }
  await killTree({ pid: running.pid, ...marked(options) });
}

function marked(options: RunOptions): { marker?: string } {
  return options.marker === undefined ? {} : { marker: options.marker };
}

/** Kills the rest of an ended child's group and, where it had no subreaper, marked processes that left it. */
async function killRest(pid: number, options: RunOptions): Promise<void> {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The usual case: the group is empty.
  }
  if (options.marker === undefined) return;
  if (!isReaperOfCommands()) await killTree({ marker: options.marker });
  await killOrphans();
}

interface Pump {
  done: Promise<void>;
  cancel(): void;
}

function pump(stream: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void): Pump {
  const reader = stream.getReader();
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  };
  return { done: read().catch(() => {}), cancel: () => void reader.cancel().catch(() => {}) };
}

async function drain(pumps: Pump[]): Promise<void> {
  const all = Promise.all(pumps.map((p) => p.done)).then(() => true);
  const limit = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => limit.resolve(false), drainMs);
  const drained = await Promise.race([all, limit.promise]);
  clearTimeout(timer);
  if (!drained) for (const p of pumps) p.cancel();
}

/** Writes output to a file as it is read, up to a limit; adds the tail at the end. */
class Tee {
  readonly #fd: number;
  readonly #max: number;
  #written = 0;

  constructor(path: string, bytesMax: number) {
    this.#fd = openSync(path, "w", 0o600);
    this.#max = bytesMax;
  }

  add(chunk: Uint8Array): void {
    const room = this.#max - this.#written;
    if (room <= 0) return;
    const part = chunk.subarray(0, room);
    writeSync(this.#fd, part);
    this.#written += part.length;
  }

  close(all: BoundedOutput): void {
    if (all.overflowed) {
      const kept = Buffer.from(all.take());
      writeSync(this.#fd, kept.subarray(kept.indexOf("\n[... ")));
    }
    closeSync(this.#fd);
  }
}
