/**
 * What a conversation that used up its turns hands to the one that goes on: what it did, told from its
 * tool calls, and its last words. Bounded, whatever it did.
 */
import type { WorkerMessage } from "../worker/protocol.ts";

/** Calls told of, the last ones; characters of the last words and of one call. */
const callsMax = 60;
const wordsCharsMax = 4000;
const callCharsMax = 200;

/** Listens to a worker and tells afterwards what it did. */
export class Handover {
  readonly #calls: string[] = [];
  readonly #pending = new Map<string, string>();
  #count = 0;
  #turns = 0;
  #words = "";

  /** Takes in one message of the worker. */
  observe(message: WorkerMessage): void {
    if (message.type === "turn.started") this.#turns++;
    if (message.type === "thought" && message.text.trim() !== "") this.#words = message.text;
    if (message.type === "call") this.#pending.set(message.callId, briefly(message.args));
    if (message.type !== "result") return;
    const args = this.#pending.get(message.callId) ?? "";
    this.#pending.delete(message.callId);
    this.#count++;
    this.#calls.push(
      `- ${message.tool} ${args}: ${message.ok ? "ok" : (message.errorKind ?? "failed")}`,
    );
    if (this.#calls.length > callsMax) this.#calls.shift();
  }

  /** The account, oldest first. */
  text(): string {
    const left = this.#count - this.#calls.length;
    return [
      `${this.#turns} turns, ${this.#count} tool calls${left > 0 ? `; the last ${this.#calls.length}` : ""}:`,
      ...this.#calls,
      ...(this.#words === "" ? [] : ["", `Its last words: ${this.#words.slice(0, wordsCharsMax)}`]),
    ].join("\n");
  }
}

/** Which file, which command, which words: texts of a call's arguments on one line, long ones cut. */
function briefly(args: unknown): string {
  const texts = Object.entries(Object(args) as Record<string, unknown>)
    .filter(([name]) => !bulky.has(name))
    .map(([, value]) => (typeof value === "string" ? value : JSON.stringify(value)));
  return texts.join(" ").replace(/\s+/g, " ").slice(0, callCharsMax);
}

/** Arguments whose text stands in the files now. */
const bulky: ReadonlySet<string> = new Set(["content", "old_text", "new_text", "patch", "summary"]);
