import { describe, expect, test } from "bun:test";
import { endedEarly, failingTests, ranNoTests, ranTests, ranZeroTests } from "./test-output.ts";

describe("failingTests", () => {
  test.each([
    [
      "pytest",
      "FAILED tests/test_a.py::test_x[1] - assert 1 == 2\nERROR tests/test_b.py\n1 failed\n",
      ["tests/test_a.py::test_x[1]", "tests/test_b.py"],
    ],
    ["unittest", "FAIL: test_x (tests.test_a.T)\n---\n", ["test_x (tests.test_a.T)"]],
    ["bun", "(pass) a > b\n(fail) a > c [0.12ms]\n", ["a > c"]],
    ["go", "--- FAIL: TestX (0.00s)\n    --- FAIL: TestX/sub (0.00s)\n", ["TestX", "TestX/sub"]],
    [
      "go, a package that does not compile",
      "FAIL\texample.com/m [build failed]\n",
      ["example.com/m [build failed]"],
    ],
    ["cargo", "test a::b ... FAILED\ntest a::c ... ok\n", ["a::b"]],
    [
      "cargo --quiet",
      "running 2 tests\n. 1/2\na::b --- FAILED\n\nfailures:\n\n---- a::b stdout ----\n\nthread 'a::b' (3994) panicked\n",
      ["a::b"],
    ],
    [
      "cargo doc tests",
      "test src/lib.rs - add (line 3) ... FAILED\n---- src/lib.rs - add (line 3) stdout ----\n",
      ["src/lib.rs - add (line 3)"],
    ],
    ["vitest", " FAIL  src/a.test.ts > suite > name\n", ["src/a.test.ts > suite > name"]],
    ["jest", "  ● suite › name\n\n    expect(1).toBe(2)\n", ["suite › name"]],
    ["node", "✖ name (1.2ms)\n", ["name"]],
    ["TAP", "ok 1 - a\nnot ok 2 - b\n", ["b"]],
    ["an unknown runner", "everything is broken\n", []],
  ])("failing tests in the output of %s", (_runner, output, wanted) => {
    expect(failingTests(output)).toEqual(wanted);
  });
});

test("A6 an exit for lack of tests differs from a failure", () => {
  expect(ranNoTests(5, "collected 0 items\n\n=== no tests ran in 0.01s ===\n")).toBe(true);
  expect(ranNoTests(5, "tests/test_a.py F\n1 failed")).toBe(false);
  expect(ranNoTests(1, "no tests ran in 0.01s")).toBe(false);
});

test.each<[string, string, boolean]>([
  ["uv run pytest -q", "...   [100%]\n3 passed in 0.02s\n", false],
  ["pytest", "===== 1 skipped in 0.02s =====\n", false],
  ["python -m pytest tests", "..", true],
  ["bun test test/a.test.ts", "(pass) a\n\n 1 pass\nRan 1 test across 1 file. [7.00ms]\n", false],
  ["bun test", "bun test v1.4\n\ntest/a.test.ts:\n(pass) a\n", true],
  ["cargo test", "running 1 test\ntest result: ok. 1 passed\n", false],
  ["cargo test", "running 1 test\ntest result: ok. 1 passed\nrunning 3 tests\n", true],
  ["sh all.sh", "", false],
])("A4 %p with output %p: ended early is %p", (command, output, early) => {
  expect(endedEarly(command, output)).toBe(early);
});

describe("number of tests that ran", () => {
  test.each([
    ["pytest without tests", "collected 0 items\n\n=== no tests ran in 0.01s ===\n"],
    ["pytest -q without tests", "\nno tests ran in 0.01s\n"],
    ["pytest that skips all", "=== 3 skipped in 0.01s ===\n"],
    ["pytest -q that deselects all", "7 deselected, 1 warning in 0.02s\n"],
    ["unittest without tests", "\nRan 0 tests in 0.000s\n\nOK\n"],
    ["unittest that skips all", "ss\nRan 2 tests in 0.000s\n\nOK (skipped=2)\n"],
    ["bun that skips all", "\n 0 pass\n 2 skip\n 0 fail\nRan 2 tests across 1 file. [8.00ms]\n"],
    ["node", "ℹ tests 0\nℹ pass 0\nℹ fail 0\n"],
    ["node as TAP", "# tests 2\n# pass 0\n# fail 0\n# skipped 2\n"],
    ["jest --passWithNoTests", "No tests found, exiting with code 0\n"],
    ["jest that skips all", "Tests:       3 skipped, 3 total\n"],
    ["vitest", "No test files found, exiting with code 0\n"],
    ["vitest that skips all", "      Tests  2 skipped (2)\n"],
    ["mocha", "\n  0 passing (1ms)\n  2 pending\n"],
    ["cargo", "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 3 ignored; 0 measured\n"],
    ["go", "?   \texample.com/m\t[no test files]\n"],
    ["go with a filter", "ok  \texample.com/m\t0.001s [no tests to run]\n"],
    ["TAP", "1..0\n"],
    ["TAP that skips all", "1..1\nok 1 - a # SKIP later\n"],
  ])("A27 none in the output of %s", (_runner, output) => {
    expect([ranZeroTests(output), ranTests(output)]).toEqual([true, false]);
  });

  test.each([
    ["pytest", "=== 1 passed, 3 skipped in 0.01s ===\n"],
    ["pytest -q that fails", "1 failed in 0.01s\n"],
    ["unittest", "Ran 2 tests in 0.000s\n\nOK (skipped=1)\n"],
    ["bun", " 1 pass\n 0 fail\nRan 1 test across 1 file. [8.00ms]\n"],
    ["node", "ℹ tests 1\nℹ pass 1\nℹ fail 0\n"],
    ["jest", "Tests:       1 failed, 3 skipped, 4 total\n"],
    ["vitest", "      Tests  2 passed | 1 skipped (3)\n"],
    ["mocha", "  3 passing (1ms)\n"],
    [
      "cargo, one of two binaries",
      "test result: ok. 0 passed; 0 failed; 0 ignored\ntest result: ok. 2 passed; 0 failed\n",
    ],
    ["go, one of two packages", "ok  \ta\t0.001s [no tests to run]\nok  \tb\t(cached)\n"],
    ["TAP", "1..2\nok 1 - a # SKIP\nok 2 - b\n"],
    ["two runners", "no tests ran in 0.01s\n 1 pass\n 0 fail\n"],
  ])("A27 some in the output of %s", (_runner, output) => {
    expect([ranZeroTests(output), ranTests(output)]).toEqual([false, true]);
  });

  test("A27 unknown in the output of an unknown runner", () => {
    expect([ranZeroTests("fine\n"), ranTests("fine\n")]).toEqual([false, false]);
  });
});
