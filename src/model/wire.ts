/** The body of a request, from the conversation and the endpoint's settings. Pure. */
import type { Endpoint } from "./endpoint.ts";
import { type ModelRequest, type TokenUsage, type ToolCall, wireMessage } from "./message.ts";

/** Fields nobody asked for are left out, since not every server knows every field. */
export function requestBody(endpoint: Endpoint, request: ModelRequest): Record<string, unknown> {
  const { temperature, maxTokens } = endpoint;
  return {
    ...endpoint.body,
    ...(temperature === null ? {} : { temperature }),
    ...(maxTokens === null ? {} : { [endpoint.maxTokensField]: maxTokens }),
    ...(endpoint.stream && endpoint.streamUsage ? { stream_options: { include_usage: true } } : {}),
    ...(request.tools.length === 0 ? {} : toolFields(endpoint, request)),
    model: request.model,
    messages: request.messages.map(wireMessage),
    stream: endpoint.stream,
  };
}

function toolFields(
  { parallelToolCalls }: Endpoint,
  { tools, toolChoice }: ModelRequest,
): Record<string, unknown> {
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: "function",
      function: { name, description, parameters },
    })),
    tool_choice:
      toolChoice === "auto" ? "auto" : { type: "function", function: { name: toolChoice.tool } },
    ...(parallelToolCalls === null ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}

// ------------------------------------------------------------
//  * Reads the body of an answer piece by piece, whichever form the server chose: server-sent events or
// one JSON document, asked for or not.
//
// The form is told from the first characters, since content types are often wrong. Read leniently, as
// servers write: any line ending, a byte order mark, comments as signs of life, events without a
// blank line between them, and llama.cpp's field `error`. Pure but for the bytes it is given.

export type AnswerPart =
  /** A chunk of a stream, or the whole answer. */
  | { kind: "chunk"; value: unknown; whole: boolean }
  /** The server says in the middle of a good answer that it failed. */
  | { kind: "error"; value: unknown }
  /** The stream's own end mark. */
  | { kind: "done" };

/** The parts in order. Throws a SyntaxError at what is neither JSON nor an event. */
export async function* readAnswerParts(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<AnswerPart> {
  let event: SentEvent = { name: "", data: [] };
  let document: string[] | null = null;
  let begun = false;
  for await (const line of linesOf(body)) {
    if (!begun && line.trim() === "") continue;
    if (!begun && /^\s*\{/.test(line)) document = [];
    begun = true;
    if (document !== null) document.push(line);
    else if (line === "") {
      yield* partsOf(event);
      event = { name: "", data: [] };
    } else addLine(event, line);
  }
  if (document !== null)
    yield { kind: "chunk", value: JSON.parse(document.join("\n")), whole: true };
  else yield* partsOf(event);
}

interface SentEvent {
  name: string;
  data: string[];
}

function addLine(event: SentEvent, line: string): void {
  const [, field, value = ""] = /^(\w+)(?::\s?(.*))?$/s.exec(line) ?? [];
  if (field === "data") event.data.push(value);
  else if (field === "event") event.name = value;
  else if (field === "error") {
    event.name = "error";
    event.data.push(value);
  }
}

function* partsOf({ name, data }: SentEvent): Generator<AnswerPart> {
  if (data.length === 0) return;
  for (const text of textsOf(data)) {
    if (text.trim() === "[DONE]") yield { kind: "done" };
    else if (name === "error") yield { kind: "error", value: parsedOr(text, text) };
    else if (text.trim() !== "") yield { kind: "chunk", value: JSON.parse(text), whole: false };
  }
}

/** An event's data is one text over all its lines, unless each line is one by itself. */
function textsOf(data: string[]): string[] {
  if (data.length === 1) return data;
  const joined = data.join("\n");
  return parsedOr(joined, undefined) === undefined ? data : [joined];
}

function parsedOr<T>(text: string, otherwise: T): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Lines without their endings; the last one whether it was ended or not. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open: string[] = [];
  let afterReturn = false;
  for await (const bytes of body) {
    let text = decoder.decode(bytes, { stream: true });
    if (text === "") continue;
    if (afterReturn && text.startsWith("\n")) text = text.slice(1);
    afterReturn = text.endsWith("\r");
    const [first = "", ...others] = text.split(/\r\n|\r|\n/);
    open.push(first);
    for (const line of others) {
      yield open.join("");
      open = [line];
    }
  }
  open.push(decoder.decode());
  yield open.join("");
}

// ------------------------------------------------------------
//  * Puts an answer together, whatever dialect of the wire format the server speaks.
//
// Tool calls are keyed by `index` where there is one; without it a new id starts a new call. Some
// servers repeat the name with every fragment, use one index for all calls, or send arguments as an
// object: none of it glues two calls together. Pure: the caller feeds chunks and reads the result.

interface OpenCall {
  index: number | null;
  id: string;
  name: string;
  parts: string[];
  extraContent: unknown;
}

/** What has arrived so far. */
export class AnswerAccumulator {
  #choices = 0;
  #text: string[] = [];
  #reasoning: string[] = [];
  #calls: OpenCall[] = [];
  #finishReason: string | null = null;
  #usage: TokenUsage | null = null;

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
  get usage(): TokenUsage | null {
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

function usageOf(value: unknown): TokenUsage | null {
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
