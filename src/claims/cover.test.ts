import { describe, expect, test } from "bun:test";
import { covers } from "./cover.ts";
import { parseClaims } from "./path.ts";

function covered(claim: string, path: string): boolean {
  const [parsed] = parseClaims([claim]);
  if (parsed === undefined) throw new Error(`bad claim ${claim}`);
  return covers(parsed, path);
}

describe("covers", () => {
  test.each([
    ["src/app.py", "src/app.py"],
    ["src/app", "src/app/x/y.py"],
    ["src/app/", "src/app/x.py"],
    ["./src/app", "src/app"],
    ["src/*.py", "src/a.py"],
    ["src/*.py", "src/.hidden.py"],
    ["src/?.py", "src/é.py"],
    ["src/*", "src/deep/er.py"],
    ["src/**/x.py", "src/x.py"],
    ["src/**/x.py", "src/a/b/x.py"],
    ["**", "anything/at/all"],
    ["**/*.md", "README.md"],
    ["a/[a-c]x", "a/bx"],
    ["a/[!a-c]x", "a/dx"],
    ["app/[id]/page.tsx", "app/[id]/page.tsx"],
    ["app/[id]/*.tsx", "app/[id]/page.tsx"],
    ["app/[id]/page.tsx", "app/i/page.tsx"],
    ["a/[]]b", "a/]b"],
    [".github/", ".github/workflows/ci.yml"],
    [".gitignore", ".gitignore"],
    ["sub/.gitignore", "sub/.gitignore"],
    ["*a*b*", "xaybz"],
  ])("the claim %j covers %j (C8)", (claim, path) => {
    expect(covered(claim, path)).toBe(true);
  });

  test.each([
    ["src/app", "src/application.py"],
    ["src/app.py", "src/App.py"],
    ["src/*.py", "src/a/b.py"],
    ["src/?.py", "src/ab.py"],
    ["src/**/x.py", "src/y.py"],
    ["a/[a-c]x", "a/dx"],
    ["a/[!a-c]x", "a/bx"],
    ["src", ".gitignore"],
    ["sub", "sub/.gitignore"],
    ["**", "sub/.gitignore"],
    ["**/.git*", ".gitignore"],
    ["**", ".GitIgnore"],
    ["src/a.py", "src"],
  ])("the claim %j does not cover %j (C9)", (claim, path) => {
    expect(covered(claim, path)).toBe(false);
  });

  // Backtracking over every possible match would exceed the time limit.
  test("a pattern with hundreds of stars is matched within the time limit", () => {
    expect(covered(`${"*a".repeat(200)}b`, "a".repeat(2000))).toBe(false);
  });
});
