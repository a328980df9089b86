/**
 * The chat-completions wire format: builds request bodies, reads answers as parts, and joins the parts.
 *
 * Reading is lenient, because compatible servers deviate from the format in many ways. No I/O.
 */
import type { Endpoint } from "./endpoint.ts";
import type { ChatMessage, ModelRequest, ToolCall, ToolDefinition } from "./message.ts";
import { type TokenUsage, usageOf } from "./usage.ts";

// ------------------------------------------------------------
// Requests.

/**
 * The body of a request. Omits fields that are not configured, since not every server accepts every field.
 */
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
    tools: tools.map(wireTool),
    tool_choice:
      toolChoice === "auto" ? "auto" : { type: "function", function: { name: toolChoice.tool } },
    ...(parallelToolCalls === null ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}

/** A tool in the wire format. */
export function wireTool({
  name,
  description,
  parameters,
}: ToolDefinition): Record<string, unknown> {
  return { type: "function", function: { name, description, parameters } };
}

/** A message in the wire format. */
export function wireMessage(message: ChatMessage): Record<string, unknown> {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.content };
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.content };
    case "assistant":
      return wireReply(message);
    default:
      return message satisfies never;
  }
}

/** A reply in the wire format, never with empty content: Bedrock and Mistral reject that. */
function wireReply(message: Extract<ChatMessage, { role: "assistant" }>): Record<string, unknown> {
  const { content, reasoning, toolCalls } = message;
  return {
    role: "assistant",
    content: content !== "" ? content : toolCalls.length > 0 ? null : "(no answer)",
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(wireCall) }),
  };
}

function wireCall({ id, name, argumentsText, extraContent }: ToolCall): Record<string, unknown> {
  return {
    id,
    type: "function",
    function: { name, arguments: argumentsText },
    ...(extraContent === undefined ? {} : { extra_content: extraContent }),
  };
}

// ------------------------------------------------------------
// The body of an answer as parts: server-sent events, or one JSON document.

export type AnswerPart =
  /** A chunk of a stream, or the whole answer. */
  | { kind: "chunk"; value: unknown; whole: boolean }
  /** An error that the server sends within an answer of status 200. */
  | { kind: "error"; value: unknown }
  /** The end mark of a stream, `[DONE]`. */
  | { kind: "done" };

/**
 * The parts of an answer, in order. Throws a SyntaxError for data that is not JSON.
 *
 * The first characters decide between events and a document, since content types are often wrong. Accepts
 * any line ending, a byte order mark, comments, events without a blank line between them, and llama.cpp's
 * field `error`.
 */
