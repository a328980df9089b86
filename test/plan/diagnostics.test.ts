/**
 * The diagnostics of invalid plans, as pairs of fixtures: `NAME.toml` is a plan, `NAME.out` holds the
 * diagnostics that `dgov compile` renders for it. The format is described in
 * `test/fixtures/plan-diagnostics/README.md`. `UPDATE_FIXTURES=1` rewrites the `.out` files.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseConfig } from "../../src/config/load.ts";
import type { Diagnostic } from "../../src/error.ts";
import { compilePlan } from "../../src/plan/compile.ts";
import { rulesPicker } from "../../src/plan/sops/picker.ts";
import { renderDiagnostics } from "../../src/std/diagnostics.ts";
import { filesInMemory } from "../harness/plan-files.ts";

const folder = resolve(import.meta.dir, "../fixtures/plan-diagnostics");
const planFolder = ".dgov/plans/p";
const configFile = ".dgov/project.toml";
const defaultRoot = '[plan]\nname = "p"\nsections = ["s"]\n';

/** A project as one fixture describes it. */
interface Fixture {
  title: string;
  /** Values of each header field, in order; a field may be repeated. */
  fields: Map<string, string[]>;
  /** File texts by path below the project root. */
  files: Record<string, string>;
}

const fieldNames = [
  "existing",
  "ignored",
  "imports",
  "missing-tools",
  "needs-models",
  "submodules",
  "tracked",
];
const marker = /^# -- (\S+) --$/;

/** Parses a fixture. Throws an Error that names the fixture when its header is malformed. */
function parseFixture(name: string, text: string): Fixture {
  const lines = text.replace(/\n$/, "").split("\n");
  const start = lines.findIndex((line) => marker.test(line));
  const [title = "", ...header] = lines.slice(0, start).map((line) => line.replace(/^# /, ""));
  const fixture: Fixture = { title, fields: new Map(), files: {} };
  for (const line of header) {
    const [, field = "", values = ""] = /^([a-z-]+):(.*)$/.exec(line) ?? [];
    if (!fieldNames.includes(field)) throw new Error(`${name}: unknown header line: ${line}`);
    const words = values.split(" ").filter((word) => word !== "");
    if (field === "imports") fixture.fields.set(field, [...of(fixture, field), values.trim()]);
    else fixture.fields.set(field, words);
  }
  let path = "";
  for (const line of lines.slice(start)) {
    const opened = marker.exec(line)?.[1];
    path = opened ?? path;
    fixture.files[path] = opened === undefined ? `${fixture.files[path]}${line}\n` : "";
  }
  return fixture;
}

const of = (fixture: Fixture, field: string): string[] => fixture.fields.get(field) ?? [];

async function diagnosticsOf(fixture: Fixture): Promise<readonly Diagnostic[]> {
  const config = parseConfig(fixture.files[configFile] ?? "", "/project");
  if (!config.ok) throw new Error(`${fixture.title}: the fixture's ${configFile} is invalid`);
  const imports = new Map(
    of(fixture, "imports").map((line) => {
      const [path = "", imported = ""] = line.split(" -> ");
      return [path, imported.split(" ")] as const;
    }),
  );
  const existing = fixture.fields.get("existing");
  const result = await compilePlan({
    files: filesInMemory({ [`${planFolder}/_root.toml`]: defaultRoot, ...fixture.files }),
    dir: planFolder,
    config: config.config,
    picker: rulesPicker,
    needModels: fixture.fields.has("needs-models"),
    ignored: async () => new Set(of(fixture, "ignored")),
    tracked: async (paths) =>
      new Set(paths.filter((path) => of(fixture, "tracked").includes(path))),
    exists: (path) => existing?.includes(path) ?? true,
    submodules: of(fixture, "submodules"),
    missingTools: (programs) =>
      new Set(programs.filter((program) => of(fixture, "missing-tools").includes(program))),
    imported: async (paths) =>
      new Map(paths.map((path) => [path, imports.get(path) ?? []] as const)),
  });
  return result.ok ? result.warnings : result.diagnostics;
}

const fixtures = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".toml"))
  .sort()
  .map((path) => ({ path, ...parseFixture(path, readFileSync(join(folder, path), "utf8")) }));

describe("plan diagnostics", () => {
  test.each(fixtures)("$title ($path)", async (fixture) => {
    const rendered = renderDiagnostics(await diagnosticsOf(fixture));
    const text = rendered === "" ? "" : `${rendered}\n`;
    const expectedFile = join(folder, fixture.path.replace(/\.toml$/, ".out"));
    if (process.env["UPDATE_FIXTURES"] === "1") writeFileSync(expectedFile, text);
    expect(text).toBe(readFileSync(expectedFile, "utf8"));
  });

  test("A prompt of more than one mebibyte is rejected", async () => {
    const prompt = `"""\nOrient\n${"x".repeat(1024 * 1024)}\nEdit\nVerify\n"""`;
    const task = `[tasks.a]\nsummary = "Do a"\nprompt = ${prompt}\ncommit_message = "feat: a"\nfiles.edit = ["a.py"]\n`;
    const fixture = {
      title: "long prompt",
      fields: new Map(),
      files: { [`${planFolder}/s/main.toml`]: task },
    };
    expect(renderDiagnostics(await diagnosticsOf(fixture))).toBe(
      `error: the prompt has 1048596 bytes; the limit is 1048576 [long-prompt]
  --> ${planFolder}/s/main.toml:3:1 (s/main.a)
  3 | prompt = """`,
    );
  });

  test("every .out file belongs to a fixture", () => {
    const outputs = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".out"))
      .sort();
    expect(outputs).toEqual(fixtures.map(({ path }) => path.replace(/\.toml$/, ".out")));
  });
});
