/** Conflicts in files without a grammar, and merges of such files that are correct. */
import { describe, expect, test } from "bun:test";
import { mergeTexts as merge } from "./check-case.ts";

/** A text with a line added after the line that contains a word. */
function after(text: string, word: string, added: string): string {
  const lines = text.split("\n");
  lines.splice(lines.findIndex((line) => line.includes(word)) + 1, 0, added);
  return lines.join("\n");
}

const settings = `{
  "name": "app",
  "version": "1.0.0",
  // Comments are allowed.
  "scripts": {
    "build": "tsc",
    "clean": "rm -r dist",
    "docs": "typedoc",
    "test": "bun test"
  },
  "files": [
    { "name": "a", "deep": { "name": "b" } },
    { "name": "c" }
  ]
}
`;
const table = `[tool.app]
name = "app"
version = "1"
first = 1
second = 2
third = 3

[tool.other]
name = "other"
`;
const workflow = `name: ci
on:
  push:
    branches: [main]
jobs:
  build:
    runs-on: linux
    steps:
      - name: build
        run: |
          key: 1
          key: 2
      - name: test
        run: make test
    timeout: 5
  lint:
    runs-on: linux
    steps: []
`;

describe("A25 (7): the same key twice in one table", () => {
  test.each<[string, string, string, [string, string], [string, string], string[]]>([
    [
      "a JSON object",
      "app.json",
      settings,
      ['"build"', '    "lint": "biome",'],
      ['"docs"', '    "lint": "eslint",'],
      ["duplicate_definition scripts.lint"],
    ],
    [
      "different objects of a JSON file",
      "app.json",
      settings,
      ['"name": "app"', '  "lint": 1,'],
      ['"docs"', '    "lint": "eslint",'],
      [],
    ],
    [
      "a TOML table",
      "app.toml",
      table,
      ["version", 'owner = "a"'],
      ["third", 'owner = "b"'],
      ["duplicate_definition owner"],
    ],
    [
      "two TOML tables",
      "app.toml",
      table,
      ["version", 'owner = "a"'],
      ['"other"', 'owner = "b"'],
      [],
    ],
    [
      "a YAML mapping",
      "ci.yml",
      workflow,
      ["  build:", "    env: { A: 1 }"],
      ["    timeout: 5", "    env: { B: 1 }"],
      ["duplicate_definition jobs.build.env"],
    ],
    [
      "two entries of a YAML list",
      "ci.yml",
      workflow,
      ["- name: build", "        if: always()"],
      ["- name: test", "        if: always()"],
      [],
    ],
    [
      "two documents of a YAML file",
      "list.yml",
      "first: 1\nsize: 2\n---\nlast: 3\nend: 4\n",
      ["first: 1", "owner: a"],
      ["last: 3", "owner: b"],
      [],
    ],
    [
      "a block scalar of YAML",
      "ci.yml",
      workflow,
      ["run: |", "          other: 1"],
      ["key: 2", "          other: 2"],
      [],
    ],
    [
      "two YAML mappings",
      "ci.yml",
      workflow,
      ["  build:", "    env: { A: 1 }"],
      ["  lint:", "    env: { B: 1 }"],
      [],
    ],
  ])("%s", async (_name, path, text, [mine, added], [other, more], expected) => {
    const { found } = await merge(
      { [path]: text },
      { [path]: after(text, mine, added) },
      { [path]: after(text, other, more) },
    );
    expect(found).toEqual(expected);
  });

  test("a key with the same value twice in JSON is a note", async () => {
    const line = '    "lint": "biome",';
    const { found, noted } = await merge(
      { "a.json": settings },
      { "a.json": after(settings, '"build"', line) },
      { "a.json": after(settings, '"docs"', line) },
    );
    expect(found).toEqual([]);
    expect(noted.join()).toContain("both values are the same");
  });

  test("a key that a file had twice before is not a conflict", async () => {
    const twice = after(settings, '"docs"', '    "build": "tsc -b",');
    const { found } = await merge(
      { "a.json": twice },
      { "a.json": after(twice, '"name": "app"', '  "x": 1,') },
      { "a.json": after(twice, '"test"', "").replace('"c"', '"d"') },
    );
    expect(found).toEqual([]);
  });

  test("a TOML table that both sides add at different places", async () => {
    const { found } = await merge(
      { "a.toml": table },
      { "a.toml": `[lint]\nrules = 1\n\n${table}` },
      { "a.toml": `${table}\n[lint]\nrules = 2\n` },
    );
    expect(found).toEqual(["duplicate_definition lint"]);
  });

  test("a key of a YAML template is a note", async () => {
    const text = workflow.replace("linux\n", "{{ image }}\n");
    const { found, noted } = await merge(
      { "a.yaml": text },
      { "a.yaml": after(text, "  build:", "    env: 1") },
      { "a.yaml": after(text, "    timeout: 5", "    env: 2") },
    );
    expect(found).toEqual([]);
    expect(noted.join()).toContain("template");
  });
});

describe("A25 (8): migrations of one number when only SQL files changed", () => {
  const base = { "db/0001_init.sql": "create table a (b int);\n", "db/0002_b.sql": "-- b\n" };
  const pairs = {
    "db/0001_a.up.sql": "-- a\n",
    "db/0001_a.down.sql": "-- a\n",
  };
  test("two new files with one number", async () => {
    const sides = [{ "db/0003_x.sql": "-- x\n" }, { "db/0003_y.sql": "-- y\n" }] as const;
    expect((await merge(base, ...sides)).found).toEqual(["ordering_conflict 0003"]);
  });
  test("two pairs of files with one number", async () => {
    const pair = (name: string) => ({
      [`db/0002_${name}.up.sql`]: `-- ${name}\n`,
      [`db/0002_${name}.down.sql`]: `-- ${name}\n`,
    });
    const { found } = await merge(pairs, pair("x"), pair("y"));
    expect(found).toEqual(["ordering_conflict 0002", "ordering_conflict 0002"]);
  });
  test("two new files with different numbers, or a number that was taken before, and one pair", async () => {
    const sides = [{ "db/0003_x.sql": "-- x\n" }, { "db/0004_y.sql": "-- y\n" }] as const;
    expect((await merge(base, ...sides)).found).toEqual([]);
    const known = [{ "db/0002_x.sql": "-- x\n" }, { "db/0002_y.sql": "-- y\n" }] as const;
    expect((await merge(base, ...known)).found).toEqual([]);
    const pair = { "db/0002_x.up.sql": "-- x\n", "db/0002_x.down.sql": "-- x\n" };
    expect((await merge(pairs, pair, { "db/README.md": "text\n" })).found).toEqual([]);
  });
});

describe("conflict markers need no grammar", () => {
  const marked = "a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n";
  test("markers in a data file are a conflict", async () => {
    const { found } = await merge({ "a.yaml": "a: 1\n" }, {}, { "a.yaml": marked });
    expect(found).toEqual(["syntax_conflict a.yaml"]);
  });
  test("markers in prose are a note", async () => {
    const { found, noted } = await merge({ "a.md": "a\n" }, {}, { "a.md": marked });
    expect(found).toEqual([]);
    expect(noted.join()).toContain("markers");
  });
});
