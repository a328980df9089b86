/**
 * Running a child to its end: argv only, the environment given and nothing else, bounded in time
 * and output. The child leads its own session; when it ends, times out or is cancelled, what is
 * left of its tree is killed before the promise resolves.
 */
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { DgovError } from "../error.ts";
import { BoundedOutput } from "./bounded-output.ts";
import type { ExitResult } from "./exit-result.ts";
import { killTree } from "./tree.ts";

export interface RunOptions {
  argv: string[];
  cwd: string;
  /** The child's whole environment; nothing is inherited. */
  env: Record<string, string>;
  stdin?: string | Uint8Array;
  timeoutMs: number;
  /** For stdout, stderr and their union, each. */
  outputBytesMax: number;
  signal?: AbortSignal;
  /**
   * Value of `DGOV_ATTEMPT` (with a suffix of this child's own, so that its end does not end others
   * of the same attempt): set for the child, and used to find what escaped its group.
   */
  marker?: string;
  /** A file that gets the combined output, whole up to `outputBytesMax`, then its tail. */
  tee?: string;
  /** Told of every piece of output as it comes, whichever stream it is of. */
  onOutput?: (chunk: Uint8Array) => void;
  /** What too much output means: keep head and tail (default), or end the child. */
  overflow?: "fail" | "truncate";
}

export interface Completed {
  result: ExitResult;
  stdout: string;
  stderr: string;
  /** Both streams in the order they were read. */
  combined: string;
  /** Bytes written to both streams, kept or not. */
  bytes: number;
  durationMs: number;
}

/** As `Completed`, with the streams as bytes. */
export interface CompletedBytes {
  result: ExitResult;
  stdout: Uint8Array;
  stderr: Uint8Array;
  durationMs: number;
}

/** Time for pipes to drain once the tree is dead; a survivor may hold them open. */
const drainMs = 1000;

/** Runs a program. Never throws for what the program does; throws when it cannot be started at all. */
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

/** Runs a program whose output is data: bytes, no combined text. Output over the limit fails it. */
export async function runForBytes(options: Omit<RunOptions, "tee">): Promise<CompletedBytes> {
  const run = await execute({ overflow: "fail", ...options }, false);
  const { result, durationMs } = run;
  return { result, stdout: run.out.take(), stderr: run.err.take(), durationMs };
}

/** Runs shell text by `/bin/sh -c`. */
export function runShell(
  options: Omit<RunOptions, "argv"> & { command: string },
): Promise<Completed> {
  const { command, ...rest } = options;
  return runProcess({ ...rest, argv: ["/bin/sh", "-c", command] });
}

/**
 * Shell text with `{file}`-like placeholders replaced by single-quoted words (a list becomes several
 * words). A value that begins with `-` becomes `./-...`, so that it stays a path. Placeholders
 * without a value stay as they are.
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
  if (child === null) return end({ kind: "not_found", program: options.argv[0] ?? "" });

  let verdict: ExitResult | null = null;
  let killed: Promise<unknown> = Promise.resolve();
  const stop = (why: ExitResult): void => {
    if (verdict !== null) return;
    verdict = why;
    killed = killTree({ pid: child.pid, ...marked(options) });
  };
  const timer = setTimeout(
    () => stop({ kind: "timed_out", timeoutMs: options.timeoutMs }),
    options.timeoutMs,
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
  const stdout = pump(child.stdout, take(out));
  const stderr = pump(child.stderr, take(err));
  try {
    const code = await child.exited;
    await killed;
    await endTree(child.pid, options);
    await drain([stdout, stderr]);
    const signal = child.signalCode;
    if (verdict !== null) return end(verdict);
    return end(signal ? { kind: "signaled", signal: `${signal}` } : { kind: "exited", code });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", cancel);
    tee?.close(both);
  }
}

function start(options: RunOptions): Bun.Subprocess<"ignore" | Uint8Array, "pipe", "pipe"> | null {
  const { stdin } = options;
  const env = options.marker ? { ...options.env, DGOV_ATTEMPT: options.marker } : options.env;
  try {
    return Bun.spawn(options.argv, {
      cwd: options.cwd,
      env,
      stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (!existsSync(options.cwd)) {
      throw new DgovError("ENVIRONMENT", `the folder ${options.cwd} does not exist`);
    }
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return null;
    const name = options.argv[0] ?? "";
    throw new DgovError("ENVIRONMENT", `${name} could not be started`, { cause: error });
  }
}

function marked(options: RunOptions): { marker?: string } {
  return options.marker === undefined ? {} : { marker: options.marker };
}

/** After the child's own end: what is left of its group (one system call), and marked escapees. */
async function endTree(pid: number, options: RunOptions): Promise<void> {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The usual case: nothing is left.
  }
  if (options.marker !== undefined) await killTree({ marker: options.marker });
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

/** Writes output to a file as it comes, up to a limit; the tail follows at the end. */
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
