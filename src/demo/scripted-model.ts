/**
 * An OpenAI-compatible chat-completions server on the loopback interface that replies from a script.
 *
 * Serves `dgov demo` and the end-to-end tests. Sends streamed answers (tool calls in fragments, usage chunk,
 * `[DONE]`), whole answers, and the faults of `WireFault`. Uses `node:http`, because `Bun.serve` cannot
 * close a connection in the middle of a response.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  conversationOf,
  type ModelScript,
  type ModelTurn,
  replyTo,
  type ScriptedConversation,
  type WireFault,
  type WireMessage,
} from "./script.ts";

/** Bytes of a request body. */
const bodyBytesMax = 64 * 1024 * 1024;
/** Characters of a fragment, few enough to split most tool calls. */
const fragmentChars = 24;

export interface RecordedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** True when the request had an `Authorization` header. */
  authorized: boolean;
  body: Record<string, unknown>;
  conversation: ScriptedConversation;
}

export interface ScriptedModel {
  /** The value for `base_url`, e.g. `http://127.0.0.1:40123/v1`. */
  baseUrl: string;
  /** Every completion request so far, oldest first. */
  requests: RecordedRequest[];
  /** Closes all connections and the port. */
  stop(): Promise<void>;
}

/** Serves the script until stopped. The default port is a free one. */
export async function startScriptedModel(
  script: ModelScript,
  options: { port?: number } = {},
): Promise<ScriptedModel> {
  const requests: RecordedRequest[] = [];
  const requestCounts = new Map<string, number>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const path = request.url ?? "/";
    if (request.method === "GET" && path.endsWith("/models")) {
      return sendJson(response, 200, {
        object: "list",
        data: [{ id: "scripted", object: "model" }],
      });
    }
    if (request.method !== "POST" || !path.endsWith("/chat/completions") || body === null) {
      return sendJson(response, 404, { error: { message: `no such endpoint: ${path}` } });
    }
    const conversation = conversationOf(messagesOf(body), toolNames(body));
    requests.push({
      method: "POST",
      path,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      authorized: request.headers.authorization !== undefined,
      body,
      conversation,
    });
    const { unit, attempt, fork, role, turn } = conversation;
    const key = [unit, attempt, fork, role, turn].join("\n");
    const nth = requestCounts.get(key) ?? 0;
    requestCounts.set(key, nth + 1);
    const reply = replyTo(script, conversation);
    await reply.until?.();
    const fault = reply.faults?.[nth] ?? reply.fault ?? null;
    const sender = new ReplySender(request, response, body, reply);
    if (fault !== null) return sender.fail(fault);
    return body["stream"] === true ? sender.send() : sender.sendWhole();
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends one reply of the script as the response to a request. */
class ReplySender {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: Record<string, unknown>;
  readonly #turn: ModelTurn;
  readonly #calls: { id: string | null; name: string; args: string }[];

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    body: Record<string, unknown>,
    turn: ModelTurn,
  ) {
    this.#request = request;
    this.#response = response;
    this.#body = body;
    this.#turn = turn;
    this.#calls = (turn.calls ?? []).map((call, index) => ({
      id: call.id === undefined ? `call_${messagesOf(body).length}_${index}` : call.id,
      name: call.tool,
      args: typeof call.args === "string" ? call.args : JSON.stringify(call.args),
    }));
  }

  /** Sends the reply as server-sent events. */
  async send(): Promise<void> {
    this.#start();
    for (let n = 0; n < (this.#turn.quirks?.keepAlive ?? 0); n++) {
      this.#response.write(": still here\n\n");
      await Bun.sleep(20);
    }
    for (const delta of this.#deltas()) this.#chunk({ choices: [choice(delta, null)] });
    this.#chunk({ choices: [choice({}, this.#finish())] });
    const usage = this.#usage();
    if (usage !== null && wantsUsage(this.#body)) this.#chunk({ choices: [], usage });
    this.#response.end("data: [DONE]\n\n");
  }

  /** Sends the reply as one JSON document. */
  sendWhole(): void {
    const calls = this.#calls.map(({ id, name, args }) => ({
      ...(id === null ? {} : { id }),
      type: "function",
      function: { name, arguments: args },
    }));
    const message = {
      role: "assistant",
      content: this.#turn.text ?? null,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
    const usage = this.#usage();
    sendJson(this.#response, 200, {
      ...this.#frame("chat.completion"),
      choices: [{ index: 0, message, finish_reason: this.#finish() }],
      ...(usage === null ? {} : { usage }),
    });
  }

  /** Sends the fault instead of the reply. */
  async fail(fault: WireFault): Promise<void> {
    const response = this.#response;
    switch (fault.kind) {
      case "status":
        if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
        if (fault.location !== undefined) response.setHeader("location", fault.location);
        return sendJson(response, fault.status, {
          error: { message: fault.body ?? `scripted ${fault.status}`, type: "scripted" },
        });
      case "reset_before_headers":
        this.#request.socket.destroy();
        return;
      case "hang_before_headers":
        return this.#disconnected();
      case "html_body":
        response.writeHead(200, { "content-type": "text/html" });
        response.end("<html><body>It works!</body></html>");
        return;
      case "empty_body":
        this.#start();
        response.end();
        return;
      case "empty_choices":
        this.#start();
        this.#chunk({ choices: [] });
        response.end("data: [DONE]\n\n");
        return;
      default:
        return this.#failLate(fault.kind);
    }
  }

  /** Sends the first fragment of the reply, then the fault. */
  async #failLate(
    kind:
      | "reset_after_headers"
      | "hang_after_headers"
      | "cut_stream"
      | "invalid_json"
      | "error_chunk",
  ): Promise<void> {
    this.#start();
    const [first] = this.#deltas();
    this.#chunk({ choices: [choice(first ?? { role: "assistant" }, null)] });
    switch (kind) {
      case "reset_after_headers":
        // The fragment must be sent before the connection closes.
        await new Promise((resolve) => setImmediate(resolve));
        this.#request.socket.destroy();
        return;
      case "hang_after_headers":
        return this.#disconnected();
      case "cut_stream":
        // Some servers send usage with every chunk, so an incomplete answer has it too.
        if (this.#turn.usage) this.#chunk({ choices: [], usage: this.#usage() });
        this.#response.end();
        return;
      case "invalid_json":
        this.#response.end('data: {"choices":[{"delta":{"content":"half\n\ndata: [DONE]\n\n');
        return;
      case "error_chunk":
        this.#response.end('data: {"error":{"message":"scripted error","code":"boom"}}\n\n');
        return;
      default:
        return kind satisfies never;
    }
  }

  #start(): void {
    this.#response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    });
  }

  #chunk(part: Record<string, unknown>): void {
    const chunk = { ...this.#frame("chat.completion.chunk"), ...part };
    this.#response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }

  #frame(object: string): Record<string, unknown> {
    return {
      id: "chatcmpl-scripted",
      object,
      created: 0,
      model: this.#body["model"] ?? "scripted",
    };
  }

  *#deltas(): Generator<Record<string, unknown>> {
    yield { role: "assistant", content: "" };
    for (const part of fragments(this.#turn.text ?? "")) yield { content: part };
    const quirks = this.#turn.quirks ?? {};
    for (const [position, { id, name, args }] of this.#calls.entries()) {
      const index = quirks.noIndex ? {} : { index: quirks.sameIndex ? 0 : position };
      const ids = id === null ? {} : { id };
      yield {
        tool_calls: [{ ...index, ...ids, type: "function", function: { name, arguments: "" } }],
      };
      for (const part of fragments(args)) {
        const repeated = quirks.repeatName ? { name } : {};
        // Servers that omit the index send no id with later fragments.
        yield { tool_calls: [{ ...index, function: { ...repeated, arguments: part } }] };
      }
    }
  }

  #finish(): string | null {
    if (this.#turn.finish !== undefined) return this.#turn.finish;
    return this.#calls.length > 0 ? "tool_calls" : "stop";
  }

  #usage(): Record<string, unknown> | null {
    if (this.#turn.usage === null) return null;
    const prompt = this.#turn.usage?.prompt ?? tokens(JSON.stringify(this.#body["messages"] ?? ""));
    const text =
      (this.#turn.text ?? "") + this.#calls.map((call) => call.name + call.args).join("");
    const completion = this.#turn.usage?.completion ?? tokens(text);
    return {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: this.#turn.usage?.cached ?? 0 },
    };
  }

  /** Resolves when the client disconnects. */
  #disconnected(): Promise<void> {
    return new Promise((resolve) => {
      this.#response.once("close", resolve);
      this.#request.socket.once("close", () => resolve());
    });
  }
}

function choice(delta: Record<string, unknown>, finish: string | null): Record<string, unknown> {
  return { index: 0, delta, finish_reason: finish };
}

function fragments(text: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    // Keeps surrogate pairs together: half of one is invalid in UTF-8.
    let end = Math.min(at + Math.max(fragmentChars, Math.ceil(text.length / 400)), text.length);
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end++;
    parts.push(text.slice(at, end));
    at = end;
  }
  return parts;
}

/** Estimated tokens of a text, at four characters a token. */
function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}

function wantsUsage(body: Record<string, unknown>): boolean {
  const options = body["stream_options"];
  return typeof options === "object" && options !== null && "include_usage" in options;
}

function messagesOf(body: Record<string, unknown>): WireMessage[] {
  return Array.isArray(body["messages"]) ? (body["messages"] as WireMessage[]) : [];
}

function toolNames(body: Record<string, unknown>): string[] {
  const tools = Array.isArray(body["tools"]) ? body["tools"] : [];
  return tools.map((tool: { function?: { name?: string } }) => tool.function?.name ?? "");
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return null;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
