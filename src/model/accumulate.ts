/**
 * Puts a streamed answer together, whatever dialect of the wire format the server speaks.
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
}

/** What has arrived so far. */
export class Accumulator {
  #chunks = 0;
  #choices = 0;
  #text: string[] = [];
  #calls: OpenCall[] = [];
  #finishReason: string | null = null;
  #usage: Usage | null = null;

  /** Takes one parsed chunk; parts of unexpected type are passed over. */
  add(chunk: unknown): void {
    this.#chunks++;
    const fields = record(chunk);
    this.#usage = usageOf(fields["usage"]) ?? this.#usage;
    const choices = fields["choices"];
    if (!Array.isArray(choices) || choices.length === 0) return;
    this.#choices++;
    const choice = record(choices[0]);
    if (typeof choice["finish_reason"] === "string" && choice["finish_reason"] !== "") {
      this.#finishReason = choice["finish_reason"];
    }
    const delta = record(choice["delta"]);
    const content = delta["content"] ?? delta["refusal"];
    if (typeof content === "string") this.#text.push(content);
    if (Array.isArray(delta["tool_calls"])) {
      for (const fragment of delta["tool_calls"]) this.#addFragment(record(fragment));
    }
  }

  get chunks(): number {
    return this.#chunks;
  }
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

  /** The calls in the order they began. Ids that are missing or already `taken` are replaced. */
  toolCalls(taken: ReadonlySet<string>): ToolCall[] {
    const used = new Set(taken);
    return this.#calls.map((call) => {
      let id = call.id;
      for (let n = used.size; id === "" || used.has(id); n++) id = `call_${n}`;
      used.add(id);
      return { id, name: call.name, argumentsText: call.parts.join("") };
    });
  }

  #addFragment(fragment: Record<string, unknown>): void {
    const fn = record(fragment["function"]);
    const id = typeof fragment["id"] === "string" ? fragment["id"] : "";
    const name = typeof fn["name"] === "string" ? fn["name"] : "";
    const call = this.#callFor(validIndex(fragment["index"]), id, name);
    if (call.id === "") call.id = id;
    if (call.name === "") call.name = name;
    const args = fn["arguments"];
    if (typeof args === "string") call.parts.push(args);
    else if (args !== null && typeof args === "object") call.parts.push(JSON.stringify(args));
  }

  #callFor(index: number | null, id: string, name: string): OpenCall {
    const last =
      index === null
        ? this.#calls.at(-1)
        : this.#calls.findLast((candidate) => candidate.index === index);
    const continues =
      last !== undefined &&
      (id !== ""
        ? last.id === "" || last.id === id
        : index !== null || name === "" || !isComplete(last.parts));
    if (continues) return last;
    const call: OpenCall = { index, id, name, parts: [] };
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

function validIndex(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 127
    ? value
    : null;
}

function usageOf(value: unknown): Usage | null {
  if (value === null || typeof value !== "object") return null;
  const usage = record(value);
  return {
    promptTokens: count(usage["prompt_tokens"]),
    cachedTokens: count(record(usage["prompt_tokens_details"])["cached_tokens"]),
    completionTokens: count(usage["completion_tokens"]),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.round(value) : 0;
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}
