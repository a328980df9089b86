/**
 * The conversation of one worker with its model: send the history, run the tool calls of the reply, add
 * their results, repeat until there is an outcome.
 *
 * Reaches model, tools and parent through `LoopPorts` only, so tests need none of them. Always ends with a
 * typed outcome: the turn budget bounds the turns; replies without a tool call, filtered replies and
 * unreadable answers have their own limits.
 */
import type { ChatMessage, ModelReply, ModelResult, ToolCall } from "../model/message.ts";
import { History } from "./history.ts";
import type { WorkerMessage, WorkerRole, WorkerVerdict } from "./protocol.ts";
import { type DoneArguments, readRoleAnswer, unreadableAnswer } from "./roles/answer.ts";
import { isRecord, repeatsKey } from "./roles/json-in-text.ts";
import { parseReviewVerdict } from "./roles/reviewer.ts";
import { type ObservedCall, StallDetector } from "./stall-detector.ts";
import { type ToolResult, toolError } from "./tools/tool.ts";

/** Part of the context that the history may fill; the rest is for tool schemas and the reply. */
const historyShare = 0.6;
/** Replies without a tool call, in a row, that end the conversation. */
const withoutCallMax = 3;
/** Replies in a row stopped by the provider's content filter that end the conversation. */
const filteredMax = 2;
/** Unreadable answers of `done` that are sent back; the next one ends the conversation. */
const unreadableMax = 2;
/** Times the history limit is halved because the endpoint rejects the conversation as too long. */
const halvingsMax = 2;
/** Tool calls of one reply that are run. */
const callsMax = 32;

interface AskRequest {
  messages: readonly ChatMessage[];
  toolChoice: "auto" | { tool: string };
}

/** The answer to a request after all retries. */
type FinalResult = Exclude<ModelResult, { kind: "retriable" }>;

export interface LoopPorts {
  /** Sends the conversation to the model, with retries. */
  ask(request: AskRequest): Promise<FinalResult>;
  /** Runs a tool; never throws. */
  call(tool: string, argumentsText: string): Promise<{ args: unknown; result: ToolResult }>;
  /** Sends a message to the parent. */
  emit(message: WorkerMessage): Promise<void>;
  /** Records messages that are new and returns the digest of each. */
  record(messages: readonly ChatMessage[]): Promise<string[]>;
  /** A monotonic clock in milliseconds, for durations. */
  now(): number;
}

export interface LoopTask {
  role: WorkerRole;
  model: string;
  /** System prompt. */
  system: string;
  /** First user message. */
  prompt: string;
  turnsMax: number;
  contextTokens: number;
  /** Send the model's reasoning back with its replies. */
  returnReasoning: boolean;
}

export interface LoopOutcome {
  verdict: WorkerVerdict;
  reason: string;
  /** The role's typed result; for other endings the model's last text, or null. */
  result: unknown;
}

/** Runs the conversation to its end. */
export function runWorkerLoop(task: LoopTask, ports: LoopPorts): Promise<LoopOutcome> {
  return new Loop(task, ports).run();
}

class Loop {
  readonly #task: LoopTask;
  readonly #ports: LoopPorts;
  readonly #history: History;
  readonly #stalls: StallDetector;
  readonly #turnsMax: number;
  #turn = 0;
  #withoutCall = 0;
  #filtered = 0;
  #unreadable = 0;
  #halvings = 0;
  /** The turn in which `done` was refused. The next turn is not forced, so the model can fix the cause. */
  #refusedTurn = -1;
  /** False once the endpoint rejected a forced tool choice. */
  #canForce = true;
  #lastText = "";

