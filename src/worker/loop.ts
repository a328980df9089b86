/**
 * The conversation of one worker: ask, run the tools, say what came of it, until there is an outcome.
 *
 * Talks to the world through `LoopPorts` only, so it can be tested without a model and without
 * tools. Always ends, and always with a typed outcome: turns are bounded by the budget, replies
 * without a tool call, cut replies and unreadable answers by small limits of their own.
 */
import type { ChatMessage, ModelReply, ModelResult, ToolCall } from "../model/message.ts";
import { History } from "./history.ts";
import type { ToolErrorKind, WorkerMessage, WorkerRole, WorkerVerdict } from "./protocol.ts";
import { type DoneArguments, readRoleAnswer, unreadableAnswer } from "./roles/answer.ts";
import { isRecord } from "./roles/json-in-text.ts";
import { parseReviewVerdict } from "./roles/reviewer.ts";
import { type ObservedCall, StallDetector } from "./stall-detector.ts";

/** Part of the context the history may fill; the rest is for tool schemas and the answer. */
const historyShare = 0.6;
/** Replies in a row without a tool call; cut off by the output limit; filtered; unreadable answers. */
const nudgesMax = 3;
const filteredMax = 2;
const unreadableMax = 2;
/** Times the history is halved because the endpoint finds it too long. */
const halvingsMax = 2;
/** Calls of one reply that are run. */
const callsMax = 32;

/** What a tool call came to; the same shape as the tools' own result. */
export interface ToolAnswer {
  ok: boolean;
  text: string;
  errorKind: ToolErrorKind | null;
  target: string | null;
  rawBytes: number;
  clipped: boolean;
}

export interface AskRequest {
  messages: readonly ChatMessage[];
  toolChoice: "auto" | { tool: string };
}

export interface LoopPorts {
  /** Sends the conversation; retries are behind it. */
  ask(request: AskRequest): Promise<Exclude<ModelResult, { kind: "retriable" }>>;
  /** Runs a tool; never throws. */
  call(tool: string, argumentsText: string): Promise<{ args: unknown; result: ToolAnswer }>;
  /** Tells the parent. */
  emit(message: WorkerMessage): Promise<void>;
  /** Digests of messages, which are recorded first. */
  record(messages: readonly ChatMessage[]): Promise<string[]>;
  /** Milliseconds, for durations. */
  now(): number;
}

export interface LoopTask {
  role: WorkerRole;
  model: string;
  system: string;
  prompt: string;
  turnsMax: number;
  contextTokens: number;
  /** Whether the model's reasoning is sent back with its answers. */
  returnReasoning: boolean;
}

