import { describe, expect, test } from "bun:test";
import { parseConfig } from "./load.ts";
import { projectKeys } from "./project-keys.ts";
import { renderSettings, type Setting, settingsInForce } from "./settings.ts";
import { parseToml } from "./toml.ts";

function inForce(text: string): Setting[] {
  const loaded = parseConfig(text, "/project");
  const parsed = parseToml(text);
  if (!loaded.ok || !parsed.ok) throw new Error("valid");
  return settingsInForce(loaded.config, parsed.value);
}

function one(settings: readonly Setting[], key: string): string {
  const setting = settings.find((s) => s.key === key);
  return `${JSON.stringify(setting?.value)} ${setting?.source}`;
}

describe("settingsInForce", () => {
  const text = `[project]
setup_cmd = "make deps"
[providers."a.b"]
base_url = "https://a.example/v1"
api_key_env = "A_KEY"
default_agent = "fast"
[agents]
fast = "real"
[verify.smoke]
command = "make smoke"
`;

  test.each([
    ["project.setup_cmd", '"make deps" project'],
    ["project.test_cmd", "null default"],
    ["project.provider", '"a.b" project'],
    ["project.default_agent", '"fast" provider'],
    ["worktree.setup", '"make deps" project'],
    ["merge.order", '"ready" default'],
    ["providers.a.b.default_agent", '"fast" project'],
    ["providers.a.b.retries", "6 default"],
    ["agents.fast", '"real" project'],
    ["verify.smoke.command", '"make smoke" project'],
  ])("the setting %s is %s", (key, wanted) => {
    expect(one(inForce(text), key)).toBe(wanted);
  });

  test("every setting of an empty file is a default", () => {
    expect(inForce("").filter((s) => s.source !== "default")).toEqual([]);
  });

  test("every key of the fixed tables is listed", () => {
    // Keys of older files: those of one endpoint are listed as a provider, the other has no effect.
    const elsewhere = ["llm_base_url", "llm_api_key_env", "worker_iteration_warn_at"];
    const keys = Object.entries(projectKeys).flatMap(([name, table]) =>
      table.kind === "table" ? Object.keys(table.keys).map((key) => `${name}.${key}`) : [],
    );
    const wanted = keys.filter((key) => !elsewhere.some((name) => key.endsWith(`.${name}`)));
    const shown = inForce("").map((s) => s.key);
    expect(wanted.length).toBeGreaterThan(40);
    expect(shown.toSorted()).toEqual(wanted.toSorted());
  });
});

test("settings are rendered one per line, with sources in a column", () => {
  expect(
    renderSettings([
      { key: "a.b", value: null, source: "default" },
      { key: "a.long", value: ["x"], source: "project" },
    ]),
  ).toBe('a.b = none      # default\na.long = ["x"]  # project');
});
