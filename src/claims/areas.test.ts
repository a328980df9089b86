import { describe, expect, test } from "bun:test";
import { areaMatches, foreignDepartment } from "./areas.ts";

describe("areaMatches", () => {
  test.each([
    ["*.lock", "uv.lock", true],
    ["*.lock", "deep/er/uv.lock", true],
    ["src/*.py", "src/a/b.py", true],
    ["node_modules", "web/node_modules/x/y.js", true],
    [".venv", ".venv/bin/python", true],
    [".github/", ".github/workflows/ci.yml", true],
    ["./core/**", "core/a.ts", true],
    ["core", "encore/a.ts", false],
    ["core/", "core.ts", false],
    ["src/*.py", "lib/src/a.py", false],
    ["", "a", false],
  ])("the area pattern %j matches the path %j: %p", (pattern, path, matches) => {
    expect(areaMatches(pattern, path)).toBe(matches);
  });
});

describe("foreignDepartment", () => {
  const departments = [
    { name: "core", patterns: ["src/core/**", ".github/**"] },
    { name: "docs", patterns: ["*.md", "src/core/README.md"] },
  ];

  test.each([
    ["src/core/a.ts", "Tidy things", "core"],
    [".github/workflows/ci.yml", "Tidy things", "core"],
    ["src/core/a.ts", "Tidy core things", null],
    ["src/core/a.ts", "core: tidy", null],
    ["src/core/a.ts", "Scores and encore", "core"],
    ["src/core/README.md", "docs: write", "core"],
    ["a/b.md", "Tidy", "docs"],
    ["src/app.ts", "Tidy", null],
  ])(
    "the foreign department of %j in a task with the summary %j is %p (C11)",
    (path, summary, owner) => {
      expect(foreignDepartment(departments, path, summary)).toBe(owner);
    },
  );
});
