import { describe, expect, test } from "bun:test";
import { judgeChangesIn, type TextChange } from "./judge-changes.ts";

function judged(changes: TextChange[], commands: string[] = [], prefix = ""): string[] {
  return judgeChangesIn(changes, { commands, prefix }).map(({ path, what }) => `${path}: ${what}`);
}

const one = (path: string, before: string | null, after: string | null): string[] =>
  judged([{ path, before, after }]);

describe("judge changes", () => {
  test.each([
    ...["conftest.py", "tests/unit/conftest.py", "pytest.ini", "tox.ini", "Makefile", "justfile"],
    ...[
      "jest.config.ts",
      "vitest.config.mts",
      "tsconfig.build.json",
      "ruff.toml",
      ".eslintrc.json",
    ],
    ...["eslint.config.js", "biome.json", "web/.mocharc.cjs", ".golangci.yml", "mypy.ini"],
  ])("A27 a change of %s is reported, whether added, changed or deleted", (path) => {
    const texts: [string | null, string | null][] = [
      ["", "a"],
      ["a", "b"],
      ["a", ""],
      [null, null],
    ];
    for (const [before, after] of texts) {
      expect(one(path, before, after)).toEqual([`${path}: configuration of tests or checkers`]);
    }
  });

  test.each([
    ["package.json", '{"scripts":{"test":"jest"}}', '{"scripts":{"test":"true"}}', "scripts"],
    ["a/package.json", '{"name":"a"}', '{"name":"a","jest":{"bail":1}}', "jest"],
    [
      "pyproject.toml",
      "[tool.pytest.ini_options]\na=1",
      "[tool.ruff]\nb=1",
      "tool.pytest, tool.ruff",
    ],
    ["setup.cfg", "[tool:pytest]\naddopts=-x", "[tool:pytest]\naddopts=-k no", "tool:pytest"],
    ["Cargo.toml", "[lints.rust]\na='deny'", "[lints.rust]\na='allow'", "lints"],
    ["package.json", "{}", "{", "unreadable configuration"],
    ["package.json", "{}", null, "unreadable configuration"],
  ])(
    "A27 a change of judging tables of %s from %p to %p is reported",
    (path, before, after, what) => {
      expect(one(path, before, after)).toEqual([`${path}: ${what}`]);
    },
  );

  test.each([
    ["package.json", '{"version":"1","scripts":{"a":"b"}}', '{"scripts":{"a":"b"},"version":"2"}'],
    ["pyproject.toml", "[project]\nversion='1'", "[project]\nversion='2'"],
    ["setup.cfg", "[metadata]\nname=a\n[flake8]\nx=1", "[metadata]\nname=b\n[flake8]\n# c\nx=1\n"],
    ["Cargo.toml", "[dependencies]\na='1'", "[dependencies]\na='2'"],
    ["src/makefile.ts", "a", "b"],
    ["src/a.py", "", "@pytest.mark.skip\n"],
    ["tests/test_a.py", "@pytest.mark.skip\ndef a(): 1", "@pytest.mark.skip\ndef a(): 2"],
    ["tests/test_a.py", "a", "a\n# pytest.mark.skip\n"],
    ["a.test.ts", "a", "a\n// it.skip('x')\n"],
    ["a.ts", "a", "await exit(1); split(x); benefit('a')"],
    ["A.java", "a", "@JsonIgnore int a;"],
  ])("A27 a change of %s from %p to %p is not reported", (path, before, after) => {
    expect(one(path, before, after)).toEqual([]);
  });

  test.each([
    ["test_a.py", "@pytest.mark.skip"],
    ["test_a.py", "@pytest.mark.xfail(reason='x')"],
    ["test_a.py", "pytestmark = pytest.mark.skipif(True)"],
    ["test_a.py", "@unittest.skip('x')"],
    ["test_a.py", "        self.skipTest('x')"],
    ["a.test.ts", "it.skip('x')"],
    ["a.test.ts", "test.concurrent.skip('x')"],
    ["a.test.ts", "xit('x')"],
    ["a.spec.js", "describe.only('x')"],
    ["a.test.mjs", "test('x', { skip: true })"],
    ["src/lib.rs", "#[ignore]"],
    ["src/lib.rs", '#[ignore = "slow"]'],
    ["a_test.go", "\tt.Skip()"],
    ["a_test.go", "//go:build never"],
    ["ATest.java", "@Disabled"],
    ["ATest.java", '@Ignore("x")'],
    ["ATests.swift", "throw XCTSkip()"],
  ])("A27 in an existing %s the added mark %p is reported", (path, mark) => {
    const [line, ...more] = one(path, "x\n", `x\n${mark}\n`);
    expect(more).toEqual([]);
    expect(line).toEndWith("` added");
    expect(line).toStartWith(`${path}: \``);
  });

  test("A27 a mark is reported when it replaces another, or is uncommented", () => {
    expect(one("a.test.ts", "it.skip(1)", "it.only(1)")).toEqual(["a.test.ts: `it.only` added"]);
    expect(one("a.test.ts", "// it.skip(1)", "it.skip(1)")).toEqual(["a.test.ts: `it.skip` added"]);
  });

  test("A27 a moved test is compared with its old text, and a deleted one is reported", () => {
    const moved = (after: string): TextChange[] => [
      { path: "a/test_x.py", before: "x\n", after: "" },
      { path: "b/test_x.py", before: "", after },
    ];
    expect(judged(moved("x\n"))).toEqual([]);
    expect(judged(moved("@skip\nx\n"))).toEqual(["b/test_x.py: `@skip` added"]);
    const deleted = ["a/test_x.py: a test file deleted"];
    expect(one("a/test_x.py", "x\n", "")).toEqual(deleted);
    const beside = { path: "a/test_y.py", before: "", after: "x\n" };
    expect(judged([{ path: "a/test_x.py", before: "x\n", after: "" }, beside])).toEqual(deleted);
  });

  test("A27 one more mark of a kind that the test has is reported, one fewer is not", () => {
    const [few, more] = ["it.skip(1)\n", "it.skip(1)\nit.skip(2)\n"];
    expect(one("a.test.ts", few, more)).toEqual(["a.test.ts: `it.skip` added"]);
    expect(one("a.test.ts", more, few)).toEqual([]);
  });

  test("A27 a file that a gate command names is reported, except a test", () => {
    const change = { path: "app/tools/check.py", before: "a", after: "b" };
    const what = "app/tools/check.py: a file that a gate command names";
    expect(judged([change], ["python ./tools/check.py {files}"], "app/")).toEqual([what]);
    expect(judged([change], ["python tools/check.py"], "")).toEqual([]);
    const spec = { path: "test_a.py", before: "a", after: "b" };
    expect(judged([spec], ["pytest test_a.py"])).toEqual([]);
  });
});
