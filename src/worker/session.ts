/**
 * One worker request from start to outcome: connects the loop with the model, the tools and the parent.
 * Independent of stdin and stdout.
 */
import { join } from "node:path";
import type { ChatMessage } from "../model/message.ts";
import { openProvider, type Provider } from "../model/provider.ts";
import { sendWithRetries } from "../model/retry.ts";
import { wireMessage } from "../model/wire.ts";
import { sleep } from "../std/clock.ts";
import { sha256 } from "../std/digest.ts";
import { requestTokens } from "./history.ts";
import { type LoopOutcome, type LoopPorts, runWorkerLoop } from "./loop.ts";
import { openingOf } from "./opening.ts";
import type { ParentClient } from "./parent-client.ts";
import type { WorkerMessage, WorkerRequest } from "./protocol.ts";
import type { Redactor } from "./redact.ts";
import type { DoneArguments } from "./roles/answer.ts";
import { callTool } from "./tools/index.ts";
import { filesInWorktree } from "./tools/repo-map.ts";
import { toolError } from "./tools/tool.ts";

interface Session {
  request: WorkerRequest;
  parent: ParentClient;
  redactor: Redactor;
  /** Sends a message to the parent without redacting it. */
  emit(message: WorkerMessage): Promise<void>;
  /** Aborts the request and every tool it runs. */
  signal: AbortSignal;
}

/** Times that the parent refuses a complete `done`; the next one ends the work, and its review decides. */
const refusalsMax = 2;

/** Works on the request until there is an outcome; the caller reports it. */
export async function runSession(session: Session): Promise<LoopOutcome> {
  const { request, redactor, signal } = session;
  const context = { request, root: join(request.worktree, request.projectDir), signal };
  const opening = await openingOf(request, await filesInWorktree(context));
  const { tools, definitions } = opening;
  const recorder = new MessageRecorder(session.emit, redactor);
  const provider = openProvider(request.provider);
  const ports: LoopPorts = {
    ask: ({ messages, toolChoice }) =>
      ask(session, provider, {
        model: request.model,
        messages,
        toolChoice,
        tools: definitions,
        signal,
      }),
    call: async (tool, argumentsText) => {
      const { args, result: called } = await callTool(tools, tool, argumentsText, context);
      const refusal = called.ok ? await refusalOf(tool, args) : null;
      const result = refusal === null ? called : toolError("not_permitted", refusal);
      return { args, result: { ...result, text: redactor.key(result.text) } };
    },
    emit: (message) => session.emit(redactor.value(message)),
    record: (messages) => recorder.record(messages),
    now: () => performance.now(),
  };
  let refusals = 0;
  /** The parent's reason against a complete `done`, the first times. */
  const refusalOf = async (tool: string, args: unknown): Promise<string | null> => {
    const complete = tool === "done" && (args as Partial<DoneArguments>).status === "complete";
    if (!complete || !request.offersDone || refusals >= refusalsMax) return null;
    const refusal = await session.parent.offerDone(signal);
    if (refusal !== null) refusals++;
    return refusal;
  };
  return runWorkerLoop(
    {
      role: request.role,
      model: request.model,
      system: opening.system,
      prompt: opening.prompt,
      turnsMax: request.limits.iterationBudget,
      contextTokens: request.provider.contextTokens,
      returnReasoning: request.provider.returnReasoning,
    },
    ports,
  );
}

/** Sends one request with retries; each try first obtains a permit from the parent. */
function ask(session: Session, provider: Provider, request: Parameters<Provider["send"]>[0]) {
  const tokens = requestTokens(request.messages, request.tools);
  const emit = (message: WorkerMessage): Promise<void> =>
    session.emit(session.redactor.value(message));
  return sendWithRetries(session.request.provider, {
    send: async () => {
      await session.parent.obtain(tokens, session.signal);
      return provider.send(request);
    },
    onRetry: async ({ attempt, delayMs, reason, limited }) => {
      if (limited) await emit({ type: "provider.limited", retryAfterMs: delayMs });
      await emit({ type: "provider.retried", attempt, delayMs, reason });
    },
    sleep: (ms) => sleep(ms, session.signal),
    random: Math.random,
  });
}

/** Sends each message of the conversation to the parent once; requests refer to messages by digest. */
class MessageRecorder {
  readonly #emit: (message: WorkerMessage) => Promise<void>;
  readonly #redactor: Redactor;
  readonly #sent = new Set<string>();
  /** Digests by message object: messages are immutable, so each is hashed once. */
  readonly #digests = new WeakMap<ChatMessage, string>();

  constructor(emit: (message: WorkerMessage) => Promise<void>, redactor: Redactor) {
    this.#emit = emit;
    this.#redactor = redactor;
  }

  /** The digests of messages, in order (SHA-256 of their redacted JSON). New messages are sent first. */
  async record(messages: readonly ChatMessage[]): Promise<string[]> {
    const digests: string[] = [];
    for (const message of messages) digests.push(await this.#recordOne(message));
    return digests;
  }

  async #recordOne(message: ChatMessage): Promise<string> {
    const before = this.#digests.get(message);
    if (before !== undefined) return before;
    const redacted = this.#redactor.value(wireMessage(message));
    const digest = sha256(JSON.stringify(redacted));
    this.#digests.set(message, digest);
    if (!this.#sent.has(digest)) {
      this.#sent.add(digest);
      await this.#emit({ type: "message.recorded", digest, message: redacted });
    }
    return digest;
  }
}
