import { describe, expect, test } from "bun:test";
import { parseConfig } from "./load.ts";
import { resolveModel } from "./providers.ts";

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

/** The codes of the diagnostics about one key of a table below the provider's. */
function codesOf(subtable: string, key: string, value = '"x"'): string[] {
  const text = `${table}[providers.a.${subtable}]\n${JSON.stringify(key)} = ${value}\n`;
  const loaded = parseConfig(text, "/project");
  return loaded.ok ? [] : loaded.diagnostics.map(({ code }) => code);
}

describe("a name that carries a key", () => {
  const keyNames = ["api-key", "api_key", "apikey"].flatMap((name) =>
    ["", "x-", "goog-", "x-goog-"].map((prefix) => prefix + name),
  );
  const tokenNames = ["access", "auth"].flatMap((kind) =>
    ["-token", "_token"].flatMap((end) => [`${kind}${end}`, `x-${kind}${end}`]),
  );
  const names = [
    ...["authorization", "proxy-authorization", "key", "token", "cookie"],
    ...keyNames,
    ...tokenNames,
  ];
  test.each(names)("C16 %s is refused as a header and as a query parameter", (name) => {
    for (const spelling of [name, name.toUpperCase()]) {
      expect(codesOf("headers", spelling)).toEqual(["reserved-key"]);
      expect(codesOf("query", spelling)).toEqual(["reserved-key"]);
    }
  });

  test.each(["x-keyboard", "tokens", "x-authorization-mode", "cookies", "access-tokens"])(
    "%s is an ordinary header",
    (name) => {
      expect(codesOf("headers", name)).toEqual([]);
    },
  );
});

test.each(
  ["host", "connection", "transfer-encoding", "accept", "upgrade"].concat(
    ["length", "type", "encoding"].map((what) => `content-${what}`),
  ),
)("the header %s is dgov's own", (name) => {
  expect(codesOf("headers", name)).toEqual(["reserved-key"]);
});

test.each([
  ["a b", ["bad-header"]],
  ["a:b", ["bad-header"]],
  ["", ["bad-header"]],
  ["X-Team_1", []],
])("the header name %j has the problems %j", (name, codes) => {
  expect(codesOf("headers", name)).toEqual(codes);
});

test.each(["model", "messages", "tools", "tool_choice", "stream", "stream_options"])(
  "the request field %s is dgov's own",
  (name) => {
    expect(codesOf("body", name)).toEqual(["reserved-key"]);
  },
);

test.each([
  ["https://a.example/v1", "A_KEY", "m", false],
  ["https://your-endpoint/v1", "A_KEY", "m", true],
  ["https://example.com/v1", "A_KEY", "m", true],
  ["https://myexample.com/v1", "A_KEY", "m", false],
  ["https://a.example/v1", "PROVIDER_API_KEY", "m", true],
  ["https://a.example/v1", "MY_PROVIDER_API_KEY", "m", false],
  ["https://a.example/v1", "A_KEY", "provider/model-name", true],
])(
  "base_url %s, api_key_env %s and default_agent %s are placeholders: %p",
  (url, env, agent, is) => {
    const text = `[providers.a]\nbase_url = "${url}"\napi_key_env = "${env}"\ndefault_agent = "${agent}"\n`;
    const loaded = parseConfig(text, "/project");
    expect(loaded.ok && loaded.config.providers["a"]?.placeholder).toBe(is);
  },
);

test.each([
  ["https://a.example/v1#x", "contains a query"],
  ["https://a.example/v1/chat/completions/", "includes /chat/completions"],
])("E3 the base_url %s %s", (url, words) => {
  const loaded = parseConfig(`[providers.a]\nbase_url = "${url}"\napi_key_env = "A"\n`, "/p");
  expect(loaded.ok ? "" : loaded.diagnostics[0]?.message).toContain(words);
});