export async function* readAnswerParts(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<AnswerPart> {
  let event: SentEvent = { name: "", data: [] };
  let document: string[] | null = null;
  let started = false;
  for await (const line of linesOf(body)) {
    if (!started && line.trim() === "") continue;
    if (!started && /^\s*\{/.test(line)) document = [];
    started = true;
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

/** A server-sent event: its name and its data lines. */
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

/** The JSON texts of an event: its joined lines, or each line when the joined lines are not JSON. */
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

/** The lines of a body without their endings, including an unterminated last line. */
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
// The answer joined from its parts.

interface OpenCall {
  index: number | null;
  id: string;
  name: string;
  parts: string[];
  extraContent: unknown;
}

/**
 * Joins the chunks of an answer.
 *
 * Fragments of tool calls belong together by `index`; without an index a new id starts a call. Servers that
 * repeat the name in every fragment, use one index for all calls, or send arguments as an object are
 * handled, so that two calls are never joined into one.
 */
export class AnswerAccumulator {
  #choices = 0;
  #text: string[] = [];
  #reasoning: string[] = [];
  #calls: OpenCall[] = [];
  #finishReason: string | null = null;
  #usage: TokenUsage | null = null;

  /** Adds a parsed chunk or a whole answer. Ignores fields of an unexpected type. */
  add(chunk: unknown): void {
    const fields = record(chunk);
    this.#usage = usageOf(fields["usage"]) ?? this.#usage;
    const choices = fields["choices"];
    if (!Array.isArray(choices) || choices.length === 0) return;
    this.#choices++;
    const choice = record(choices[0]);
    // Moonshot streams the usage in the choice.
    this.#usage ??= usageOf(choice["usage"]);
    if (typeof choice["finish_reason"] === "string" && choice["finish_reason"] !== "") {
      this.#finishReason = choice["finish_reason"];
    }
    const whole = choice["message"] !== undefined;
    const delta = record(choice["delta"] ?? choice["message"]);
    this.#addContent(delta["content"] ?? delta["refusal"]);
    // Servers that send both fields send the same text in both.
    const reasoning = delta["reasoning_content"] ?? delta["reasoning"];
    if (typeof reasoning === "string") this.#reasoning.push(reasoning);
    const calls: unknown = delta["tool_calls"];
    if (!Array.isArray(calls)) return;
    for (const [position, call] of calls.entries()) {
      this.#addFragment(record(call), whole || position > 0);
    }
  }

  /** Number of chunks with a choice. */
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
   * The tool calls in the order in which they started. Ids that are missing or in `taken` are replaced by
   * nine letters and digits, a form that every server accepts.
   */
  toolCalls(taken: ReadonlySet<string>): ToolCall[] {
    const used = new Set(taken);
    return this.#calls.map((call) => {
      let id = call.id;
      for (let n = used.size; id === "" || used.has(id); n++) id = generatedId(n);
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

  /** Adds content: a text, or a list of text and thinking parts. */
  #addContent(content: unknown): void {
    if (typeof content === "string") this.#text.push(content);
    if (!Array.isArray(content)) return;
    for (const part of content.map(record)) {
      if (typeof part["text"] === "string") this.#text.push(part["text"]);
      this.#reasoning.push(textIn(part["thinking"]));
    }
  }

  /**
   * Adds a fragment. `separate`: it is one of several in a chunk, so a name without an index starts a
   * call.
   */
  #addFragment(fragment: Record<string, unknown>, separate: boolean): void {
    const fn = record(fragment["function"]);
    // Mistral sends the text "null" for a missing id.
    const rawId = fragment["id"];
    const id = typeof rawId === "string" && rawId !== "null" ? rawId : "";
    const name = typeof fn["name"] === "string" ? fn["name"] : "";
    const index = validIndex(fragment["index"]);
    const starts = separate && index === null && name !== "";
    // A fragment without a call, e.g. a signature sent separately, does not start one.
    if (name === "" && id === "" && index === null && this.#calls.length === 0) return;
    const call = this.#callFor({ index, id, name, starts });
    if (call.id === "") call.id = id;
    if (call.name === "") call.name = name;
    call.extraContent ??= fragment["extra_content"];
    const args = fn["arguments"];
    if (typeof args === "string") call.parts.push(args);
    else if (args !== null && typeof args === "object") call.parts.push(JSON.stringify(args));
  }

  /** The call that a fragment continues, or a new one. */
  #callFor(of: { index: number | null; id: string; name: string; starts: boolean }): OpenCall {
    const { index, id, name } = of;
    const last =
      index === null
        ? this.#calls.at(-1)
        : this.#calls.findLast((candidate) => candidate.index === index);
    const continues =
      last !== undefined &&
      !of.starts &&
      (id !== ""
        ? last.id === "" || last.id === id
        : index !== null || name === "" || !isComplete(last.parts));
    if (continues) return last;
    const call: OpenCall = { index, id, name, parts: [], extraContent: undefined };
    this.#calls.push(call);
    return call;
  }
}

/** True when the arguments are complete JSON: then a name without index and id starts the next call. */
function isComplete(parts: string[]): boolean {
  try {
    return typeof JSON.parse(parts.join("")) === "object";
  } catch {
    return false;
  }
}

function generatedId(n: number): string {
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

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}
