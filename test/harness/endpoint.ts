/** A model endpoint with default settings, for tests of the model client. */

import type { Endpoint } from "../../src/model/endpoint.ts";
import { scaled } from "./limits.ts";

/** The default settings of `[providers.<name>]`, overridden by `changes`. */
export function endpointAt(baseUrl: string, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    baseUrl,
    apiKey: "key",
    auth: "bearer",
    requestTimeoutMs: scaled(2000),
    idleTimeoutMs: scaled(1000),
    headers: {},
    query: {},
    body: {},
    stream: true,
    streamUsage: true,
    maxTokens: null,
    maxTokensField: "max_tokens",
    temperature: null,
    parallelToolCalls: null,
    returnReasoning: false,
    ...changes,
  };
}
