import { describe, expect, test } from "bun:test";
import { isCollectedTest, isNamedTest, isTestCode } from "./test-path.ts";

describe("test paths", () => {
  test.each([
    ["a.test.ts", true, true],
    ["pkg/test_a.py", true, true],
    ["a_test.go", true, true],
    ["src/FooTest.java", true, true],
    ["tests/api/main.rs", true, true],
    ["test/a.ts", false, true],
    ["tests/helpers.py", false, true],
    ["src/tests.rs", false, true],
    ["src/a.ts", false, false],
    ["contest/a.py", false, false],
    ["latest.py", false, false],
    ["attest.go", false, false],
    ["latest.go", false, false],
  ])("%s is a test file: %p, is test code: %p", (path, named, code) => {
    expect([isNamedTest(path), isTestCode(path)]).toEqual([named, code]);
  });

  test.each([
    ["tests/test_a.py", true],
    ["tests/a_test.py", true],
    ["tests/conftest.py", false],
    ["tests/test_types.pyi", false],
    ["__tests__/helper.js", false],
    ["__tests__/a.spec.js", true],
    ["tests/api.rs", true],
    ["tests/api/main.rs", true],
    ["tests/api/data.rs", false],
    ["src/test/java/app/Data.java", false],
    ["src/test/java/app/DataIT.java", true],
    ["Tests/AppTests.swift", true],
    ["pkg/latest_test.go", true],
    ["pkg/latest.go", false],
  ])("a runner finds tests in %s: %p", (path, collected) => {
    expect(isCollectedTest(path)).toBe(collected);
  });
});
