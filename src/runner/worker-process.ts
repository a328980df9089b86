/**
 * One worker subprocess: started, fed, listened to, and dead with everything it started when this
 * returns.
 *
 * What it says is recorded as telemetry. What it does not say (it crashed, or ran out of time) is
 * added here, so the caller always gets one typed outcome.
 */
import type { WorkerOutcome } from "../kernel/event.ts";
import { killTree } from "../process/tree.ts";
import { ndjsonLine, readNdjson } from "../std/ndjson.ts";
import type { ParentMessage, WorkerMessage, WorkerRequest } from "../worker/protocol.ts";

/** Bytes of a crashed worker's stderr that are kept. */
const stderrBytesMax = 16 * 1024;

export interface WorkerRun {
  request: WorkerRequest;
  /** The command line of `dgov worker`. */
  command: string[];
  environment: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
  onStart(pid: number): void;
  onMessage(message: WorkerMessage, reply: (answer: ParentMessage) => void): void;
}

export interface WorkerEnd {
  outcome: WorkerOutcome;
  reason: string;
  /** The final summary or typed answer of a worker that ended by itself. */
  result: unknown;
}

/** Runs the worker to its end. Throws only when it cannot be started at all. */
export async function runWorker(options: WorkerRun): Promise<WorkerEnd> {
  const { request } = options;
  const child = Bun.spawn(options.command, {
    cwd: request.worktree,
    env: { ...options.environment, DGOV_ATTEMPT: request.marker },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let stopped: "timeout" | "signal" | null = null;
  let killed: Promise<unknown> = Promise.resolve();
  const stop = (why: "timeout" | "signal"): void => {
    if (stopped !== null) return;
    stopped = why;
    killed = killTree({ pid: child.pid, marker: request.marker });
  };
  const timer = setTimeout(() => stop("timeout"), options.timeoutMs);
  const onAbort = (): void => stop("signal");
  options.signal.addEventListener("abort", onAbort);
  if (options.signal.aborted) onAbort();
  try {
    options.onStart(child.pid);
    const write = (message: WorkerRequest | ParentMessage): void => {
      // A worker that died is noticed by its exit, not by the pipe.
      try {
        child.stdin.write(ndjsonLine(message));
        Promise.resolve(child.stdin.flush()).catch(() => {});
      } catch {}
    };
    write(request);
    const stderr = tail(child.stderr);
    const outcome = await listen(child.stdout, options, write);
    try {
      Promise.resolve(child.stdin.end()).catch(() => {});
    } catch {}
    const code = await child.exited;
    await killed;
    await killTree({ pid: child.pid, marker: request.marker });
    return endOf({
      stopped,
      outcome,
      code,
      signal: child.signalCode === null ? null : String(child.signalCode),
      stderr: await stderr,
      options,
    });
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", onAbort);
  }
}

type Outcome = Extract<WorkerMessage, { type: "outcome" }>;

async function listen(
  stdout: AsyncIterable<Uint8Array>,
  options: WorkerRun,
  write: (message: ParentMessage) => void,
): Promise<Outcome | null> {
  for await (const item of readNdjson(stdout)) {
    if (item.kind !== "message" || !isMessage(item.value)) continue;
    if (item.value.type === "outcome") return item.value;
    options.onMessage(item.value, write);
  }
  return null;
}

function isMessage(value: unknown): value is WorkerMessage {
  return typeof value === "object" && value !== null && "type" in value;
}

function endOf(end: {
  stopped: "timeout" | "signal" | null;
  outcome: Outcome | null;
  code: number;
  signal: string | null;
  stderr: string;
  options: WorkerRun;
}): WorkerEnd {
  if (end.outcome !== null) {
    return { outcome: end.outcome.verdict, reason: end.outcome.reason, result: end.outcome.result };
  }
  if (end.stopped === "timeout") {
    const seconds = Math.round(end.options.timeoutMs / 1000);
    return { outcome: "timed_out", reason: `no result after ${seconds} s`, result: null };
  }
  if (end.stopped === "signal") {
    return { outcome: "crashed", reason: "stopped by the run", result: null };
  }
  const how = end.signal === null ? `exit code ${end.code}` : `killed by ${end.signal}`;
  const said = end.stderr.trim().split("\n").slice(-3).join(" / ");
  return {
    outcome: "crashed",
    reason: `the worker ended without an outcome (${how})${said === "" ? "" : `: ${said}`}`,
    result: null,
  };
}

async function tail(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text = (text + decoder.decode(chunk, { stream: true })).slice(-stderrBytesMax);
  }
  return text;
}
