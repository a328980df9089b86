/**
 * `dgov worker`: one request on stdin, messages on stdout, an outcome at the end.
 *
 * Lives only as long as its stdin is open: when the parent is gone, so are this process and every
 * tool it started. Hardens itself before it reads the request, since the request holds the key.
 */
import { preloadClient } from "../model/provider.ts";
import { killTree, makeUndumpable } from "../process/tree.ts";
import { type NdjsonItem, ndjsonLine, readNdjson } from "../std/ndjson.ts";
import type { WorkerMessage, WorkerRequest } from "./protocol.ts";
import { RateLimitClient } from "./rate-limit-client.ts";
import { redactorFor } from "./redact.ts";
import { openToolbox, runSession } from "./session.ts";

/** Characters of the request line: the prompt's 1 MiB, escaped at worst, and the rest. */
const lineCharsMax = 16 * 1024 * 1024;
/** Exit codes: an outcome was reported; the request was none; a bug; the parent is gone. */
const exitCodes = { reported: 0, badRequest: 2, crashed: 70, abandoned: 143 } as const;

/** The part of a stream's reader that is used. */
interface ByteReader {
  read(): Promise<{ value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Runs `dgov worker` on this process's stdin and stdout and gives its exit code. */
export async function workerMain(): Promise<number> {
  makeUndumpable();
  // Loaded while the request is on its way; a failure shows again, and is reported, at first use.
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
  const redactor = redactorFor(request.provider.apiKey);
  const emit = messageWriter();
  const permits = new RateLimitClient(emit);
  const stop = new AbortController();
  let over = false;
  const listening = listen(from.input, permits).then(async () => {
    if (!over) await abandon(request.marker, stop);
  });
  try {
    const toolbox = await openToolbox(request, stop.signal);
    const session = { request, toolbox, permits, redactor, emit, signal: stop.signal };
    const outcome = await runSession(session);
    if (!stop.signal.aborted) await emit(redactor.value({ type: "outcome", ...outcome }));
    return exitCodes.reported;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.error(redactor.value(text));
    return exitCodes.crashed;
  } finally {
    over = true;
    // An open stdin would keep this process alive.
    await from.stdin.cancel();
    await listening;
  }
}

/** Grants permits as they come; ends when stdin does. */
async function listen(input: AsyncGenerator<NdjsonItem>, permits: RateLimitClient): Promise<void> {
  for await (const item of input) {
    if (item.kind !== "message") continue;
    const { type, id } = item.value as { type?: unknown; id?: unknown };
    if (type === "permit.granted" && typeof id === "number") permits.grant(id);
  }
}

/** The parent is gone: nobody reads what is left to say, so nothing is lost by leaving at once. */
async function abandon(marker: string, stop: AbortController): Promise<void> {
  stop.abort();
  await killTree({ marker });
  process.exit(exitCodes.abandoned);
}

async function* chunksOf(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return;
    yield value;
  }
}

/** Writes one line at a time and waits until the pipe took it, so a slow reader slows the worker. */
function messageWriter(): (message: WorkerMessage) => Promise<void> {
  const stdout = Bun.stdout.writer();
  return async (message) => {
    stdout.write(ndjsonLine(message));
    await stdout.flush();
  };
}

/** The request in the first item, or what is wrong with it. The parent made it, so a look suffices. */
function requestOf(first: IteratorResult<NdjsonItem>): WorkerRequest | string {
  if (first.done) return "no request on stdin; this command is started by `dgov run`";
  const item = first.value;
  if (item.kind !== "message") return `the request could not be read (${item.kind})`;
  const value = item.value as Partial<WorkerRequest> | null;
  if (value?.schema !== "dgov.worker-request/1") return "the request has an unknown schema";
  const { provider, limits, role, prompt, worktree, marker } = value;
  const complete = [provider, limits, role, prompt, worktree, marker].every((v) => v !== undefined);
  return complete ? (value as WorkerRequest) : "the request is not complete";
}
