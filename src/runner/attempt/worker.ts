/** The worker subprocess: its request, its life, and its messages as telemetry. */
import type { Config } from "../../config/config.ts";
import { commonAccess, isGateOf, wholeCommand } from "../../config/gates.ts";
import { endpointOf } from "../../config/providers.ts";
import { attemptChanges } from "../../git/worktrees/changes.ts";
import { treeWith } from "../../git/worktrees/snapshot.ts";
import type { WorkerOutcome } from "../../kernel/event.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import { toWire } from "../../process/confine.ts";
import { adoptsOrphans, killOrphans, ownChild } from "../../process/orphans.ts";
import { requireFolder } from "../../process/spawn.ts";
import { killTree } from "../../process/tree.ts";
import { attemptTree, placeIn } from "../../settlement/trees/confine.ts";
import { present } from "../../std/assert.ts";
import { snakeCase } from "../../std/case.ts";
import { startLimit } from "../../std/limit.ts";
import { ndjsonLine, readNdjson } from "../../std/ndjson.ts";
import type {
  ConversationRequest,
  ParentMessage,
  WorkerMessage,
  WorkerRequest,
} from "../../worker/protocol.ts";
import type { ModelAccess } from "../preconditions.ts";
import { applyRequestMessage } from "../rate-limiter.ts";
import type { RunContext } from "../run-context.ts";
import type { LiveAttempt } from "./state.ts";

interface WorkerOptions {
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
  /** The final summary or typed answer; null without one. */
  result: unknown;
}

/**
 * Runs a worker to its end; its whole process tree is dead when this returns. A worker that crashed or ran out
 * of time gets its outcome here, so there always is one. Throws only when the process cannot be started.
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerEnd> {
  const { request } = options;
  requireFolder(request.worktree);
  const child = ownChild(
    Bun.spawn(options.command, {
      cwd: request.worktree,
      env: { ...options.environment, DGOV_ATTEMPT: request.marker },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    }),
  );
  let stopped: "timeout" | "signal" | null = null;
  let killed: Promise<unknown> = Promise.resolve();
  const stop = (why: "timeout" | "signal"): void => {
    if (stopped !== null) return;
    stopped = why;
    killed = killTree({ pid: child.pid, marker: request.marker });
  };
  const endLimit = startLimit(options.timeoutMs, () => stop("timeout"));
  const onAbort = (): void => stop("signal");
  options.signal.addEventListener("abort", onAbort);
  if (options.signal.aborted) onAbort();
  try {
    options.onStart(child.pid);
    const write = (message: WorkerRequest | ParentMessage): void => {
      // A dead worker shows in its exit status; a broken pipe is ignored.
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
    // A worker that ended in order has killed its tools and their orphans.
    if (code !== 0 || !adoptsOrphans()) {
      await killTree({ pid: child.pid, marker: request.marker });
      await killOrphans();
    }
    return endOf({
      stopped,
      outcome,
      code,
      signal: child.signalCode === null ? null : String(child.signalCode),
      stderr: await stderr,
      options,
    });
  } catch (error) {
    await killTree({ pid: child.pid, marker: request.marker });
    throw error;
  } finally {
    endLimit();
    options.signal.removeEventListener("abort", onAbort);
  }
}

type Outcome = Extract<WorkerMessage, { type: "outcome" }>;

async function listen(
  stdout: AsyncIterable<Uint8Array>,
  options: WorkerOptions,
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
  options: WorkerOptions;
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
  const lastLines = end.stderr.trim().split("\n").slice(-3).join(" / ");
  return {
    outcome: "crashed",
    reason: `the worker ended without an outcome (${how})${lastLines === "" ? "" : `: ${lastLines}`}`,
    result: null,
  };
}

/** Bytes of a worker's stderr that are kept. */
const stderrBytesMax = 16 * 1024;

