/** `docs/providers.md`: valid example configurations, and a table of every setting. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseConfig } from "../../src/config/load.ts";
import { settingsInForce } from "../../src/config/settings.ts";
import { parseToml } from "../../src/config/toml.ts";

const page = readFileSync(resolve(import.meta.dir, "../../docs/providers.md"), "utf8");
const examples = [...page.matchAll(/```toml\n(.*?)```/gs)].map((match) => match[1] ?? "");
const nameOf = (text: string): string => /\[providers\.(\w+)\]/.exec(text)?.[1] ?? "";

describe("docs/providers.md", () => {
  test("docs/providers.md has examples for at least ten kinds of endpoint", () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
  });

  test.each(examples.map((text) => [nameOf(text), text]))(
    "the %s example is a valid configuration",
    (_, text) => {
      const loaded = parseConfig(text, "/project");
      expect(loaded.ok ? [] : loaded.diagnostics).toEqual([]);
    },
  );

  test("docs/providers.md lists every setting with its default", () => {
    const text = '[providers.a]\nbase_url = "https://a.example/v1"\napi_key_env = "A"\n';
    const loaded = parseConfig(text, "/project");
    const parsed = parseToml(text);
    if (!loaded.ok || !parsed.ok) throw new Error("valid");
    const settings = settingsInForce(loaded.config, parsed.value).filter(
      ({ key, source }) => key.startsWith("providers.a.") && source === "default",
    );
    expect(settings.length).toBeGreaterThan(15);
    for (const { key, value } of settings) {
      const name = key.slice("providers.a.".length);
      const shown = value === null ? "unset" : JSON.stringify(value);
      const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
      expect([name, row?.split(" | ")[1]?.replaceAll("`", "")]).toEqual([name, shown]);
    }
  });
});
