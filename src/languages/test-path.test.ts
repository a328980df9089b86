import { describe, expect, test } from "bun:test";
import { isNamedTest, isTestCode } from "./test-path.ts";

describe("test paths", () => {
  test.each([
    ["a.test.ts", true, true],
    ["pkg/test_a.py", true, true],
    ["a_test.go", true, true],
    ["src/FooTest.java", true, true],
    ["test/a.ts", false, true],
    ["tests/helpers.py", false, true],
    ["src/tests.rs", false, true],
    ["src/a.ts", false, false],
    ["contest/a.py", false, false],
    ["latest.py", false, false],
    ["attest.go", false, false],
  ])("%s is a test file: %p, is test code: %p", (path, named, code) => {
    expect([isNamedTest(path), isTestCode(path)]).toEqual([named, code]);
  });
});
