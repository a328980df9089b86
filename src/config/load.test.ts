import { describe, expect, test } from "bun:test";
import { parseConfig } from "./load.ts";
import { resolveModel } from "./providers.ts";

const provider = '[providers.a]\nbase_url = "https://a.example/v1"\napi_key_env = "A_KEY"\n';

/** "line:column code: message (hint)" for each diagnostic. */
function diagnosticLines(text: string): string[] {
  const loaded = parseConfig(text, "/project");
  return loaded.ok
    ? []
    : loaded.diagnostics.map(
        (d) =>
          `${d.line}:${d.column} ${d.code}: ${d.message}${d.hint === null ? "" : ` (${d.hint})`}`,
      );
}

describe("parseConfig", () => {
  test.each([
    ["[project\n", ["1:9 toml-syntax: illegal character in key"]],
    ["[projct]\n", ["1:1 unknown-key: unknown key `projct` (did you mean project?)"]],
    [
      "[project]\nline_lenght = 80\n",
      ["2:1 unknown-key: unknown key `project.line_lenght` (did you mean line_length?)"],
    ],
    [
      "[project]\nline_length = 'x'\n",
      ['2:1 wrong-type: `project.line_length` must be a whole number of at least 1, not "x"'],
    ],
    [
      "[project]\nsettlement_timeout = 0\n",
      ["2:1 wrong-type: `project.settlement_timeout` must be a whole number of at least 1, not 0"],
    ],
    [
      "[project]\nsource_extensions = '.py'\n",
      ['2:1 wrong-type: `project.source_extensions` must be a list of strings, not ".py"'],
    ],
    [
      "[merge]\norder = 'plann'\n",
      ['2:1 wrong-type: `merge.order` must be "ready" or "plan", not "plann"'],
    ],
    [
      "[departments]\nweb = 'src/**'\n",
      ['2:1 wrong-type: `departments.web` must be a list of strings, not "src/**"'],
    ],
    ["[providers.a]\nbase_url = 'x'\n", ["1:1 wrong-type: `providers.a.api_key_env` is missing"]],
    [
      `[project]\nprovider = "b"\n${provider}`,
      [
        "2:1 unknown-provider: `project.provider` names `b`, which is not under [providers] (did you mean a?)",
      ],
    ],
    [
      "[scope]\nignore_files = ['.dgov/state.db']\n",
      ["2:1 reserved-path: `scope.ignore_files` must not match the reserved path `.dgov/state.db`"],
    ],
    [
      "[scope]\nignore_files = ['.sentrux', '.coverage-baseline', '.coverage-baseline/x']\n",
      [".sentrux", ".coverage-baseline", ".coverage-baseline/x"].map(
        (path) =>
          `2:1 reserved-path: \`scope.ignore_files\` must not match the reserved path \`${path}\``,
      ),
    ],
    [
      "[scope]\nignore_files = ['.dgovernor', '.sentruxes', 'a/.dgov', '.coverage-baselines']\n",
      [],
    ],
    [
      "[sandbox]\nmode = 'on'\n",
      ['2:1 wrong-type: `sandbox.mode` must be "auto", "require" or "off", not "on"'],
    ],
  ])("E3 %p is rejected at its line", (text, wanted) => {
    expect(diagnosticLines(text)).toEqual(wanted);
  });

  test("E3 a table without a header of its own has the position of its first subtable", () => {
    expect(diagnosticLines("[project]\n\n[provders.x]\nbase_url = 1\n")).toEqual([
      "3:1 unknown-key: unknown key `provders` (did you mean providers?)",
    ]);
  });

  test("E3 all problems are reported together, in line order", () => {
    const lines = diagnosticLines(
      "[project]\nlangage = 'x'\nline_length = 'y'\n[merge]\nspeculaton = 3\n",
    );
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["2:1", "3:1", "5:1"]);
  });

  test("the older form of one endpoint is read as a provider named llm", () => {
    const loaded = parseConfig(
      '[project]\ndefault_agent = "m"\nllm_base_url = "https://x.example/v1"\nllm_api_key_env = "X"\n',
      "/project",
    );
    expect(
      loaded.ok && [loaded.config.provider, loaded.config.providers["llm"]?.defaultAgent],
    ).toEqual(["llm", "m"]);
  });

  test("every command is that of its own key, and a blank one is none", () => {
    const names = ["test", "lint", "lint_fix", "format", "format_check", "type_check", "coverage"];
    const lines = [...names, "setup"].map((name) => `${name}_cmd = "run ${name}"\n`).join("");
    const written = parseConfig(`[project]\n${lines}`, "/project");
    expect(written.ok && written.config.commands).toEqual({
      test: "run test",
      lint: "run lint",
      lintFix: "run lint_fix",
      format: "run format",
      formatCheck: "run format_check",
      typeCheck: "run type_check",
      coverage: "run coverage",
      setup: "run setup",
    });
    const blank = parseConfig(`[project]\n${lines.replaceAll(/"run \w+"/g, '"  "')}`, "/project");
    expect(blank.ok && Object.values(blank.config.commands)).toEqual(Array(8).fill(null));
  });

  test("a recipe runs beside other gates unless it is exclusive", () => {
    const text = "[verify.a]\ncommand = 'a'\n[verify.b]\ncommand = 'b'\nexclusive = true\n";
    const loaded = parseConfig(text, "/project");
    expect(loaded.ok && Object.values(loaded.config.verify).map((v) => v.exclusive)).toEqual([
      false,
      true,
    ]);
  });

  test("an empty file results in every default", () => {
    const loaded = parseConfig("", "/project");
    expect(loaded.ok && loaded.config).toMatchObject({
      settlementTimeoutS: 600,
      bootstrapTimeoutS: 300,
      workerIterationBudget: 50,
      merge: { order: "ready", speculation: 4, flaky: "pass", sign: false, rebuilds: 5 },
      run: { jobs: 4, crashRetries: 2, timeoutRetries: 1, env: [] },
    });
  });
});

test("E11 an alias resolves to the same model on every path", () => {
  const loaded = parseConfig(
    `${provider}default_agent = "fast"\n[agents]\nfast = "real-model"\n`,
    "/project",
  );
  if (!loaded.ok) throw new Error("valid");
  const none = { defaultAgent: null, defaultProvider: null };
  const models = [
    resolveModel(loaded.config, none, { agent: null, provider: null }),
    resolveModel(loaded.config, none, { agent: "fast", provider: "a" }),
    resolveModel(loaded.config, { ...none, defaultAgent: "fast" }, { agent: null, provider: null }),
  ].map((r) => r.ok && r.value.model);
  expect(models).toEqual(["real-model", "real-model", "real-model"]);
  const wrong = resolveModel(loaded.config, none, { agent: null, provider: "aa" });
  expect(wrong).toEqual({
    ok: false,
    problem: "the provider `aa` is not configured",
    hint: "did you mean a?",
  });
});
