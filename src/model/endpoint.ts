/** One OpenAI-compatible endpoint: where it is, how long to wait for it, and what every request to it carries. */

/** Names of the field that limits an answer; newer OpenAI models refuse the older one. */
export type MaxTokensField = "max_tokens" | "max_completion_tokens";

export interface Endpoint {
  baseUrl: string;
  apiKey: string;
  /** How the key travels: `Authorization: Bearer KEY`, or Azure's `api-key: KEY`. */
  auth: "bearer" | "api-key";
  /** Until the headers of the answer, and to the end of an answer that is not streamed. */
  requestTimeoutMs: number;
  /** Between two pieces of a streamed answer, keep-alive comments included. */
  idleTimeoutMs: number;
  /** Sent with every request, besides the client's own. */
  headers: Record<string, string>;
  /** Added to the address, e.g. `api-version`. */
  query: Record<string, string>;
  /** Further fields of every request. */
  body: Record<string, unknown>;
  /** Whether answers are asked for piece by piece. */
  stream: boolean;
  /** Whether a streamed answer is asked for its token counts (`stream_options`). */
  streamUsage: boolean;
  /** Tokens an answer may have; null leaves it to the server. */
  maxTokens: number | null;
  maxTokensField: MaxTokensField;
  temperature: number | null;
  /** Null leaves the field out: not every server knows it. */
  parallelToolCalls: boolean | null;
  /** Whether the model's reasoning goes back with its answers; a few servers insist. */
  returnReasoning: boolean;
}
