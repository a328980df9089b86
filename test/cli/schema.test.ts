/** `dgov schema`: the JSON Schemas for editors agree with the validation that dgov does itself. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { jsonSchema, typeSchema } from "../../src/app/json-schemas.ts";
import { detect } from "../../src/config/detect/detect.ts";
import type { Keys } from "../../src/config/keys.ts";
import { projectKeys } from "../../src/config/project-keys.ts";
import { providerPresets, renderProjectToml } from "../../src/config/project-toml.ts";
import { type JsonSchema, keyProblems } from "../../src/config/schema.ts";
import { parseToml } from "../../src/config/toml.ts";
import { sampleFiles } from "../../src/demo/sample-project.ts";
import { planFileTables } from "../../src/plan/plan-keys.ts";
import { dgov } from "../harness/bin.ts";
import { schemaProblems } from "../harness/json-schema.ts";
import { testRepo } from "../harness/repo.ts";

const [project, plan, events] = await Promise.all([
  jsonSchema("project"),
  jsonSchema("plan"),
  jsonSchema("events"),
]);

function toml(text: string): Record<string, unknown> {
  const parsed = parseToml(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const accepts = (schema: JsonSchema, value: unknown): boolean =>
  schemaProblems(schema, value).length === 0;

describe("project schema", () => {
  test.each([
    "",
    "[project]\ntest_cmd = 'x'\n",
    "[project]\ntest_cmd = 3\n",
    "[project]\ntset_cmd = 'x'\n",
    "[projekt]\n",
    "[providers.x]\nbase_url = 'u'\napi_key_env = 'K'\n",
    "[providers.x]\nbase_url = 'u'\n",
    "[providers.x]\nbase_url = ''\napi_key_env = 'K'\n",
    "[run]\njobs = 2\n",
    "[run]\njobs = 0\n",
    "[run]\njobs = 1.5\n",
    "[merge]\norder = 'plan'\n",
    "[merge]\norder = 'random'\n",
    "[conventions]\na = 'x'\nb = 3\nc = true\n",
    "[conventions]\na = []\n",
    "[departments]\ncore = ['src/**']\n",
    "[departments]\ncore = 'src/**'\n",
    "[verify.unit]\ncommand = 'x'\n",
    "[verify.unit]\n",
    "[sandbox]\nmode = 'on'\n",
  ])("the project schema accepts %j exactly where dgov does", (text) => {
    const value = toml(text);
    const accepted = keyProblems(projectKeys, value).length === 0;
    expect([accepted, schemaProblems(project, value)]).toEqual([
      accepted,
      accepted ? [] : expect.arrayContaining([expect.any(String)]),
    ]);
  });

  test.each(Object.entries(providerPresets))(
    "init writes a valid project.toml for %s",
    (_, preset) => {
      const detection = detect({ files: ["go.mod", "main.go"], read: () => null }, null);
      const text = renderProjectToml(detection, preset);
      expect(text).toStartWith("#:schema ./schema/project.json\n");
      expect(schemaProblems(project, toml(text))).toEqual([]);
    },
  );

  test("defaults in the project schema are those in force", () => {
    const at = (...path: string[]): unknown =>
      path.reduce<JsonSchema | undefined>((schema, key) => {
        const any = schema?.additionalProperties;
        return key === "*" && typeof any === "object" ? any : schema?.properties?.[key];
      }, project)?.["default"];
    expect(at("run", "jobs")).toBe(4);
    expect(at("project", "settlement_timeout")).toBe(600);
    expect(at("providers", "*", "idle_timeout_s")).toBe(60);
    expect(at("run", "max_gates")).toBeUndefined();
  });
});

const rootTables: Keys = { plan: planFileTables.plan };
const taskFileTables: Keys = { tasks: planFileTables.tasks };

describe("plan schema", () => {
  test.each([
    ["[plan]\nname = 'p'\nsections = ['a']\n", rootTables],
    ["[plan]\nsummary = 'p'\n", rootTables],
    ["[plan]\nname = 'p'\nsection = ['a']\n", rootTables],
    ["[tasks.a]\nsummary = 's'\n", taskFileTables],
    ["[tasks.a]\nsummary = 's'\nfiles = ['x']\n", taskFileTables],
    ["[tasks.a]\nsummary = 's'\nfiles.edit = ['x']\n", taskFileTables],
    ["[tasks.a]\nsummary = 's'\nfiles.edits = ['x']\n", taskFileTables],
    ["[tasks.a]\nsummary = 's'\nfiles = [3]\n", taskFileTables],
    ["[tasks.a]\nprompt = 's'\n", taskFileTables],
    ["[tasks.a]\nsummary = 's'\nrole = 'boss'\n", taskFileTables],
    ["[tasks.a]\nsummary = 's'\ntimeout_s = -1\n", taskFileTables],
    ["", taskFileTables],
  ] as const)("the plan schema accepts %j exactly where dgov does", (text, keys) => {
    const value = toml(text);
    expect(accepts(plan, value)).toBe(keyProblems(keys, value).length === 0);
  });

  test("the plan schema rejects a file with both a plan and tasks", () => {
    expect(accepts(plan, { plan: { name: "p" }, tasks: {} })).toBe(false);
  });

  test("the plan schema accepts every plan file of the demo", () => {
    const files = Object.entries(sampleFiles({ testCommand: "x", baseUrl: "y" })).filter(([path]) =>
      /plans\/.*\.toml$/.test(path),
    );
    expect(files.length).toBeGreaterThan(1);
    for (const [path, text] of files) {
      expect([path, schemaProblems(plan, toml(text))]).toEqual([path, []]);
    }
  });
});

describe("event schema", () => {
  const event = {
    schema: "dgov.event/1",
    seq: 1,
    ts: "2026-01-02T03:04:05.000Z",
    run: "r1",
    plan: "p",
    unit: "t/m.a",
    attempt: 1,
    type: "attempt.prepared",
    data: { base: "b" },
  };
  test.each([
    ["unchanged", {}, true],
    ["of an unknown type", { type: "moon.risen", data: {} }, true],
    ["with an additional field", { data: { base: "b", more: 1 } }, true],
    ["of the run", { unit: null, attempt: null, type: "checkout.changed", data: {} }, true],
    ["without a required field", { data: {} }, false],
    ["with a field of another type", { data: { base: 3 } }, false],
    ["of another version", { schema: "dgov.event/2" }, false],
    ["without a sequence number", { seq: null }, false],
  ])("the event schema judges a line %s", (_, more, accepted) => {
    expect(accepts(events, { ...event, ...more })).toBe(accepted);
  });

  test.each([
    ["string", { type: "string" }],
    ["string?", { type: "string" }],
    ["string[]", { type: "array", items: { type: "string" } }],
    ["number or null", { anyOf: [{ type: "number" }, { type: "null" }] }],
    ['"bare", "continue" or "restart"', { enum: ["bare", "continue", "restart"] }],
    ["any", {}],
  ])("the catalog type `%s` becomes a JSON Schema", (words, schema) => {
    expect(typeSchema(words)).toEqual(schema);
  });
});

test("every key of the project and plan schemas has a description", () => {
  const undescribed = (schema: JsonSchema, path: string): string[] => {
    const { properties = {}, additionalProperties: each, anyOf = [] } = schema;
    return [
      ...Object.entries(properties).flatMap(([name, one]) => [
        ...(one["description"] === undefined ? [`${path}${name}`] : []),
        ...undescribed(one, `${path}${name}.`),
      ]),
      ...(typeof each === "object" ? undescribed(each, `${path}*.`) : []),
      ...anyOf.flatMap((one) => undescribed(one, path)),
    ];
  };
  expect([undescribed(project, ""), undescribed(plan, "")]).toEqual([[], []]);
});

describe("dgov schema", () => {
  test("schema prints the schema as text, and with --json inside a document", async () => {
    const text = await dgov(["schema", "plan"]);
    expect([text.exitCode, JSON.parse(text.stdout)]).toEqual([0, plan]);
    const json = await dgov(["schema", "plan", "--json"]);
    expect(JSON.parse(json.stdout)).toEqual({
      schema: "dgov.schema/1",
      name: "plan",
      json_schema: plan,
    });
  });

  test("init and init-plan write files that name their schema, and put the schema beside them", async () => {
    await using repo = await testRepo({ "readme.txt": "" });
    const run = (...args: string[]) => dgov(args, { cwd: repo.path, env: repo.env });
    expect((await run("init", "-y", "--provider", "other")).exitCode).toBe(0);
    expect((await run("init-plan", "p")).exitCode).toBe(0);
    for (const [path, schema] of [
      [".dgov/project.toml", project],
      [".dgov/plans/p/_root.toml", plan],
      [".dgov/plans/p/tasks/_example.toml", plan],
    ] as const) {
      const text = repo.read(path);
      const named = /^#:schema (.+)$/m.exec(text)?.[1] ?? "";
      expect(text.indexOf("#:schema")).toBe(0);
      expect(JSON.parse(repo.read(join(path, "..", named)))).toEqual(schema);
      expect(schemaProblems(schema, toml(text))).toEqual([]);
    }
    expect(await repo.git("status", "--porcelain", "--", ".dgov/schema")).toBe("");
    expect((await run("init")).stdout).toBe(".dgov is already set up\n");
    repo.write(".dgov/schema/plan.json", "old");
    expect((await run("init")).stdout).toStartWith("wrote .dgov/schema/plan.json\n");
    expect(existsSync(join(repo.path, ".dgov/schema/plan.json.new"))).toBe(false);
  });
});