export interface LoopOutcome {
  verdict: WorkerVerdict;
  reason: string;
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
  readonly #progress: StallDetector;
  readonly #turnsMax: number;
  #turn = 0;
  #nudges = 0;
  #filtered = 0;
  #unreadable = 0;
  #halvings = 0;
  /** The turn whose `done` was refused: the next is not forced, so that what it asks for can be done. */
  #refusedTurn = -1;
  /** The endpoint does not take a forced tool. */
  #forcing = true;
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
    this.#progress = new StallDetector({
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
        return this.#end("provider_failed", answer.reason);
      case "cancelled":
        return this.#end("incomplete", "cancelled");
      case "reply":
        return this.#handle(answer);
      default:
        return answer satisfies never;
    }
  }

  async #fitHistory(): Promise<void> {
    const cut = this.#history.fit();
    if (cut !== null) await this.#ports.emit({ type: "history.cut", turn: this.#turn, ...cut });
  }

  async #ask(): Promise<Exclude<ModelResult, { kind: "retriable" }>> {
    const forced = this.#mustFinish();
    const answer = await this.#send(forced ? { tool: "done" } : "auto");
    if (!forced || answer.kind !== "fatal" || answer.status !== 400) return answer;
    // Not every compatible server takes a forced tool, and some refuse what a model makes of one; the
    // request without it is another one.
    this.#forcing = false;
    return this.#send("auto");
  }

  #mustFinish(): boolean {
    const left = this.#turnsMax - this.#turn + 1;
    return (
      this.#forcing &&
      this.#refusedTurn !== this.#turn - 1 &&
      left <= budgetPlan(this.#turnsMax).forcedTurns
    );
  }

  /** One request, recorded with what it cost whether it succeeded or not. */
  async #send(
    toolChoice: AskRequest["toolChoice"],
  ): Promise<Exclude<ModelResult, { kind: "retriable" }>> {
    const messages = this.#history.messages();
    const digests = await this.#ports.record(messages);
    const started = this.#ports.now();
    const answer = await this.#ports.ask({ messages, toolChoice });
    let response = "";
    if (answer.kind === "reply") {
      const toolCalls = answer.toolCalls.map(sendableCall);
      const said = {
        role: "assistant" as const,
        content: answer.text,
        toolCalls,
        ...(this.#task.returnReasoning ? { reasoning: answer.reasoning } : {}),
      };
      this.#history.addAnswer(said);
      [response = ""] = await this.#ports.record([said]);
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
    if (reply.toolCalls.length === 0) return this.#nudge(reply);
    this.#nudges = 0;
    this.#filtered = 0;
    const { outcome, observed } = await this.#runCalls(reply);
    if (outcome !== null) return outcome;
    const judgement = this.#progress.observe(observed);
    if (judgement.kind === "stop") return this.#end("no_progress", judgement.reason);
    if (judgement.kind === "warn") {
      this.#history.addNote(judgement.text);
      await this.#ports.emit({ type: "warning", text: judgement.text });
    }
    return null;
  }

  /** Runs the calls in order. After a `done` that counts, the others are answered and not run. */
  async #runCalls(
    reply: ModelReply,
  ): Promise<{ outcome: LoopOutcome | null; observed: ObservedCall[] }> {
    let outcome: LoopOutcome | null = null;
    const observed: ObservedCall[] = [];
    for (const [position, call] of reply.toolCalls.entries()) {
      await this.#announce(call);
      if (outcome !== null) {
        await this.#answer(call, refusedCall("not run: the work had ended with done"), 0);
        continue;
      }
      if (position >= callsMax) {
        await this.#answer(call, refusedCall(`not run: at most ${callsMax} calls a reply`), 0);
        continue;
      }
      const started = this.#ports.now();
      // Calls without arguments often come with none at all.
      const text = call.argumentsText.trim() === "" ? "{}" : call.argumentsText;
      const { args, result } = await this.#ports.call(call.name, text);
      const ended = call.name === "done" && result.ok ? this.#done(args as DoneArguments) : null;
      const told = ended !== null && "problem" in ended ? refusedCall(ended.problem) : result;
      const explained = explainCut(told, reply.finishReason);
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
    await this.#ports.emit({ type: "call", ...this.#about(call), args });
  }

  #about(call: ToolCall): { turn: number; callId: string; tool: string } {
    return { turn: this.#turn, callId: call.id, tool: call.name };
  }

  async #answer(call: ToolCall, result: ToolAnswer, durationMs: number): Promise<void> {
    const { ok, errorKind, text, rawBytes, clipped, target } = result;
    this.#history.addResult(call.id, text, { tool: call.name, target, ok });
    await this.#ports.emit({
      type: "result",
      ...this.#about(call),
      ok,
      errorKind,
      text,
      rawBytes,
      clipped,
      durationMs,
      target,
    });
  }

  /** The outcome `done` asks for, or what is wrong with the answer handed over. */
  #done(args: DoneArguments): LoopOutcome | { problem: string } {
    const answer = readRoleAnswer(this.#task.role, args);
    const reason = args.summary.slice(0, 2000);
    if (answer.ok) return { verdict: args.status, reason, result: answer.result };
    if (args.status !== "complete") return { verdict: args.status, reason, result: args.summary };
    if (++this.#unreadable <= unreadableMax) return { problem: answer.problem };
    const result = unreadableAnswer(this.#task.role, args.summary);
    const verdict = this.#task.role === "reviewer" ? "complete" : "incomplete";
    return { verdict, reason: answer.problem, result };
  }

  /** A reply without a tool call: say so, a few times, then stop. */
  #nudge(reply: ModelReply): LoopOutcome | null {
    if (reply.finishReason === "content_filter") {
      if (++this.#filtered >= filteredMax) {
        return this.#end("refused_by_provider", "the provider filtered its own answer");
      }
    }
    if (++this.#nudges >= nudgesMax) {
      const why =
        reply.finishReason === "length"
          ? "the provider's output limit cut the answer before a tool call"
          : "the model answered without calling a tool";
      return (
        this.#spokenAnswer() ?? this.#end("no_progress", `${why}, ${this.#nudges} times in a row`)
      );
    }
    this.#history.addNote(nudgeText(reply.finishReason));
    return null;
  }

  /** A reviewer that will not call `done` may have said its verdict all the same. */
  #spokenAnswer(): LoopOutcome | null {
    const verdict = this.#task.role === "reviewer" ? parseReviewVerdict(this.#lastText) : null;
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

/** Endpoints say in words that a conversation is too long for the model. */
function isTooLong(answer: { kind: string; reason?: string; status?: number | null }): boolean {
  if (answer.kind !== "fatal" || (answer.status !== 400 && answer.status !== 413)) return false;
  return /context.{0,20}(?:length|window|size)|too (?:long|many tokens|large)/i.test(
    answer.reason ?? "",
  );
}

function nudgeText(finishReason: string): string {
  if (finishReason === "length") {
    return "Your reply was cut by the provider's output limit before any tool call. Work in smaller steps.";
  }
  if (finishReason === "content_filter") {
    return "The provider filtered your last reply. Go on with the task by calling a tool.";
  }
  return "Only tool calls have an effect here. Call a tool to go on, or call done to hand over.";
}

// ------------------------------------------------------------
// When a worker hears of its budget, and when it must hand over. Scaled to the budget. Pure.

export interface BudgetPlan {
  /** The turns before which a note is given. */
  warnAt: number;
  finishAt: number;
  /** The last turns in which only `done` may be called. */
  forcedTurns: number;
}

/** The plan for a budget of `turnsMax` turns. */
export function budgetPlan(turnsMax: number): BudgetPlan {
  const finishing = Math.min(8, Math.max(2, Math.ceil(turnsMax * 0.15)));
  return {
    warnAt: Math.ceil(turnsMax * 0.7) + 1,
    finishAt: turnsMax - finishing + 1,
    forcedTurns: turnsMax >= 10 ? 2 : turnsMax >= 4 ? 1 : 0,
  };
}

/** What to say before this turn, or null. */
export function budgetNote(turn: number, turnsMax: number): string | null {
  if (turnsMax < 4) return null;
  const plan = budgetPlan(turnsMax);
  const left = turnsMax - turn + 1;
  if (turn === turnsMax - plan.forcedTurns + 1) {
    return (
      `Last ${left === 1 ? "turn" : `${left} turns`}. Call done now: status complete only if the task is ` +
      "done and checked, else incomplete with what is missing."
    );
  }
  if (turn === plan.finishAt) {
    return `${left} turns are left. Stop exploring: finish the change, check it, and call done.`;
  }
  if (turn === plan.warnAt) {
    return `${turn - 1} of ${turnsMax} turns are used, ${left} are left. Plan the rest to end with done.`;
  }
  return null;
}

// ------------------------------------------------------------
// Tool calls and their answers, as they go back into a conversation. Pure.

/** A call as it goes back to the endpoint: some refuse a conversation with broken JSON or names in it. */
export function sendableCall(call: ToolCall): ToolCall {
  const name = /^[\w-]{1,64}$/.test(call.name) ? call.name : "unknown_tool";
  if (parsedArguments(call.argumentsText) !== null) return { ...call, name };
  const text = call.argumentsText.slice(0, 2000);
  const argumentsText = text.trim() === "" ? "{}" : JSON.stringify({ broken_arguments: text });
  return { ...call, name, argumentsText };
}

/** Arguments as an object; null when they are none. */
export function parsedArguments(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** The answer to a call that is not run, or whose handing over is refused. */
export function refusedCall(text: string): ToolAnswer {
  const rawBytes = Buffer.byteLength(text);
  return { ok: false, text, errorKind: "not_permitted", target: null, rawBytes, clipped: false };
}

/** Broken arguments in a reply that hit the output limit are cut ones: say so. */
export function explainCut(result: ToolAnswer, finishReason: string): ToolAnswer {
  if (finishReason !== "length" || result.errorKind !== "invalid_arguments") return result;
  const text = `${result.text}\nYour reply was cut by the provider's output limit; make smaller calls.`;
  return { ...result, text };
}