/** The last `stderrBytesMax` characters of a stream. */
async function tail(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text = (text + decoder.decode(chunk, { stream: true })).slice(-stderrBytesMax);
  }
  return text;
}

/** Everything `dgov worker` reads from stdin. The provider's key is passed here and nowhere else. */
export async function workerRequest(
  c: RunContext,
  of: { task: CompiledTask; live: LiveAttempt; fork: number; prompt: string },
): Promise<WorkerRequest> {
  const { task, live } = of;
  // Programs and modules are looked up in its worktree, as gates look them up in theirs.
  const tree = await attemptTree(c.settlement, live.tree);
  const common = commonAccess(c.config);
  const access = { ...common, network: task.network ?? common.network };
  const place = await placeIn(c.settlement, tree, access);
  const model = present(c.models.get(task.id), `${task.id} has a model`);
  const { topLevel, commonDir } = c.repository;
  const operatorPaths = [...new Set([topLevel, commonDir, c.projectRoot])];
  const { fork, prompt } = of;
  return {
    ...projectRequest({ config: c.config, toolEnvironment: place.env, operatorPaths }, model),
    ...conversationRequest(c.config, { task, attempt: live.attempt, fork, prompt }),
    schema: "dgov.worker-request/1",
    run: c.run,
    plan: c.plan.name,
    summary: task.summary,
    secrets: [...c.secrets],
    marker: live.marker,
    worktree: live.tree.path,
    confine: place.confine === undefined ? null : toWire(place.confine),
    projectDir: c.projectDir,
    base: live.tree.base,
    offersDone: task.role === "worker" && c.memory.rejectedTrees.has(task.id),
  };
}

/** The part of a request that determines the first messages of its conversation. */
export function conversationRequest(
  config: Config,
  of: { task: CompiledTask; attempt: number; fork: number; prompt: string },
): ConversationRequest {
  const { task, attempt, fork, prompt } = of;
  const settings = settingsRequest(config, task.claims);
  const iterationBudget = task.iterationBudget ?? settings.limits.iterationBudget;
  return {
    ...settings,
    ...{ role: task.role, unit: task.id, attempt, fork, prompt, claims: task.claims },
    limits: { ...settings.limits, iterationBudget },
  };
}

/** The part of a request that is the same for every worker of a project. */
export function projectRequest(
  o: { config: Config; toolEnvironment: Record<string, string>; operatorPaths: string[] },
  { provider, model, apiKey }: ModelAccess,
): Pick<WorkerRequest, "model" | "provider" | "operatorPaths" | "toolEnvironment" | "departments"> &
  ReturnType<typeof settingsRequest> {
  const { config, operatorPaths, toolEnvironment } = o;
  return {
    ...settingsRequest(config),
    ...{ operatorPaths, toolEnvironment, departments: config.departments },
    model,
    provider: {
      ...endpointOf(provider, apiKey),
      name: provider.name,
      retriesMax: provider.retries,
      retryAfterMaxMs: provider.retryAfterMaxS * 1000,
      contextTokens: provider.contextTokens,
      backoffMinMs: 1000,
      backoffMaxMs: 60_000,
    },
  };
}

/** The settings of project.toml that every worker gets; of the gates, those that its claims concern. */
function settingsRequest(
  config: Config,
  claims: CompiledTask["claims"] | null = null,
): Pick<ConversationRequest, "limits" | "commands" | "toolPolicy" | "scope" | "project"> {
  return {
    limits: {
      iterationBudget: config.workerIterationBudget,
      toolOutputBytes: 64 * 1024,
      bashTimeoutMs: 120_000,
      bashTimeoutMaxMs: 600_000,
      commandTimeoutMs: config.settlementTimeoutS * 1000,
      treeMaxLines: config.workerTreeMaxLines,
    },
    commands: {
      test: config.commands.test,
      lint: config.commands.lint,
      lintFix: config.commands.lintFix,
      format: config.commands.format,
      typeCheck: config.commands.typeCheck,
      verify: Object.fromEntries(
        Object.entries(config.verify).map(([name, recipe]) => [name, recipe.command]),
      ),
      gates: Object.fromEntries(
        config.gates
          .filter((gate) => claims === null || isGateOf(gate, claims))
          .map((gate) => [gate.name, wholeCommand(gate)]),
      ),
    },
    toolPolicy: config.toolPolicy,
    scope: config.scope,
    project: {
      language: config.language,
      srcDir: config.srcDir,
      testDir: config.testDir,
      sourceExtensions: config.sourceExtensions,
      lineLength: config.lineLength,
      conventions: config.conventions,
    },
  };
}

