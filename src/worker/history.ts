/**
 * The conversation, kept within the model's context.
 *
 * System prompt and task always stay. The rest is added and removed in whole turns (a reply, the results
 * of its calls and dgov's notes after them), so a call always keeps its result. A full history is reduced
 * in steps: results of reads that a later write made stale become one line; then the oldest turns are
 * removed and replaced by a notice with their number and their last error; then the last turn's messages
 * are shortened. Removing turns frees extra room, because every cut invalidates the provider's prompt cache.
 */
import type { ChatMessage, ToolDefinition } from "../model/message.ts";
import { listed } from "../std/text.ts";
import { writingTools } from "./tools/tool.ts";

/** Share of the limit that the history fills after turns were removed. */
const filledAfterCut = 0.75;
const errorCharsMax = 2000;
const resultCharsMin = 2000;
const pathsNamedMax = 40;

interface Result {
  tool: string;
  target: string | null;
  ok: boolean;
}

interface Turn {
  messages: ChatMessage[];
  /** By call id. */
  results: Map<string, Result>;
}

/** The result of `History.fit`, for the event log. */
interface HistoryCut {
  /** Messages removed or shortened. */
  messages: number;
  reason: string;
}

export class History {
  readonly #head: ChatMessage[];
  #tokensMax: number;
  #turns: Turn[] = [];
  #cutTurns = 0;
  #cutPaths = new Set<string>();
  #cutError: string | null = null;

  constructor(o: { system: string; task: string; tokensMax: number }) {
    this.#head = [
      { role: "system", content: o.system },
      { role: "user", content: o.task },
    ];
    this.#tokensMax = o.tokensMax;
  }

  /** Starts a turn with the model's reply. */
  addReply(reply: Extract<ChatMessage, { role: "assistant" }>): void {
    this.#turns.push({ messages: [reply], results: new Map() });
  }

  /** Adds the result of a call of the current turn. */
  addResult(callId: string, text: string, result: Result): void {
    const turn = this.#current();
    turn.messages.push({ role: "tool", callId, content: text });
    turn.results.set(callId, result);
  }

  /** Adds a message of dgov to the model. */
  addNote(text: string): void {
    this.#current().messages.push({ role: "user", content: text });
  }

  /** The messages of the next request. */
  messages(): ChatMessage[] {
    const cut = this.#cutTurns === 0 ? [] : [this.#cutNotice()];
    return [...this.#head, ...cut, ...this.#turns.flatMap((turn) => turn.messages)];
  }

  /** Estimated tokens of the next request. */
  tokens(): number {
    return estimateTokens(this.messages());
  }

  /** Reduces the history to its limit; null when nothing was removed. */
  fit(): HistoryCut | null {
    if (this.tokens() <= this.#tokensMax) return null;
    const stale = this.#shortenStaleReads();
    let cut = 0;
    if (this.tokens() > this.#tokensMax) cut = this.#cutOldest(this.#tokensMax * filledAfterCut);
    const clipped = this.tokens() > this.#tokensMax ? this.#clipLast() : 0;
    const parts = [
      stale > 0 ? `${stale} reads that a later write made stale` : "",
      cut > 0 ? `${cut} messages of the oldest turns` : "",
      clipped > 0 ? `${clipped} long messages shortened` : "",
    ].filter((part) => part !== "");
    if (parts.length === 0) return null;
    return {
      messages: stale + cut + clipped,
      reason: `over ${this.#tokensMax} estimated tokens: ${parts.join(", ")}`,
    };
  }

  /**
   * Halves the limit, for an endpoint that counts more tokens than the estimate. False when there is
   * nothing to remove.
   */
  halve(): boolean {
    if (this.#turns.length === 0) return false;
    this.#tokensMax = Math.floor(Math.min(this.#tokensMax, this.tokens()) / 2);
    return true;
  }

  #current(): Turn {
    let turn = this.#turns.at(-1);
    if (turn === undefined) {
      turn = { messages: [], results: new Map() };
      this.#turns.push(turn);
    }
    return turn;
  }

  /** Replaces results of reads of files that a later turn wrote. Returns how many it replaced. */
  #shortenStaleReads(): number {
    let shortened = 0;
    const written = new Set<string>();
    for (const turn of this.#turns.toReversed()) {
      const writtenHere: string[] = [];
      turn.messages = turn.messages.map((message) => {
        if (message.role !== "tool") return message;
        const result = turn.results.get(message.callId);
        if (result === undefined || result.target === null || !result.ok) return message;
        if (writingTools.has(result.tool)) writtenHere.push(result.target);
        if (result.tool !== "read_file" || !written.has(result.target)) return message;
        const line = `[content of ${result.target} before a later change; read the file again if you need it]`;
        if (message.content === line) return message;
        shortened++;
        return { ...message, content: line };
      });
      for (const path of writtenHere) written.add(path);
    }
    return shortened;
  }

  /** Removes the oldest turns, except the last, until `tokensGoal`. Returns the messages removed. */
  #cutOldest(tokensGoal: number): number {
    let cut = 0;
    let tokens = this.tokens();
    while (this.#turns.length > 1 && tokens > tokensGoal) {
      const turn = this.#turns.shift();
      if (turn === undefined) break;
      this.#remember(turn);
      cut += turn.messages.length;
      tokens -= estimateTokens(turn.messages);
    }
    return cut;
  }

  /** Keeps the facts of a removed turn that the notice lists. */
  #remember(turn: Turn): void {
    if (turn.messages[0]?.role === "assistant") this.#cutTurns++;
    for (const message of turn.messages) {
      if (message.role !== "tool") continue;
      const result = turn.results.get(message.callId);
      if (result === undefined) continue;
      if (result.ok && result.target !== null && writingTools.has(result.tool)) {
        this.#cutPaths.add(result.target);
      }
      if (!result.ok) this.#cutError = `${result.tool}: ${clip(message.content, errorCharsMax)}`;
    }
  }

  /** Shortens the messages of the last turn to equal shares of the room. Returns how many it shortened. */
  #clipLast(): number {
    const turn = this.#turns.at(-1);
    if (turn === undefined) return 0;
    const fixed = estimateTokens(this.#head);
    const room = Math.max(0, this.#tokensMax - fixed) * 4;
    const share = Math.max(resultCharsMin, Math.floor(room / (turn.messages.length + 1)));
    let clipped = 0;
    turn.messages = turn.messages.map((message) => {
      const short = shortened(message, share);
      if (short !== message) clipped++;
      return short;
    });
    return clipped;
  }

  #cutNotice(): ChatMessage {
    // The scripted model reads the number of turns from this line.
    const turns = this.#cutTurns === 1 ? "turn was" : "turns were";
    const lines = [`[${this.#cutTurns} earlier ${turns} cut to save room]`];
    if (this.#cutPaths.size > 0) {
      lines.push(`Files you changed in them: ${listed([...this.#cutPaths], pathsNamedMax)}`);
    }
    if (this.#cutError !== null) lines.push(`The last error in them was from ${this.#cutError}`);
    return { role: "user", content: lines.join("\n") };
  }
}

