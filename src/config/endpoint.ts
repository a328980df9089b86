/** A configured provider as the endpoint the model client talks to. */
import type { ProviderConfig } from "./config.ts";

/** The provider's address, patience and request settings, with the key in hand. */
export function endpointOf(provider: ProviderConfig, apiKey: string) {
  return {
    baseUrl: provider.baseUrl,
    apiKey,
    auth: provider.auth,
    requestTimeoutMs: provider.requestTimeoutS * 1000,
    idleTimeoutMs: provider.idleTimeoutS * 1000,
    headers: provider.headers,
    query: provider.query,
    body: provider.body,
    stream: provider.stream,
    streamUsage: provider.streamUsage,
    maxTokens: provider.maxTokens,
    maxTokensField: provider.maxTokensField,
    temperature: provider.temperature,
    parallelToolCalls: provider.parallelToolCalls,
    returnReasoning: provider.returnReasoning,
  };
}