  constructor(task: LoopTask, ports: LoopPorts) {
    this.#task = task;
    this.#ports = ports;
    this.#turnsMax = Math.max(1, Math.floor(task.turnsMax));
    this.#history = new History({
      system: task.system,
      task: task.prompt,
      tokensMax: Math.floor(task.contextTokens * historyShare),
    });
    this.#stalls = new StallDetector({
      turnsMax: this.#turnsMax,
      mustChange: task.role === "worker",
    });
  }

  async run(): Promise<LoopOutcome> {
    for (this.#turn = 1; this.#turn <= this.#turnsMax; this.#turn++) {
      const outcome = await this.#takeTurn();
      if (outcome !== null) return outcome;
    }
    return this.#end("exhausted", `the budget of ${this.#turnsMax} turns is used up`);
  }

  async #takeTurn(): Promise<LoopOutcome | null> {
    const note = budgetNote(this.#turn, this.#turnsMax);
    if (note !== null) this.#history.addNote(note);
    await this.#fitHistory();
    await this.#ports.emit({ type: "turn.started", turn: this.#turn, turnsMax: this.#turnsMax });
    let answer = await this.#ask();
    while (isTooLong(answer) && this.#halvings++ < halvingsMax && this.#history.halve()) {
      await this.#fitHistory();
      answer = await this.#ask();
    }
    switch (answer.kind) {
      case "fatal":
        return this.#end(this.#failedVerdict(answer.refused), answer.reason);
      case "cancelled":
        return this.#end("incomplete", "cancelled");
      case "reply":
        return this.#handle(answer);
      default:
        return answer satisfies never;
    }
  }

  /**
   * A refusal of every request ends the unit. So does a refusal of the first request, which the next attempt would send
   * again; that of a later one may be due to what the conversation contains.
   */
  #failedVerdict(refused: "always" | "request" | null): WorkerVerdict {
    const again = refused === "always" || (refused === "request" && this.#turn === 1);
    return again ? "refused_by_provider" : "provider_failed";
  }

  async #fitHistory(): Promise<void> {
    const cut = this.#history.fit();
    if (cut !== null) await this.#ports.emit({ type: "history.cut", turn: this.#turn, ...cut });
  }

  async #ask(): Promise<FinalResult> {
    const forced = this.#mustFinish();
    const answer = await this.#send(forced ? { tool: "done" } : "auto");
    if (!forced || answer.kind !== "fatal" || answer.status !== 400) return answer;
    // Some compatible servers reject a forced tool, or the call that a model makes of it. The request
    // without the forced tool is a different one, so it is worth sending.
    this.#canForce = false;
    return this.#send("auto");
  }

  /** True in the last turns of the budget, in which only `done` may be called. */
  #mustFinish(): boolean {
    const left = this.#turnsMax - this.#turn + 1;
    return (
      this.#canForce &&
      this.#refusedTurn !== this.#turn - 1 &&
      left <= budgetPlan(this.#turnsMax).forcedTurns
    );
  }

  /** Sends one request and reports it with its token usage, whether it succeeded or not. */
  async #send(toolChoice: AskRequest["toolChoice"]): Promise<FinalResult> {
    const messages = this.#history.messages();
    const digests = await this.#ports.record(messages);
    const started = this.#ports.now();
    const answer = await this.#ports.ask({ messages, toolChoice });
    let response = "";
    if (answer.kind === "reply") {
      const message = {
        role: "assistant" as const,
        content: answer.text,
        toolCalls: answer.toolCalls.map(sendableCall),
        ...(this.#task.returnReasoning ? { reasoning: answer.reasoning } : {}),
      };
      this.#history.addReply(message);
      [response = ""] = await this.#ports.record([message]);
    }
    await this.#ports.emit({
      type: "turn.finished",
      turn: this.#turn,
      model: this.#task.model,
      messages: digests,
      response,
      finishReason: answer.kind === "reply" ? answer.finishReason : answer.kind,
      usage: answer.usage,
      durationMs: Math.round(this.#ports.now() - started),
    });
    return answer;
  }

  async #handle(reply: ModelReply): Promise<LoopOutcome | null> {
    const turn = this.#turn;
    if (reply.reasoning.trim() !== "") {
      await this.#ports.emit({ type: "thought", turn, text: reply.reasoning });
    }
    if (reply.text.trim() !== "") {
      this.#lastText = reply.text;
      await this.#ports.emit({ type: "thought", turn, text: reply.text });
    }
    if (reply.toolCalls.length === 0) return this.#handleMissingCall(reply);
    this.#withoutCall = 0;
    this.#filtered = 0;
    const { outcome, observed } = await this.#runCalls(reply);
    if (outcome !== null) return outcome;
    const stall = this.#stalls.observe(observed);
    if (stall.kind === "stop") return this.#end("no_progress", stall.reason);
    if (stall.kind === "warn") {
      this.#history.addNote(stall.text);
      await this.#ports.emit({ type: "warning", text: stall.text });
    }
    return null;
  }

  /** Runs the calls in order. Calls after an accepted `done` are answered without being run. */
  async #runCalls(
    reply: ModelReply,
  ): Promise<{ outcome: LoopOutcome | null; observed: ObservedCall[] }> {
    let outcome: LoopOutcome | null = null;
    const observed: ObservedCall[] = [];
    for (const [position, call] of reply.toolCalls.entries()) {
      await this.#announce(call);
      if (outcome !== null) {
        await this.#answer(call, refusedCall("not run: done has already ended the work"), 0);
        continue;
      }
      if (position >= callsMax) {
        const text = `not run: a reply may contain at most ${callsMax} calls`;
        await this.#answer(call, refusedCall(text), 0);
        continue;
      }
      const started = this.#ports.now();
      // Models often send an empty text instead of an empty object.
      const text = call.argumentsText.trim() === "" ? "{}" : call.argumentsText;
      const { args, result } = await this.#ports.call(call.name, text);
      const ended =
        call.name === "done" && result.ok ? this.#done(args as DoneArguments, reply) : null;
      const accepted = ended !== null && "problem" in ended ? refusedCall(ended.problem) : result;
      const explained = explainCut(accepted, reply.finishReason);
      await this.#answer(call, explained, Math.round(this.#ports.now() - started));
      if (ended !== null && "verdict" in ended) outcome = ended;
      else if (call.name === "done") this.#refusedTurn = this.#turn;
      observed.push({
        tool: call.name,
        argumentsText: call.argumentsText,
        ok: explained.ok,
        text: explained.text,
      });
    }
    return { outcome, observed };
  }

  async #announce(call: ToolCall): Promise<void> {
    const args = parsedArguments(call.argumentsText) ?? {};
    await this.#ports.emit({ type: "call", ...this.#callFields(call), args });
  }

  #callFields(call: ToolCall): { turn: number; callId: string; tool: string } {
    return { turn: this.#turn, callId: call.id, tool: call.name };
  }

  async #answer(call: ToolCall, result: ToolResult, durationMs: number): Promise<void> {
    const { ok, errorKind, text, rawBytes, clipped, target } = result;
    this.#history.addResult(call.id, text, { tool: call.name, target, ok });
    await this.#ports.emit({
      type: "result",
      ...this.#callFields(call),
      ok,
      errorKind,
      text,
      rawBytes,
      clipped,
      durationMs,
      target,
    });
  }

  /** The outcome that `done` reports, or the problem with its answer, to be sent back to the model. */
  #done(args: DoneArguments, reply: ModelReply): LoopOutcome | { problem: string } {
    const answer = this.#contradicts(reply)
      ? { ok: false as const, problem: "call done once, with each key once" }
      : readRoleAnswer(this.#task.role, args);
    const reason = args.summary.slice(0, 2000);
    if (answer.ok) return { verdict: args.status, reason, result: answer.result };
    if (args.status !== "complete") return { verdict: args.status, reason, result: args.summary };
    if (++this.#unreadable <= unreadableMax) return { problem: answer.problem };
    const result = unreadableAnswer(this.#task.role, args.summary);
    const verdict = this.#task.role === "reviewer" ? "complete" : "incomplete";
    return { verdict, reason: answer.problem, result };
  }

  /** True for a reviewer's reply with several calls of `done`, or with a key twice in one. */
  #contradicts({ toolCalls }: ModelReply): boolean {
    const ends = toolCalls.filter(({ name }) => name === "done");
    if (this.#task.role !== "reviewer") return false;
    return ends.length > 1 || ends.some(({ argumentsText }) => repeatsKey(argumentsText));
  }

  /** Reminds a model whose reply has no tool call to make one; ends the conversation after a few. */
  #handleMissingCall(reply: ModelReply): LoopOutcome | null {
    if (reply.finishReason === "content_filter") {
      if (++this.#filtered >= filteredMax) {
        return this.#end("refused_by_provider", "the provider's content filter stopped the reply");
      }
    }
    if (++this.#withoutCall >= withoutCallMax) {
      const why =
        reply.finishReason === "length"
          ? "the provider's output limit cut the reply before a tool call"
          : "the model replied without calling a tool";
      return (
        this.#verdictInText(reply.text) ??
        this.#end("no_progress", `${why}, ${this.#withoutCall} times in a row`)
      );
    }
    this.#history.addNote(missingCallNote(reply.finishReason));
    return null;
  }

  /** The verdict in the last reply of a reviewer that does not call `done`. */
  #verdictInText(text: string): LoopOutcome | null {
    const verdict = this.#task.role === "reviewer" ? parseReviewVerdict(text) : null;
    if (verdict === null) return null;
    return { verdict: "complete", reason: "the verdict was given as text", result: verdict };
  }

  #end(verdict: WorkerVerdict, reason: string): LoopOutcome {
    return {
      verdict,
      reason,
      result: this.#lastText === "" ? null : this.#lastText.slice(0, 8000),
    };
  }
}

