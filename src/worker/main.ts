/**
 * The program `dgov worker`: reads one request from stdin and writes messages to stdout, an outcome last.
 *
 * Exits with all its tool processes when stdin closes, which happens when the parent exits. Disables core
 * dumps and debugging of this process before it reads the request, which contains the API key.
 */
import { preloadClient } from "../model/provider.ts";
import { makeUndumpable } from "../process/libc.ts";
import { adoptOrphansOfCommands, killChildren } from "../process/orphans.ts";
import { killTree } from "../process/tree.ts";
import { type NdjsonItem, ndjsonLine, readNdjson } from "../std/ndjson.ts";
import { ParentClient } from "./parent-client.ts";
import type { ParentMessage, WorkerMessage, WorkerRequest } from "./protocol.ts";
import { redactorFor } from "./redact.ts";
import { runSession } from "./session.ts";

/** Characters of an input line: a prompt of 1 MiB with every character escaped, and the other fields. */
const lineCharsMax = 16 * 1024 * 1024;
const exitCodes = {
  /** An outcome was reported. */
  reported: 0,
  badRequest: 2,
  /** An unexpected error, i.e. a bug. */
  crashed: 70,
  /** The parent closed stdin before there was an outcome. */
  abandoned: 143,
} as const;

/** The members of `ReadableStreamDefaultReader` used here. */
interface ByteReader {
  read(): Promise<{ value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Runs `dgov worker` on this process's stdin and stdout. Returns the exit code. */
export async function workerMain(): Promise<number> {
  makeUndumpable();
  adoptOrphansOfCommands();
  // Loads while the request arrives. A failure is reported at first use, when it occurs again.
  preloadClient().catch(() => {});
  const stdin = Bun.stdin.stream().getReader();
  const input = readNdjson(chunksOf(stdin), lineCharsMax);
  const request = requestOf(await input.next());
  if (typeof request === "string") {
    console.error(`dgov worker: ${request}`);
    await stdin.cancel();
    return exitCodes.badRequest;
  }
  return serve(request, { stdin, input });
}

async function serve(
  request: WorkerRequest,
  from: { stdin: ByteReader; input: AsyncGenerator<NdjsonItem> },
): Promise<number> {
  const redactor = redactorFor(request.provider.apiKey, request.secrets);
  const emit = messageWriter();
  const parent = new ParentClient(emit);
  const stop = new AbortController();
  let finished = false;
  const listening = listen(from.input, parent).then(async () => {
    if (!finished) await abandon(request.marker, stop);
  });
  try {
    const outcome = await runSession({ request, parent, redactor, emit, signal: stop.signal });
    if (!stop.signal.aborted) await emit(redactor.value({ type: "outcome", ...outcome }));
    return exitCodes.reported;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.error(redactor.value(text));
    return exitCodes.crashed;
  } finally {
    finished = true;
    await killChildren();
    // An open stdin would keep this process alive.
    await from.stdin.cancel();
    await listening;
  }
}

/** Passes the parent's answers to the client until stdin ends. */
async function listen(input: AsyncGenerator<NdjsonItem>, parent: ParentClient): Promise<void> {
  for await (const item of input) {
    if (item.kind !== "message") continue;
    const message = item.value as Partial<ParentMessage> | null;
    if (typeof message?.id === "number") parent.receive(message as ParentMessage);
  }
}

/** Ends this process and its tools. The parent no longer reads messages, so none are flushed. */
async function abandon(marker: string, stop: AbortController): Promise<void> {
  stop.abort();
  await killTree({ marker });
  await killChildren();
  process.exit(exitCodes.abandoned);
}

async function* chunksOf(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return;
    yield value;
  }
}

/** A function that writes a message line and waits for the pipe, so a slow parent slows the worker. */
function messageWriter(): (message: WorkerMessage) => Promise<void> {
  const stdout = Bun.stdout.writer();
  return async (message) => {
    stdout.write(ndjsonLine(message));
    await stdout.flush();
  };
}

/** The request in the first input line, or an error text. Checked briefly, since the parent wrote it. */
function requestOf(first: IteratorResult<NdjsonItem>): WorkerRequest | string {
  if (first.done) return "no request on stdin; `dgov run` starts this command";
  const item = first.value;
  if (item.kind !== "message") return `the request could not be read (${item.kind})`;
  const value = item.value as Partial<WorkerRequest> | null;
  if (value?.schema !== "dgov.worker-request/1") return "the request has an unknown schema";
  const { provider, limits, role, prompt, worktree, marker } = value;
  const complete = [provider, limits, role, prompt, worktree, marker].every((v) => v !== undefined);
  return complete ? (value as WorkerRequest) : "the request is incomplete";
}
