/**
 * Runs child processes to completion: argv only, only the given environment, bounded time and output. The
 * child leads its own session. When it ends, times out or is cancelled, the rest of its process tree is
 * killed before the promise resolves.
 *
 * A command with a marker, which runs code of the project, has a supervisor where the system allows it. In
 * a worker it has none: the worker adopts the orphans itself. Programs of dgov's own, such as git, have none.
 */
import { accessSync, closeSync, constants, openSync, statSync, writeSync } from "node:fs";
import { DgovError } from "../error.ts";
import { startLimit } from "../std/limit.ts";
import { BoundedOutput } from "./bounded-output.ts";
import type { ExitResult } from "./exit-result.ts";
import { isReaperOfCommands, killOrphans, ownChild } from "./orphans.ts";
import { openSupervisor, type SupervisorLink } from "./supervisor.ts";
import { killTree } from "./tree.ts";

export interface RunOptions {
  argv: string[];
  cwd: string;
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
  const { process: running, supervisor } = child;

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
    // A supervisor that was killed has not killed the rest.
    if (report === null) await killRest(running.pid, options);
    await drain([stdout, stderr]);
    if (verdict !== null) return end(verdict);
    if (report?.kind === "failed") {
      requireFolder(options.cwd);
      if (isMissing(report.code)) return end(notFound);
      throw new DgovError(
        "ENVIRONMENT",
        `cannot start ${options.argv[0] ?? ""}: ${report.message}`,
      );
    }
    if (report !== null) return end(report);
    const signal = running.signalCode ?? (supervisor === null ? null : "SIGKILL");
    return end(signal ? { kind: "signaled", signal: `${signal}` } : { kind: "exited", code });
  } finally {
    endLimit();
    options.signal?.removeEventListener("abort", cancel);
    tee?.close(both);
  }
}

interface Started {
  /** The program, or its supervisor. */
  process: Bun.Subprocess<"ignore" | Uint8Array, "pipe", "pipe">;
  supervisor: SupervisorLink | null;
}

/** Starts the program; null when there is no such program. A supervisor reports that itself. */
function start(options: RunOptions): Started | null {
  const { stdin, marker } = options;
  const env = marker === undefined ? options.env : { ...options.env, DGOV_ATTEMPT: marker };
  const supervised = marker !== undefined && !isReaperOfCommands();
  const supervisor = supervised ? openSupervisor(options.argv, env) : null;
  try {
    const input = stdin === undefined ? "ignore" : Buffer.from(stdin);
    const running = Bun.spawn(supervisor?.argv ?? options.argv, {
      cwd: options.cwd,
      env: supervisor?.env ?? env,
      stdio: [input, "pipe", "pipe", ...(supervisor === null ? [] : [supervisor.fd])],
      detached: true,
    });
    supervisor?.started();
    return { process: ownChild(running as Started["process"]), supervisor };
  } catch (error) {
    supervisor?.started();
    supervisor?.take();
    const code = (error as { code?: unknown }).code;
    requireFolder(options.cwd);
    if (supervisor === null && isMissing(code)) return null;
    const name = options.argv[0] ?? "";
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
  { process: running, supervisor }: Started,
  options: RunOptions,
): Promise<void> {
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