/** True for an error that says the conversation exceeds the model's context. */
function isTooLong(answer: { kind: string; reason?: string; status?: number | null }): boolean {
  if (answer.kind !== "fatal" || (answer.status !== 400 && answer.status !== 413)) return false;
  return /context.{0,20}(?:length|window|size)|too (?:long|many tokens|large)/i.test(
    answer.reason ?? "",
  );
}

function missingCallNote(finishReason: string): string {
  if (finishReason === "length") {
    return "The provider's output limit cut your reply before any tool call. Work in smaller steps.";
  }
  if (finishReason === "content_filter") {
    return "The provider's content filter stopped your last reply. Continue the task by calling a tool.";
  }
  return "Only tool calls have an effect. Call a tool to continue, or call done to end the work.";
}

// ------------------------------------------------------------
// The turn budget: notes before certain turns and forced turns at the end, scaled to the budget.

interface BudgetPlan {
  /** The turns before which a note is added. */
  warnAt: number;
  finishAt: number;
  /** Number of last turns in which only `done` may be called. */
  forcedTurns: number;
}

function budgetPlan(turnsMax: number): BudgetPlan {
  const finishing = Math.min(8, Math.max(2, Math.ceil(turnsMax * 0.15)));
  return {
    warnAt: Math.ceil(turnsMax * 0.7) + 1,
    finishAt: turnsMax - finishing + 1,
    forcedTurns: turnsMax >= 10 ? 2 : turnsMax >= 4 ? 1 : 0,
  };
}

