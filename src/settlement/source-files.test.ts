import { describe, expect, test } from "bun:test";
import { isTestFile } from "./source-files.ts";

describe("isTestFile", () => {
  test.each([
    ["tests/test_a.py", true],
    ["pkg/a_test.py", true],
    ["src/pkg/conftest.py", true],
    ["tests/helpers.py", true],
    ["src/testing.py", false],
    ["src/latest.py", false],
    ["tests_support/x.py", false],
    ["src/a.test.ts", true],
    ["src/a.spec.tsx", true],
    ["src/__tests__/a.js", true],
    ["src/test.ts", false],
    ["pkg/a_test.go", true],
    ["pkg/a.go", false],
    ["crates/x/tests/it.rs", true],
    ["crates/x/tests/common/mod.rs", false],
    ["src/test/java/com/acme/Fixtures.java", true],
    ["app/FooTest.java", true],
    ["app/Latest.java", false],
  ])("%s is a test file: %s", (path, expected) => {
    expect(isTestFile({ testDir: "tests/" }, path)).toBe(expected);
  });

  test("a test_dir of ./ makes no file a test by its folder", () => {
    expect(isTestFile({ testDir: "./" }, "src/a.py")).toBe(false);
  });
});
