/**
 * One request from its first byte to its outcome: the loop joined to the model, the tools and the
 * parent. Knows nothing of stdin and stdout.
 */
import type { ToolOffer } from "../model/message.ts";
import { openProvider, type Provider } from "../model/provider.ts";
import { sendWithRetries } from "../model/retry.ts";
import type { Toolbox } from "./context.ts";
import { estimateTokens } from "./history.ts";
import { type LoopOutcome, type LoopPorts, runLoop } from "./loop.ts";
import type { PermitDesk } from "./permits.ts";
import { systemPrompt } from "./prompt.ts";
import type { WorkerMessage, WorkerRequest } from "./protocol.ts";
import { Recorder } from "./record.ts";
import type { Redactor } from "./redact.ts";

export interface Session {
  request: WorkerRequest;
  toolbox: Toolbox;
  permits: PermitDesk;
  redactor: Redactor;
  /** Sends a message to the parent, as it is. */
  emit(message: WorkerMessage): Promise<void>;
  signal: AbortSignal;
}

/** Works on the request until there is an outcome; the caller reports it. */
export async function runSession(session: Session): Promise<LoopOutcome> {
  const { request, toolbox, redactor } = session;
  const names = toolbox.offers.map((offer) => offer.name);
  const recorder = new Recorder(session.emit, redactor);
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
  return runLoop(
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

function offerTokens(offers: readonly ToolOffer[]): number {
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