/** The note to add before a turn, or null. */
function budgetNote(turn: number, turnsMax: number): string | null {
  if (turnsMax < 4) return null;
  const plan = budgetPlan(turnsMax);
  const left = turnsMax - turn + 1;
  if (turn === turnsMax - plan.forcedTurns + 1) {
    return (
      `Last ${left === 1 ? "turn" : `${left} turns`}. Call done now: status complete only if the task is ` +
      "done and verified, otherwise status incomplete with what is missing."
    );
  }
  if (turn === plan.finishAt) {
    return `${left} turns are left. Stop exploring: finish the change, verify it, and call done.`;
  }
  if (turn === plan.warnAt) {
    return `${turn - 1} of ${turnsMax} turns are used, ${left} are left. Plan the rest so that you can end with done.`;
  }
  return null;
}

// ------------------------------------------------------------
// Tool calls and results in the form they have in the history.

/** A call with a valid name and JSON arguments: some endpoints reject a history that lacks either. */
function sendableCall(call: ToolCall): ToolCall {
  const name = /^[\w-]{1,64}$/.test(call.name) ? call.name : "unknown_tool";
  if (parsedArguments(call.argumentsText) !== null) return { ...call, name };
  const text = call.argumentsText.slice(0, 2000);
  const argumentsText = text.trim() === "" ? "{}" : JSON.stringify({ broken_arguments: text });
  return { ...call, name, argumentsText };
}

/** Arguments as an object; null for text that is not a JSON object. */
function parsedArguments(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** The result of a call that is not run, or of a `done` that is not accepted. */
function refusedCall(text: string): ToolResult {
  return toolError("not_permitted", text);
}

/** Adds the cause to an invalid_arguments result of a reply that reached the output limit. */
function explainCut(result: ToolResult, finishReason: string): ToolResult {
  if (finishReason !== "length" || result.errorKind !== "invalid_arguments") return result;
  const text = `${result.text}\nYour reply was cut by the provider's output limit; make smaller calls.`;
  return { ...result, text };
}
