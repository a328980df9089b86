/**
 * A conversation as it goes over the wire, and what comes back: the shapes the provider, the worker's
 * history and the planner share.
 */

export interface ToolCall {
  /** Unique in the whole conversation; minted here when the server repeats or omits it. */
  id: string;
  name: string;
  /** JSON text as the model wrote it; may be broken. */
  argumentsText: string;
  /** What the server attached to the call and wants to see again, e.g. Gemini's thought signature. */
  extraContent?: unknown;
}

export type ChatMessage =
  | { role: "system" | "user"; content: string }
  | {
      role: "assistant";
      content: string;
      toolCalls: ToolCall[];
      /** Sent back where it is there; see `Endpoint.returnReasoning`. */
      reasoning?: string;
    }
  | { role: "tool"; callId: string; content: string };

/** A tool as the model is told of it. */
export interface ToolDefinition {
  name: string;
  description: string;
  /** JSON schema of the arguments. */
  parameters: Record<string, unknown>;
}

/** Tokens as the provider counted them; cached is part of prompt. */
export interface TokenUsage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export interface ModelRequest {
  model: string;
  messages: readonly ChatMessage[];
  tools: readonly ToolDefinition[];
  /** `auto`, or the name of the one tool that must be called. */
  toolChoice: "auto" | { tool: string };
  signal: AbortSignal;
}

export interface ModelReply {
  kind: "reply";
  text: string;
  /** What the model thought on the way, where the server tells; else "". */
  reasoning: string;
  toolCalls: ToolCall[];
  finishReason: string;
  usage: TokenUsage | null;
}

/** What one request came to. Usage is there whenever the server said it, failures included. */
export type ModelResult =
  | ModelReply
  /** Worth another try: the endpoint is busy, broke off, or talked nonsense. */
  | {
      kind: "retriable";
      reason: string;
      /** The endpoint asked for patience (429, 503 and 529 with `Retry-After`). */
      limited: boolean;
      retryAfterMs: number | null;
      /** The HTTP status the endpoint said it with; null when there was none. */
      status: number | null;
      usage: TokenUsage | null;
    }
  /** Asking again cannot help: key, model, address or request are wrong. */
  | { kind: "fatal"; reason: string; status: number | null; usage: TokenUsage | null }
  | { kind: "cancelled"; usage: TokenUsage | null };

/** Messages in the wire's own spelling. */
export function wireMessage(message: ChatMessage): Record<string, unknown> {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.content };
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.content };
    case "assistant":
      return wireAnswer(message);
    default:
      return message satisfies never;
  }
}

/** Servers backed by Bedrock and Mistral refuse an answer that is empty text. */
function wireAnswer(message: Extract<ChatMessage, { role: "assistant" }>): Record<string, unknown> {
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