/**
 * Estimated tokens of messages, at four characters a token. The error of about a third fits in the unused
 * context.
 */
function estimateTokens(messages: readonly ChatMessage[]): number {
  let chars = 0;
  for (const message of messages) {
    chars += message.content.length + 16;
    if (message.role !== "assistant") continue;
    chars += message.reasoning?.length ?? 0;
    for (const call of message.toolCalls)
      chars += call.name.length + call.argumentsText.length + 32;
  }
  return Math.ceil(chars / 4);
}

/** Estimated tokens of a request, tool definitions included. */
export function requestTokens(
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
): number {
  return estimateTokens(messages) + Math.ceil(JSON.stringify(tools).length / 4);
}

function shortened(message: ChatMessage, charsMax: number): ChatMessage {
  const content = clip(message.content, charsMax);
  if (message.role !== "assistant") {
    return content === message.content ? message : { ...message, content };
  }
  const toolCalls = message.toolCalls.map((call) => {
    const size = call.argumentsText.length;
    if (size <= charsMax) return call;
    // Arguments must stay JSON; otherwise the provider rejects the whole request.
    return { ...call, argumentsText: JSON.stringify({ cut: `${size} characters of arguments` }) };
  });
  const same = content === message.content && toolCalls.every((c, i) => c === message.toolCalls[i]);
  return same ? message : { ...message, content, toolCalls };
}

/** Head and tail of a text, with the number of characters removed between them. */
function clip(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const head = Math.floor(charsMax * 0.6);
  const tail = charsMax - head;
  return `${text.slice(0, head)}\n[${text.length - charsMax} characters cut]\n${text.slice(-tail)}`;
}
