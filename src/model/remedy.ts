/** What to set when an endpoint refuses a request for a reason a setting mends. Pure. */

/** Words of servers, and the setting in `[providers.<name>]` that answers them. The first that fits. */
const remedies: [RegExp, string][] = [
  [/max_completion_tokens/, 'max_tokens_field = "max_completion_tokens"'],
  [/stream_options|include_usage/, "stream_usage = false"],
  [/parallel_tool_calls|single tool[- ]call/, "parallel_tool_calls"],
  [/reasoning_content/, "return_reasoning = true"],
  [/temperature/, "temperature"],
  [/api[-_ ]version/i, "query.api-version"],
  [
    /stream(ing)?['"]? (is )?(not supported|unsupported)|unsupported.{0,20}stream/i,
    "stream = false",
  ],
];

/** The setting to look at for a refused request, or null when its words point to none. */
export function remedyFor(reason: string): string | null {
  return remedies.find(([words]) => words.test(reason))?.[1] ?? null;
}
