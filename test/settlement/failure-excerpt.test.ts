/** Excerpts of captured outputs of test runners: the failure is in them, wherever it stands in the output. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { failureExcerpt } from "../../src/std/failure-excerpt.ts";

const folder = join(import.meta.dir, "..", "fixtures", "test-output");
const captured = (name: string): string => readFileSync(join(folder, `${name}.txt`), "utf8");

const warnings = "warning: unused variable: `x`\n --> src/a.rs:1:1\n  |\n\n".repeat(2000);
const logs = "Error: connection refused, trying again\n  at retry (src/net.js:3:1)\n".repeat(2000);
const report = `${"src/file.js |   81.2 |   70.1 |   90.0 | 12-14\n".repeat(1500)}exit status 1\n`;

/** Each runner with the lines that state its failures, those of the first failure first. */
const runners: [output: string, first: string[], others: string[]][] = [
  [
    "cargo",
    ["---- tests::parses stdout ----", "panicked at src/lib.rs:13:34", "a number: ParseIntError"],
    ["panicked at src/lib.rs:9:9", "failed: two and two", "  left: 0", " right: 4"],
  ],
  ["cargo-compile", ["error[E0425]: cannot find value `c`", " --> src/lib.rs:1:41"], []],
  [
    "go",
    ["--- FAIL: TestAdd", "shop_test.go:7: Add(2, 2) = 0, want 4"],
    ["--- FAIL: TestTable/zero", "shop_test.go:15: got -1, want 1"],
  ],
  [
    "go-v",
    ["shop_test.go:7: Add(2, 2) = 0, want 4", "--- FAIL: TestAdd"],
    ["shop_test.go:15: got -1, want 1"],
  ],
  ["go-panic", ["--- FAIL: TestBoom", "panic: assignment to entry in nil map"], ["p_test.go:7"]],
  [
    "pytest",
    ["___ test_add ___", "E       AssertionError: two and two", "E       assert 0 == 4"],
    ['>       int("x")', "E       ValueError: invalid literal", "E       KeyError: 'missing'"],
  ],
  [
    "pytest-short",
    ["___ test_add ___", "E   assert 0 == 4"],
    ["E   KeyError: 'missing'", "E   AssertionError: 0 != 2"],
  ],
  [
    "unittest",
    ["ERROR: test_error (tests.test_a.T.test_error)", "KeyError: 'missing'"],
    ["FAIL: test_sum", "AssertionError: 0 != 2"],
  ],
  [
    "bun",
    ["error: expect(received).toBe(expected)", "Expected: 4", "Received: 0", "(fail) sums > adds"],
    ["TypeError: no such thing", "(fail) sums > throws"],
  ],
  [
    "node-tap",
    ["not ok 1 - adds", "Expected values to be strictly equal", "expected: 4", "actual: 0"],
    ["not ok 3 - throws", "Cannot read properties of null"],
  ],
  [
    "vitest",
    ["sums > adds", "expected +0 to be 4"],
    ["a.test.js:4:42", "FAIL  a.test.js > sums > same", "to deeply equal"],
  ],
  [
    "jest",
    ["● sums › adds", "Expected: 4", "Received: 0"],
    ["● sums › throws", "TypeError: Cannot read properties of null", "Expected value: 2"],
  ],
  [
    "mocha",
    ["1) sums", "AssertionError [ERR_ASSERTION]: Expected values", "0 !== 4"],
    ["2) sums", "TypeError: Cannot read properties of null"],
  ],
  [
    "maven",
    ["ShopTest.adds -- Time elapsed", "AssertionFailedError: expected: <4> but was: <0>"],
    ["java.lang.IllegalStateException: no such thing", "ShopTest.java:5"],
  ],
];

const bytes = 8192;

describe.each(runners)("E19 an excerpt of the output of %s", (name, first, others) => {
  const output = captured(name);

  test("is all of an output that fits", () => {
    expect(failureExcerpt(output, { bytes })).toBe(output);
  });

  test.each([
    ["warnings below it", output + warnings],
    ["warnings above it", warnings + output],
    ["a coverage table below it", output + report],
    ["warnings on both sides of it", warnings + output + warnings],
  ])("has every failure with %s", (_, long) => {
    const found = failureExcerpt(long, { bytes });
    expect(Buffer.byteLength(found)).toBeLessThanOrEqual(bytes);
    for (const line of [...first, ...others]) expect(found).toContain(line);
  });

  test("has the first failure and the end of the output in twelve lines", () => {
    const stored = failureExcerpt(output + report, { bytes });
    const found = failureExcerpt(stored, { bytes: 4096, lines: 12 });
    expect(found.split("\n").length).toBeLessThanOrEqual(12);
    for (const line of [...first, "exit status 1"]) expect(found).toContain(line);
  });

  test("has the first failure in the size of an annotation", () => {
    const found = failureExcerpt(output + warnings, { bytes: 1000 });
    expect(Buffer.byteLength(found)).toBeLessThanOrEqual(1000);
    for (const line of first) expect(found).toContain(line);
  });

  test("is the same when lines end in CRLF and have colours", () => {
    const coloured = output.replaceAll(/^(.+)$/gm, "\u001b[31m$1\u001b[0m\r");
    const found = Bun.stripANSI(failureExcerpt(coloured + warnings, { bytes: 2 * bytes }));
    for (const line of [...first, ...others]) expect(found).toContain(line);
  });
});

