/** The body of a request, from the conversation and the endpoint's settings. Pure. */
import type { Endpoint } from "./endpoint.ts";
import { type ModelRequest, wireMessage } from "./message.ts";

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
