/**
 * One request from its first byte to its outcome: the loop joined to the model, the tools and the
 * parent. Knows nothing of stdin and stdout.
 */

import { join } from "node:path";
import { type ChatMessage, type ToolDefinition, wireMessage } from "../model/message.ts";
import { openProvider, type Provider } from "../model/provider.ts";
import { sendWithRetries } from "../model/retry.ts";
import { sha256 } from "../std/digest.ts";
import { estimateTokens } from "./history.ts";
import { type LoopOutcome, type LoopPorts, runWorkerLoop, type ToolAnswer } from "./loop.ts";
import type { WorkerMessage, WorkerRequest } from "./protocol.ts";
import type { RateLimitClient } from "./rate-limit-client.ts";
import type { Redactor } from "./redact.ts";
import { systemPrompt } from "./system-prompt.ts";
import { callTool, toolsFor } from "./tools/index.ts";
import { repoMap } from "./tools/repo-map.ts";

export interface Session {
  request: WorkerRequest;
  toolbox: Toolbox;
  permits: RateLimitClient;
  redactor: Redactor;
  /** Sends a message to the parent, as it is. */
  emit(message: WorkerMessage): Promise<void>;
  signal: AbortSignal;
}

/** Works on the request until there is an outcome; the caller reports it. */
export async function runSession(session: Session): Promise<LoopOutcome> {
  const { request, toolbox, redactor } = session;
  const names = toolbox.offers.map((offer) => offer.name);
  const recorder = new MessageRecorder(session.emit, redactor);
  const provider = openProvider(request.provider);
  const ports: LoopPorts = {
    ask: ({ messages, toolChoice }) =>
      ask(session, provider, {
        model: request.model,
        messages,
        toolChoice,
        tools: toolbox.offers,
        signal: session.signal,
      }),
    call: async (tool, argumentsText) => {
      const { args, result } = await toolbox.call(tool, argumentsText);
      return { args, result: { ...result, text: redactor.key(result.text) } };
    },
    emit: (message) => session.emit(redactor.value(message)),
    record: (messages) => recorder.record(messages),
    now: () => performance.now(),
  };
  return runWorkerLoop(
    {
      role: request.role,
      model: request.model,
      system: systemPrompt(request, names, await toolbox.repoMap()),
      prompt: request.prompt,
      turnsMax: request.limits.iterationBudget,
      contextTokens: request.provider.contextTokens,
      returnReasoning: request.provider.returnReasoning,
    },
    ports,
  );
}

/** Sends one request, with the parent's leave before every try. */
function ask(session: Session, provider: Provider, request: Parameters<Provider["send"]>[0]) {
  const tokens = estimateTokens(request.messages) + offerTokens(request.tools);
  const emit = (message: WorkerMessage): Promise<void> =>
    session.emit(session.redactor.value(message));
  return sendWithRetries(session.request.provider, {
    send: async () => {
      await session.permits.obtain(tokens, session.signal);
      return provider.send(request);
    },
    onRetry: async ({ attempt, delayMs, reason, limited }) => {
      if (limited) await emit({ type: "provider.limited", retryAfterMs: delayMs });
      await emit({ type: "provider.retried", attempt, delayMs, reason });
    },
    sleep: (ms) => pause(ms, session.signal),
    random: Math.random,
  });
}

function offerTokens(offers: readonly ToolDefinition[]): number {
  return Math.ceil(JSON.stringify(offers).length / 4);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// ------------------------------------------------------------
// The tools of one request, ready to be offered and called.

/** What a session needs of the tools; the loop never sees more. */
export interface Toolbox {
  offers: readonly ToolDefinition[];
  /** Runs one call; never throws. */
  call(tool: string, argumentsText: string): Promise<{ args: unknown; result: ToolAnswer }>;
  /** The repository at a glance, for the system prompt. */
  repoMap(): Promise<string>;
}

/** The tools of the request's role, working in its worktree until the signal. */
export async function openToolbox(request: WorkerRequest, signal: AbortSignal): Promise<Toolbox> {
  const tools = toolsFor(request.role, request);
  const context = { request, root: join(request.worktree, request.projectDir), signal };
  return {
    offers: tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
    call: (tool, argumentsText) => callTool(tools, tool, argumentsText, context),
    repoMap: () => repoMap(context),
  };
}

// ------------------------------------------------------------
//  * Records a conversation without saying anything twice: each message once, by the digest of its
// JSON; requests name their messages by digest.

export class MessageRecorder {
  readonly #emit: (message: WorkerMessage) => Promise<void>;
  readonly #redactor: Redactor;
  readonly #known = new Set<string>();
  /** Messages never change once made, so each is hashed once. */
  readonly #digests = new WeakMap<ChatMessage, string>();

  constructor(emit: (message: WorkerMessage) => Promise<void>, redactor: Redactor) {
    this.#emit = emit;
    this.#redactor = redactor;
  }

  /** Digests of the messages, in order; those not seen before are sent to the parent first. */
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
    if (!this.#known.has(digest)) {
      this.#known.add(digest);
      await this.#emit({ type: "message.recorded", digest, message: redacted });
    }
    return digest;
  }
}
