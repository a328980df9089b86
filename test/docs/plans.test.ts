/** `docs/plans.md` documents every key of a plan file, and its examples are valid. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchema } from "../../src/app/json-schemas.ts";
import { keyProblems } from "../../src/config/schema.ts";
import { parseToml } from "../../src/config/toml.ts";
import { planFileTables } from "../../src/plan/plan-keys.ts";
import { parseSop } from "../../src/plan/sops/sop.ts";
import { repositoryRoot } from "./pages.ts";

const page = readFileSync(join(repositoryRoot, "docs/plans.md"), "utf8");

function blocks(language: string): string[] {
  const found = page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"));
  return [...found].map(([, text = ""]) => text);
}

test("docs/plans.md documents every key of plan and task tables", async () => {
  const { properties } = await jsonSchema("plan");
  const task = properties?.["tasks"]?.additionalProperties;
  const keys = [properties?.["plan"], typeof task === "object" ? task : undefined].flatMap((one) =>
    Object.keys(one?.properties ?? {}),
  );
  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
});

test("every TOML and SOP example of docs/plans.md is valid", () => {
  for (const text of blocks("toml")) {
    const parsed = parseToml(text);
    if (!parsed.ok) throw new Error(parsed.message);
    const { plan, tasks } = planFileTables;
    const keys = "plan" in parsed.value ? { plan } : { tasks };
    expect([text, keyProblems(keys, parsed.value)]).toEqual([text, []]);
  }
  expect(blocks("markdown").map((text) => parseSop("x.md", text).diagnostics)).toEqual([[]]);
});
