/**
 * The conversation, kept within the model's context.
 *
 * System prompt and task always stay. Everything else comes and goes in whole turns (an answer, the
 * results of its calls, and what dgov said after them), so a call and its result are never parted.
 * When the history is full, reads that a later write made stale become one line, then the oldest
 * turns go, leaving a message that says how many and what the last error in them was. Some room is
 * cut in advance, since every cut also costs the provider's prompt cache.
 */
import type { ChatMessage } from "../model/message.ts";

/** After a cut the history fills this part of its limit. */
const filledAfterCut = 0.75;
const errorCharsMax = 2000;
const resultCharsMin = 2000;
const pathsNamedMax = 40;

const writers: ReadonlySet<string> = new Set([
  "write_file",
  "edit_file",
  "apply_patch",
  "delete_file",
  "move_file",
  "revert_file",
  "format_file",
  "lint_fix",
]);

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

/** What fitting did, for the record. */
export interface HistoryCut {
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

  /** A new turn begins with the model's answer. */
  addAnswer(answer: Extract<ChatMessage, { role: "assistant" }>): void {
    this.#turns.push({ messages: [answer], results: new Map() });
  }

  /** The result of one of the current turn's calls. */
  addResult(callId: string, text: string, result: Result): void {
    const turn = this.#current();
    turn.messages.push({ role: "tool", callId, content: text });
    turn.results.set(callId, result);
  }

  /** Something dgov says to the model. */
  addNote(text: string): void {
    this.#current().messages.push({ role: "user", content: text });
  }

  /** What to send. */
  messages(): ChatMessage[] {
    const cut = this.#cutTurns === 0 ? [] : [this.#cutNotice()];
    return [...this.#head, ...cut, ...this.#turns.flatMap((turn) => turn.messages)];
  }

  /** Size of what would be sent, in estimated tokens. */
  tokens(): number {
    return estimateTokens(this.messages());
  }

  /** Makes the history fit; null when it did already. */
  fit(): HistoryCut | null {
    if (this.tokens() <= this.#tokensMax) return null;
    const stale = this.#shortenStaleReads();
    let cut = 0;
    if (this.tokens() > this.#tokensMax) cut = this.#cutOldest(this.#tokensMax * filledAfterCut);
    const clipped = this.tokens() > this.#tokensMax ? this.#clipLast() : 0;
    const what = [
      stale > 0 ? `${stale} reads that a later write made stale` : "",
      cut > 0 ? `${cut} messages of the oldest turns` : "",
      clipped > 0 ? `${clipped} long messages shortened` : "",
    ].filter((part) => part !== "");
    if (what.length === 0) return null;
    return {
      messages: stale + cut + clipped,
      reason: `over ${this.#tokensMax} estimated tokens: ${what.join(", ")}`,
    };
  }

  /**
   * The endpoint counts more tokens than the estimate: from now on half as many are sent. False
   * when there is nothing to cut.
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

  #shortenStaleReads(): number {
    let shortened = 0;
    const written = new Set<string>();
    for (const turn of this.#turns.toReversed()) {
      const writtenHere: string[] = [];
      turn.messages = turn.messages.map((message) => {
        if (message.role !== "tool") return message;
        const result = turn.results.get(message.callId);
        if (result === undefined || result.target === null || !result.ok) return message;
        if (writers.has(result.tool)) writtenHere.push(result.target);
        if (result.tool !== "read_file" || !written.has(result.target)) return message;
        const line = `[${result.target} as it was before a later change; read it again if you need it]`;
        if (message.content === line) return message;
        shortened++;
        return { ...message, content: line };
      });
      for (const path of writtenHere) written.add(path);
    }
    return shortened;
  }

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

  #remember(turn: Turn): void {
    if (turn.messages[0]?.role === "assistant") this.#cutTurns++;
    for (const message of turn.messages) {
      if (message.role !== "tool") continue;
      const result = turn.results.get(message.callId);
      if (result === undefined) continue;
      if (result.ok && result.target !== null && writers.has(result.tool)) {
        this.#cutPaths.add(result.target);
      }
      if (!result.ok) this.#cutError = `${result.tool}: ${clip(message.content, errorCharsMax)}`;
    }
  }

  /** Only the last turn is left and still too long: its longest parts are shortened evenly. */
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
    const turns = this.#cutTurns === 1 ? "turn was" : "turns were";
    const lines = [`[${this.#cutTurns} earlier ${turns} cut to save room]`];
    const paths = [...this.#cutPaths];
    if (paths.length > 0) {
      const more = paths.length > pathsNamedMax ? ` and ${paths.length - pathsNamedMax} more` : "";
      lines.push(`Files you changed in them: ${paths.slice(0, pathsNamedMax).join(", ")}${more}`);
    }
    if (this.#cutError !== null) lines.push(`The last error in them was from ${this.#cutError}`);
    return { role: "user", content: lines.join("\n") };
  }
}

/** Four characters a token: wrong by a third either way, which the limit of 60 % allows for. */
export function estimateTokens(messages: readonly ChatMessage[]): number {
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

function shortened(message: ChatMessage, charsMax: number): ChatMessage {
  const content = clip(message.content, charsMax);
  if (message.role !== "assistant") {
    return content === message.content ? message : { ...message, content };
  }
  const toolCalls = message.toolCalls.map((call) => {
    const size = call.argumentsText.length;
    if (size <= charsMax) return call;
    // Arguments must stay JSON, or the provider refuses the whole request.
    return { ...call, argumentsText: JSON.stringify({ cut: `${size} characters of arguments` }) };
  });
  const same = content === message.content && toolCalls.every((c, i) => c === message.toolCalls[i]);
  return same ? message : { ...message, content, toolCalls };
}

/** Head and tail of a text, with a word on what is missing. */
function clip(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const head = Math.floor(charsMax * 0.6);
  const tail = charsMax - head;
  return `${text.slice(0, head)}\n[${text.length - charsMax} characters cut]\n${text.slice(-tail)}`;
}
