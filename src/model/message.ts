/** Types of a conversation with a model, independent of the wire format. */
import type { TokenUsage } from "./usage.ts";

export interface ToolCall {
  /** Unique in the conversation; generated here when the server omits or repeats it. */
  id: string;
  name: string;
  /** JSON text as the model wrote it; may be invalid. */
  argumentsText: string;
  /** Server data to be sent back with the call, e.g. Gemini's thought signature. */
  extraContent?: unknown;
}

export type ChatMessage =
  | { role: "system" | "user"; content: string }
  | {
      role: "assistant";
      content: string;
      toolCalls: ToolCall[];
      /** Sent back to the server when present; see `Endpoint.returnReasoning`. */
      reasoning?: string;
    }
  | { role: "tool"; callId: string; content: string };

/** A tool as described to the model. */
export interface ToolDefinition {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  model: string;
  messages: readonly ChatMessage[];
  tools: readonly ToolDefinition[];
  /** `auto`, or the one tool that the model must call. */
  toolChoice: "auto" | { tool: string };
  signal: AbortSignal;
}

export interface ModelReply {
  kind: "reply";
  text: string;
  /** The model's reasoning; "" when the server does not return it. */
  reasoning: string;
  toolCalls: ToolCall[];
  finishReason: string;
  usage: TokenUsage | null;
}

/** The result of one request. Usage is set whenever the server sent it, also with a failure. */
export type ModelResult =
  | ModelReply
  /** A retry may succeed: the endpoint is busy, the connection broke, or the answer was malformed. */
  | {
      kind: "retriable";
      reason: string;
      /** The endpoint limits the rate: status 429, or any status with `Retry-After`. */
      limited: boolean;
      retryAfterMs: number | null;
      /** HTTP status of the failure; null when there was none. */
      status: number | null;
      usage: TokenUsage | null;
    }
  /**
   * A retry cannot succeed. `refused`: the server refuses every request (key, account, model, address), or this one;
   * null when it was tried as often as the limits allow.
   */
  | {
      kind: "fatal";
      refused: "always" | "request" | null;
      reason: string;
      status: number | null;
      usage: TokenUsage | null;
    }
  | { kind: "cancelled"; usage: TokenUsage | null };