/** Characters of a text in an event; a longer one is a blob named by its digest. */
const inlineMax = 2 * 1024;
/** Characters of cut-off arguments in an event. */
const headMax = 256;

/** Records a message of a live attempt's worker as telemetry; replies to requests for a permit. */
export function handleWorkerMessage(
  c: RunContext,
  live: LiveAttempt,
  message: WorkerMessage,
  reply: (answer: ParentMessage) => void,
): void {
  const provider = c.models.get(live.unit)?.provider.name ?? "";
  applyRequestMessage(c.rateLimiter, { provider, holder: live.marker }, message, reply);
  if (message.type === "permit.requested") return;
  if (message.type === "done.offered") {
    const { id } = message;
    resubmission(c, live).then(
      (problem) => reply({ type: "done.answered", id, problem }),
      // The review after the end says why the tree cannot be read.
      () => reply({ type: "done.answered", id, problem: null }),
    );
    return;
  }
  if (message.type === "message.recorded") {
    putText(c, JSON.stringify(message.message));
    return;
  }
  const { unit, attempt } = live;
  const data = telemetryData(c, message);
  c.log.note({ run: c.run, plan: c.plan.name, unit, attempt, type: message.type, data });
}

/**
 * Answer to a worker that ends with the tree that the gates rejected; null for any other tree. A rejection of an
 * earlier run is told once: what caused it may have been outside the files and be gone.
 */
async function resubmission(c: RunContext, { unit, tree }: LiveAttempt): Promise<string | null> {
  const rejected = c.memory.rejectedTrees.get(unit);
  if (rejected === undefined) return null;
  const changes = await attemptChanges(c.repository, tree);
  const paths = changes.filter(({ kind }) => kind === "file" || kind === "symlink");
  const now = await treeWith(
    c.repository,
    tree,
    paths.map(({ path }) => path),
  );
  if (now !== rejected.tree) return null;
  const same = "the files are the same as those that the gates rejected";
  const fix = "fix what the rejection in your task names, or call done with status blocked";
  if (rejected.here) return `${same}; ${fix}`;
  c.memory.rejectedTrees.delete(unit);
  return `${same} in an earlier run; ${fix}. If the cause lay outside the files and is gone, call done again`;
}

function telemetryData(c: RunContext, message: WorkerMessage): Record<string, unknown> {
  if (message.type === "call") {
    const { type: _, ...call } = message;
    const text = JSON.stringify(call.args);
    if (text.length > inlineMax) {
      const head = text.slice(0, headMax);
      return snakeCase({ ...call, args: null, argsBlob: putText(c, text), argsHead: head });
    }
    // Keys of the arguments are the model's own and keep their spelling.
    const { args, ...rest } = call;
    return { ...snakeCase(rest), args };
  }
  const { type: _, ...rest } = message;
  if (
    (message.type === "result" || message.type === "thought") &&
    message.text.length > inlineMax
  ) {
    const head = message.text.slice(0, inlineMax);
    return snakeCase({ ...rest, text: head, textBlob: putText(c, message.text) });
  }
  return snakeCase(rest);
}

/** Stores a text that only telemetry names, and returns its digest. It is as durable as telemetry. */
function putText(c: RunContext, text: string): string {
  return c.log.putBlob(text, { durable: false });
}