test("E19 what a failed test printed does not hide its panic or assertion", () => {
  const cargo = captured("cargo").replace("case 0\n", `case 0\n${logs}`);
  expect(failureExcerpt(cargo, { bytes })).toContain(
    "assertion `left == right` failed: two and two",
  );
  const pytest = captured("pytest").replace("noise from the test\n", `noise\n${logs}`);
  expect(failureExcerpt(pytest, { bytes })).toContain("E       assert 0 == 4");
  expect(failureExcerpt(pytest, { bytes })).toContain("E       KeyError: 'missing'");
  const go = captured("go").replace(
    "a note\n",
    `a note\n${"        shop_test.go:13: log\n".repeat(3000)}`,
  );
  expect(failureExcerpt(go, { bytes })).toContain("shop_test.go:15: got -1, want 1");
  const bun = captured("bun").replace("a.test.ts:\n", `a.test.ts:\n${logs}`);
  expect(failureExcerpt(bun, { bytes })).toContain("Received: 0");
});

test.each([
  [
    "RSpec",
    "  1) Cart adds up\n     Failure/Error: expect(cart.total).to eq 4\n\n       expected: 4\n            got: 0\n",
    ["Cart adds up", "expected: 4", "got: 0"],
  ],
  [
    "PHPUnit",
    "There was 1 failure:\n\n1) CartTest::testTotal\nFailed asserting that 0 matches expected 4.\n\nCartTest.php:9\n",
    ["1) CartTest::testTotal", "Failed asserting that 0 matches expected 4."],
  ],
  [
    "Gradle",
    "CartTest > totals FAILED\n    org.opentest4j.AssertionFailedError: expected: <4> but was: <0>\n        at CartTest.java:9\n",
    ["CartTest > totals FAILED", "expected: <4> but was: <0>"],
  ],
  [
    "GoogleTest",
    "cart_test.cc:9: Failure\nExpected equality of these values:\n  total\n    Which is: 0\n  4\n[  FAILED  ] Cart.Totals\n",
    ["cart_test.cc:9: Failure", "Which is: 0"],
  ],
  ["a compiler", "src/cart.ts(3,7): error TS2304: Cannot find name 'x'.\n", ["error TS2304"]],
  [
    "a script",
    "Traceback (most recent call last):\n  File \"run.py\", line 1\nKeyError: 'total'\n",
    ["Traceback", "KeyError: 'total'"],
  ],
])("E19 an excerpt of %s has the failure", (_, output, wanted) => {
  const found = failureExcerpt(`${warnings}${output}\n${report}`, { bytes: 2000 });
  for (const line of wanted) expect(found).toContain(line);
});

describe("E19 an excerpt", () => {
  test("of many failures has the first ones whole, and the end", () => {
    const one = (n: number) => `--- FAIL: Test${n} (0.00s)\n    a_test.go:${n}: got 0, want ${n}\n`;
    const output = `${Array.from({ length: 2000 }, (_, n) => one(n)).join("")}FAIL\nFAIL\tshop\t0.1s\n`;
    const found = failureExcerpt(output, { bytes: 2000 });
    expect(found).toContain("a_test.go:0: got 0, want 0");
    expect(found).toContain("a_test.go:5: got 0, want 5");
    expect(found).toEndWith("FAIL\tshop\t0.1s");
  });

  test("without a known failure is the end of the output", () => {
    const output = `${"line\n".repeat(5000)}the last line\n`;
    const found = failureExcerpt(output, { bytes: 1000 });
    expect(found).toStartWith("[...]\n");
    expect(found).toEndWith("the last line\n");
    expect(Buffer.byteLength(found)).toBeLessThanOrEqual(1000);
    expect(failureExcerpt(output, { bytes, lines: 3 })).toBe("[...]\nline\nthe last line");
  });

  test("cuts lines that are too long", () => {
    const found = failureExcerpt(`--- FAIL: TestX\n    a_test.go:1: ${"é".repeat(9000)}\nFAIL\n`, {
      bytes: 1000,
    });
    expect(Buffer.byteLength(found)).toBeLessThanOrEqual(1000);
    expect(found).toContain("a_test.go:1: é");
  });
});
