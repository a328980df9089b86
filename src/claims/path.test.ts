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
  ])("reads %j as %j (C8)", (text, normalised) => {
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
  ])("refuses %j", (text, problem) => {
    expect(parseClaim(text)).toEqual({ ok: false, problem });
  });

  test("tells plain paths from patterns", () => {
    const globs = ["a/b", "a/*", "a/?", "a/[b]", "**", "a[b"].map(
      (text) => parseClaims([text])[0]?.glob,
    );
    expect(globs).toEqual([false, true, true, true, true, false]);
  });
});
