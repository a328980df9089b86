/** Settings of one OpenAI-compatible endpoint: address, key, timeouts, and the fields of its requests. */

/** Request field that limits the answer's tokens. Newer OpenAI models reject `max_tokens`. */
type MaxTokensField = "max_tokens" | "max_completion_tokens";

export interface Endpoint {
  baseUrl: string;
  apiKey: string;
  /** Header of the key: `Authorization: Bearer KEY`, or Azure's `api-key: KEY`. */
  auth: "bearer" | "api-key";
  /** Time until the headers of an answer; a server sends those of an answer without streaming at its end. */
  requestTimeoutMs: number;
  /** Time between two chunks of an answer; keep-alive comments count as chunks. */
  idleTimeoutMs: number;
  /** Additional headers of every request. */
  headers: Record<string, string>;
  /** Query parameters of every request, e.g. `api-version`. */
  query: Record<string, string>;
  /** Additional body fields of every request. */
  body: Record<string, unknown>;
  /** Request streamed answers. */
  stream: boolean;
  /** Request token counts in streamed answers (`stream_options`). */
  streamUsage: boolean;
  /** Token limit of an answer; null for the server's default. */
  maxTokens: number | null;
  maxTokensField: MaxTokensField;
  temperature: number | null;
  /** Null omits the field, which some servers reject. */
  parallelToolCalls: boolean | null;
  /** Send the model's reasoning back with its replies; a few servers require it. */
  returnReasoning: boolean;
}
