import { describe, expect, test } from "bun:test";
import { parseClaim, parseClaims } from "./path.ts";

describe("parseClaim", () => {
  test.each([
    ["src/app.py", "src/app.py"],
    ["./src/app.py", "src/app.py"],
    ["src/app/", "src/app"],
    ["src//app/./x", "src/app/x"],
    [".env", ".env"],
    ["./.github/workflows/", ".github/workflows"],
    ["src/**/*.py", "src/**/*.py"],
    ["{{cookiecutter.slug}}/a.py", "{{cookiecutter.slug}}/a.py"],
    ["a b/c d", "a b/c d"],
  ])("the claim %j is normalised to %j (C8)", (text, normalised) => {
    const parsed = parseClaim(text);
    expect(parsed.ok && parsed.claim.text).toBe(normalised);
  });

  test.each([
    ["", "is empty"],
    ["   ", "is empty"],
    ["./", "names no path; write `**` to claim the whole project"],
    ["/etc/passwd", "is absolute; claims are relative to the project root"],
    ["~/x", "begins with `~/`; claims are relative to the project root"],
    ["../x", "contains `..`"],
    ["a/../b", "contains `..`"],
    ["a\\b", "contains a backslash; paths are written with `/`"],
    ["a\0b", "contains a NUL byte"],
    ["a\nb", "contains a control character"],
    [" a", "begins or ends with a space"],
    ["src/{a,b}.ts", "uses braces; write one claim for each alternative"],
    ["x".repeat(5000), "is longer than 4096 characters"],
  ])("the claim %j is rejected", (text, problem) => {
    expect(parseClaim(text)).toEqual({ ok: false, problem });
  });

  test("a claim of 4096 characters is valid, one more is too long", () => {
    expect(parseClaim("x".repeat(4096)).ok).toBe(true);
    expect(parseClaim("x".repeat(4097)).ok).toBe(false);
  });

  test("claims with wildcards are globs, others are plain paths", () => {
    const globs = ["a/b", "a/*", "a/?", "a/[b]", "**", "a[b"].map(
      (text) => parseClaims([text])[0]?.glob,
    );
    expect(globs).toEqual([false, true, true, true, true, false]);
  });
});
