import { describe, expect, test } from "bun:test";
import { endedEarly, failingTests, ranNoTests } from "./test-output.ts";

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