test("a cached token costs as much as another unless a price is set", () => {
  const price = (text: string): unknown => {
    const loaded = parseConfig(`${table}price = ${text}\n`, "/project");
    return loaded.ok ? loaded.config.providers["a"]?.price : loaded.diagnostics;
  };
  expect([
    price("{ input = 2, output = 8 }"),
    price("{ input = 2, cached = 0, output = 8 }"),
  ]).toEqual([
    { input: 2, cached: 2, output: 8 },
    { input: 2, cached: 0, output: 8 },
  ]);
});

describe("resolveModel", () => {
  const provider = (name: string, agent: string): string =>
    `[providers.${name}]\nbase_url = "https://${name}.example/v1"\napi_key_env = "K"\n` +
    (agent === "" ? "" : `default_agent = "${agent}"\n`);

  /** "provider model" of a task, or the problem. */
  function resolved(
    text: string,
    plan: { defaultAgent?: string; defaultProvider?: string } = {},
    task: { agent?: string; provider?: string } = {},
  ): string {
    const loaded = parseConfig(text, "/project");
    if (!loaded.ok) throw new Error("valid");
    const result = resolveModel(
      loaded.config,
      { defaultAgent: null, defaultProvider: null, ...plan },
      { agent: null, provider: null, ...task },
    );
    return result.ok ? `${result.value.provider.name} ${result.value.model}` : result.problem;
  }

  const two = `[project]\nprovider = "a"\ndefault_agent = "p"\n${provider("a", "")}${provider("b", "")}`;
  const own = `[project]\nprovider = "a"\n${provider("a", "am")}${provider("b", "bm")}`;
  test.each<
    [string, string, Parameters<typeof resolved>[1], Parameters<typeof resolved>[2], string]
  >([
    ["the project's provider and model", two, {}, {}, "a p"],
    ["the model of the provider", own, {}, {}, "a am"],
    ["the plan's provider", own, { defaultProvider: "b" }, {}, "b bm"],
    [
      "the task's provider before the plan's",
      own,
      { defaultProvider: "a" },
      { provider: "b" },
      "b bm",
    ],
    ["the plan's model before the provider's", own, { defaultAgent: "m" }, {}, "a m"],
    ["the task's model before the plan's", own, { defaultAgent: "m" }, { agent: "t" }, "a t"],
    [
      "no model of the project's provider for another one",
      two,
      {},
      { provider: "b" },
      "no model is configured for the provider `b`",
    ],
    [
      "the project's model when no provider is the project's",
      `[project]\ndefault_agent = "p"\n${provider("a", "")}${provider("b", "")}`,
      {},
      { provider: "b" },
      "b p",
    ],
    [
      "no provider, with several and no choice",
      provider("a", "am") + provider("b", "bm"),
      {},
      {},
      "no provider is configured",
    ],
    ["the only provider", provider("b", "bm"), {}, {}, "b bm"],
    [
      "no property of objects as a provider",
      own,
      {},
      { provider: "constructor" },
      "the provider `constructor` is not configured",
    ],
    ["no property of objects as an alias", own, {}, { agent: "constructor" }, "a constructor"],
  ])("E11 resolves %s", (_what, text, plan, task, wanted) => {
    expect(resolved(text, plan, task)).toBe(wanted);
  });
});

test.each([
  ["both keys", 'llm_base_url = "https://x.example/v1"\nllm_api_key_env = "X"\n', "", ["llm"]],
  ["the address alone", 'llm_base_url = "https://x.example/v1"\n', "", []],
  ["the variable alone", 'llm_api_key_env = "X"\n', "", []],
  [
    "a provider of the same name",
    'llm_base_url = "https://x.example/v1"\nllm_api_key_env = "X"\n',
    '[providers.llm]\nbase_url = "https://new.example/v1"\napi_key_env = "NEW"\n',
    ["llm"],
  ],
])("the older form of one endpoint with %s gives the providers %j", (_what, old, more, names) => {
  const loaded = parseConfig(`[project]\n${old}${more}`, "/project");
  if (!loaded.ok) throw new Error("valid");
  const { providers } = loaded.config;
  expect(Object.keys(providers)).toEqual(names);
  if (more !== "") expect(providers["llm"]?.apiKeyEnv).toBe("NEW");
});
