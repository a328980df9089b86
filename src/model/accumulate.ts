/**
 * Puts an answer together, whatever dialect of the wire format the server speaks.
 *
 * Tool calls are keyed by `index` where there is one; without it a new id starts a new call. Some
 * servers repeat the name with every fragment, use one index for all calls, or send arguments as an
 * object: none of it glues two calls together. Pure: the caller feeds chunks and reads the result.
 */
import type { ToolCall, Usage } from "./message.ts";

interface OpenCall {
  index: number | null;
  id: string;
  name: string;
  parts: string[];
  extraContent: unknown;
}

/** What has arrived so far. */
export class Accumulator {
  #choices = 0;
  #text: string[] = [];
  #reasoning: string[] = [];
  #calls: OpenCall[] = [];
  #finishReason: string | null = null;
  #usage: Usage | null = null;

  /** Takes one parsed chunk, or a whole answer; parts of unexpected type are passed over. */
  add(chunk: unknown): void {
    const fields = record(chunk);
    this.#usage = usageOf(fields["usage"]) ?? this.#usage;
    const choices = fields["choices"];
    if (!Array.isArray(choices) || choices.length === 0) return;
    this.#choices++;
    const choice = record(choices[0]);
    if (typeof choice["finish_reason"] === "string" && choice["finish_reason"] !== "") {
      this.#finishReason = choice["finish_reason"];
    }
    const whole = choice["message"] !== undefined;
    const delta = record(choice["delta"] ?? choice["message"]);
    this.#addContent(delta["content"] ?? delta["refusal"]);
    // Servers that send both say the same in both.
    const reasoning = delta["reasoning_content"] ?? delta["reasoning"];
    if (typeof reasoning === "string") this.#reasoning.push(reasoning);
    const calls: unknown = delta["tool_calls"];
    if (!Array.isArray(calls)) return;
    for (const [position, call] of calls.entries()) {
      this.#addFragment(record(call), whole || position > 0);
    }
  }

  /** Chunks with a choice in them. */
  get choices(): number {
    return this.#choices;
  }
  get finishReason(): string | null {
    return this.#finishReason;
  }
  get usage(): Usage | null {
    return this.#usage;
  }
  get text(): string {
    return this.#text.join("");
  }
  get reasoning(): string {
    return this.#reasoning.join("");
  }

  /**
   * The calls in the order they began. Ids that are missing or already `taken` are replaced by nine
   * letters and digits, the one form every server takes back.
   */
  toolCalls(taken: ReadonlySet<string>): ToolCall[] {
    const used = new Set(taken);
    return this.#calls.map((call) => {
      let id = call.id;
      for (let n = used.size; id === "" || used.has(id); n++) id = mintedId(n);
      used.add(id);
      const { name, parts, extraContent } = call;
      return {
        id,
        name,
        argumentsText: parts.join(""),
        ...(extraContent === undefined ? {} : { extraContent }),
      };
    });
  }

  /** Text, or a list of parts of which some are text and some are thoughts. */
  #addContent(content: unknown): void {
    if (typeof content === "string") this.#text.push(content);
    if (!Array.isArray(content)) return;
    for (const part of content.map(record)) {
      if (typeof part["text"] === "string") this.#text.push(part["text"]);
      this.#reasoning.push(textIn(part["thinking"]));
    }
  }

  /** `apart` when the fragment is one of several said at once: then a name begins a call of its own. */
  #addFragment(fragment: Record<string, unknown>, apart: boolean): void {
    const fn = record(fragment["function"]);
    // Mistral's stream spells a missing id as the word.
    const said = fragment["id"];
    const id = typeof said === "string" && said !== "null" ? said : "";
    const name = typeof fn["name"] === "string" ? fn["name"] : "";
    const index = validIndex(fragment["index"]);
    const begins = apart && index === null && name !== "";
    // What belongs to no call (a signature that comes by itself) begins none.
    if (name === "" && id === "" && index === null && this.#calls.length === 0) return;
    const call = this.#callFor({ index, id, name, begins });
    if (call.id === "") call.id = id;
    if (call.name === "") call.name = name;
    call.extraContent ??= fragment["extra_content"];
    const args = fn["arguments"];
    if (typeof args === "string") call.parts.push(args);
    else if (args !== null && typeof args === "object") call.parts.push(JSON.stringify(args));
  }

  #callFor(of: { index: number | null; id: string; name: string; begins: boolean }): OpenCall {
    const { index, id, name } = of;
    const last =
      index === null
        ? this.#calls.at(-1)
        : this.#calls.findLast((candidate) => candidate.index === index);
    const continues =
      last !== undefined &&
      !of.begins &&
      (id !== ""
        ? last.id === "" || last.id === id
        : index !== null || name === "" || !isComplete(last.parts));
    if (continues) return last;
    const call: OpenCall = { index, id, name, parts: [], extraContent: undefined };
    this.#calls.push(call);
    return call;
  }
}

/** Without index and id, a name after a whole argument object can only be the next call. */
function isComplete(parts: string[]): boolean {
  try {
    return typeof JSON.parse(parts.join("")) === "object";
  } catch {
    return false;
  }
}

function mintedId(n: number): string {
  return `call${String(n).padStart(5, "0")}`;
}

function validIndex(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 127
    ? value
    : null;
}

function textIn(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map((part) => textIn(record(part)["text"])).join("") : "";
}

function usageOf(value: unknown): Usage | null {
  if (value === null || typeof value !== "object") return null;
  const usage = record(value);
  const [promptTokens, completionTokens] = [
    count(usage["prompt_tokens"]),
    count(usage["completion_tokens"]),
  ];
  // Some servers send an empty object with every chunk: that is not a count.
  if (promptTokens === 0 && completionTokens === 0) return null;
  const cachedTokens = count(record(usage["prompt_tokens_details"])["cached_tokens"]);
  return { promptTokens, cachedTokens, completionTokens };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.round(value) : 0;
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}
