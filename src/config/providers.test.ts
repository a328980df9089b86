import { describe, expect, test } from "bun:test";
import { parseConfig } from "./load.ts";

const table = '[providers.a]\nbase_url = "https://a.example/v1"\napi_key_env = "A_KEY"\n';

/** "line code: message (hint)" for each diagnostic of a provider table with more lines. */
function diagnosticLines(lines: string): string[] {
  const loaded = parseConfig(table + lines, "/project");
  if (loaded.ok) return [];
  return loaded.diagnostics.map((d) => `${d.line} ${d.code}: ${d.message} (${d.hint})`);
}

describe("[providers.<name>]", () => {
  test("a provider has a default for every key but base_url and api_key_env", () => {
    const loaded = parseConfig(table, "/project");
    expect(loaded.ok && loaded.config.providers["a"]).toEqual({
      name: "a",
      baseUrl: "https://a.example/v1",
      apiKeyEnv: "A_KEY",
      auth: "bearer",
      defaultAgent: null,
      requestTimeoutS: 120,
      idleTimeoutS: 60,
      retries: 6,
      retryAfterMaxS: 120,
      contextTokens: 128_000,
      maxConcurrent: 16,
      requestsPerMinute: null,
      tokensPerMinute: null,
      stream: true,
      streamUsage: true,
      maxTokens: null,
      maxTokensField: "max_tokens",
      temperature: null,
      parallelToolCalls: null,
      returnReasoning: false,
      headers: {},
      query: {},
      body: {},
      price: null,
      placeholder: false,
      line: 1,
    });
  });

  test("every setting of a provider is read", () => {
    const lines = `auth = "api-key"
requests_per_minute = 60
tokens_per_minute = 90000
stream = false
stream_usage = false
max_tokens = 4096
max_tokens_field = "max_completion_tokens"
temperature = 0
parallel_tool_calls = false
return_reasoning = true
[providers.a.headers]
HTTP-Referer = "https://project.example"
[providers.a.query]
api-version = "2024-10-21"
[providers.a.body]
reasoning_effort = "low"
provider = { order = ["x", "y"], allow_fallbacks = false }
`;
    const loaded = parseConfig(table + lines, "/project");
    expect(loaded.ok && loaded.config.providers["a"]).toMatchObject({
      auth: "api-key",
      requestsPerMinute: 60,
      tokensPerMinute: 90_000,
      stream: false,
      streamUsage: false,
      maxTokens: 4096,
      maxTokensField: "max_completion_tokens",
      temperature: 0,
      parallelToolCalls: false,
      returnReasoning: true,
      headers: { "HTTP-Referer": "https://project.example" },
      query: { "api-version": "2024-10-21" },
      body: { reasoning_effort: "low", provider: { order: ["x", "y"], allow_fallbacks: false } },
    });
  });

  test.each([
    [
      "temprature = 1",
      "4 unknown-key: unknown key `providers.a.temprature` (did you mean temperature?)",
    ],
    [
      'auth = "basic"',
      '4 wrong-type: `providers.a.auth` must be "bearer" or "api-key", not "basic" (null)',
    ],
    [
      "max_tokens = 0",
      "4 wrong-type: `providers.a.max_tokens` must be a whole number of at least 1, not 0 (null)",
    ],
    [
      'headers = { Authorization = "Bearer sk-1" }',
      "4 reserved-key: `providers.a.headers.Authorization` would store an API key in the repository " +
        '(set api_key_env to the name of its variable; auth = "api-key" sends it in the header api-key)',
    ],
    [
      '[providers.a.headers]\nx-api-key = "sk-1"',
      "5 reserved-key: `providers.a.headers.x-api-key` would store an API key in the repository " +
        '(set api_key_env to the name of its variable; auth = "api-key" sends it in the header api-key)',
    ],
    [
      '[providers.a.query]\nkey = "sk-1"',
      "5 reserved-key: `providers.a.query.key` would store an API key in the repository " +
        '(set api_key_env to the name of its variable; auth = "api-key" sends it in the header api-key)',
    ],
    [
      'headers = { Host = "b.example" }',
      "4 reserved-key: `providers.a.headers.Host` is set by dgov (remove it)",
    ],
    [
      'headers = { X-Team = "a\\r\\nX-Other: b" }',
      "4 bad-header: `providers.a.headers.X-Team` is not a valid header " +
        "(use printable characters on one line)",
    ],
    [
      "[providers.a.body]\nstream = false",
      "5 reserved-key: `providers.a.body.stream` cannot be set here (set stream)",
    ],
    [
      "[providers.a.body]\nmessages = []",
      "5 reserved-key: `providers.a.body.messages` cannot be set here " +
        "(dgov sends its own conversation)",
    ],
  ])("E3 the provider lines %p are rejected", (lines, wanted) => {
    expect(diagnosticLines(`${lines}\n`)).toEqual([wanted]);
  });

  test.each([
    ["https://a.example/v1/chat/completions", "includes /chat/completions"],
    ["https://a.example/v1?api-version=1", "contains a query"],
  ])("E3 the base_url %p is rejected", (url, words) => {
    const text = `[providers.a]\nbase_url = "${url}"\napi_key_env = "A_KEY"\n`;
    const loaded = parseConfig(text, "/project");
    expect(loaded.ok ? [] : loaded.diagnostics.map((d) => [d.line, d.message])).toEqual([
      [2, `\`providers.a.base_url\` ${words}`],
    ]);
  });
});
