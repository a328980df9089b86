/** Selection of the tests for a change, with a shell script as runner that fails for files with `FAIL:`. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestSettlement, testSettlement, verdict } from "./harness.ts";

/** Exits 4 for missing files, as pytest does, and prints the names of failing tests. */
const runner = `
[ $# -gt 0 ] || { echo "no arguments" >&2; exit 3; }
failed=0
for path; do
  [ -e "$path" ] || { echo "ERROR: file or directory not found: $path"; exit 4; }
  for file in $(find "$path" -type f); do
    if grep -q "F[A]IL:" "$file"; then echo "FAILED $file::test_it"; failed=1; fi
  done
done
exit $failed
`;

function project(
  files: Record<string, string>,
  more: Record<string, unknown> = {},
): Promise<TestSettlement> {
  return testSettlement({
    files: { "run.sh": runner, ...files },
    // The changes are about selection, and leave references behind.
    config: { semantic: { stale_reference: "off" } },
    project: {
      source_extensions: [".py", ".ts", ".go", ".rs", ".java"],
      test_dir: "tests/",
      test_cmd: "sh run.sh {files}",
      ...more,
    },
  });
}

const python = {
  "src/pkg/__init__.py": "",
  "src/pkg/low.py": "def f(): ...\n",
  "src/pkg/high.py": "from .low import f\n",
  "src/pkg/lone.py": "",
  "tests/test_low.py": "from pkg.low import f\n",
  "tests/test_high.py": "import pkg.high\n",
  "tests/test_other.py": "",
  "tests/helpers.py": "",
};

const typescript = {
  "src/low.ts": "export const a = 1;\n",
  "src/high.ts": 'export * from "./low.js";\n',
  "src/high.test.ts": 'import { a } from "./high.ts";\n',
  "src/other.test.ts": "",
};

const go = {
  "go.mod": "module example.com/app\n",
  "low/low.go": "package low\n",
  "low/low_test.go": "package low\n",
  "high/high.go": 'package high\nimport "example.com/app/low"\n',
  "high/high_test.go": "package high\n",
  "other/other_test.go": "package other\n",
};

const rust = {
  "Cargo.toml": '[package]\nname = "my-app"\n',
  "src/lib.rs": "pub mod low; pub mod high;\n",
  "src/low.rs": "pub fn f() {}\n",
  "src/high.rs": "use crate::low::f;\n",
  "tests/high.rs": "use my_app::high::g;\n",
  "tests/low.rs": "#[test] fn t() { my_app::low::f(); }\n",
  "tests/other.rs": "",
};

const java = {
  "src/main/java/com/acme/low/Low.java": "package com.acme.low;\n",
  "src/main/java/com/acme/high/High.java": "package com.acme.high;\nimport com.acme.low.Low;\n",
  "src/test/java/com/acme/high/HighTest.java": "package com.acme.high;\n",
  "src/test/java/com/acme/other/OtherTest.java": "package com.acme.other;\n",
};

describe("test selection", () => {
  test.each<[string, Record<string, string>, Record<string, string | null>, string]>([
    ["a module", python, { "src/pkg/low.py": "x" }, "tests/test_high.py tests/test_low.py"],
    ["a module that one test uses", python, { "src/pkg/high.py": "x" }, "tests/test_high.py"],
    ["a test", python, { "tests/test_other.py": "x" }, "tests/test_other.py"],
    [
      "a new test and a module",
      python,
      { "tests/test_new.py": "import pkg.lone", "src/pkg/lone.py": "x" },
      "tests/test_new.py",
    ],
    ["a package", python, { "src/pkg/__init__.py": "x" }, "tests/test_high.py tests/test_low.py"],
    [
      "documents beside a module",
      python,
      { "README.md": "x", "src/pkg/high.py": "x" },
      "tests/test_high.py",
    ],
    ["a deleted module", python, { "src/pkg/high.py": null }, "tests/test_high.py"],
    [
      "A7 a renamed test",
      python,
      { "tests/test_low.py": null, "tests/test_renamed.py": "x" },
      "tests/test_renamed.py",
    ],
    ["A6 a module that no test reaches", python, { "src/pkg/lone.py": "x" }, "tests"],
    ["A6 a helper that no test imports", python, { "tests/helpers.py": "x" }, "tests"],
    ["A6 a file without a grammar", python, { "src/pkg/high.py": "x", "data.csv": "x" }, "tests"],
    ["A6 documents alone", python, { "README.md": "x" }, "tests"],
    ["A7 a deleted test", python, { "tests/test_low.py": null }, "tests"],
    ["a module", typescript, { "src/low.ts": "x" }, "src/high.test.ts"],
    [
      "A6 a module that no test reaches",
      { ...typescript, "tests/x.py": "" },
      { "src/new.ts": "" },
      "tests",
    ],
    ["a package", go, { "low/low.go": "package low // x" }, "high/high_test.go low/low_test.go"],
    ["a package", go, { "high/high.go": "package high // x" }, "high/high_test.go"],
    ["a module", rust, { "src/low.rs": "// x" }, "tests/high.rs tests/low.rs"],
    ["a module that one test uses", rust, { "src/high.rs": "// x" }, "tests/high.rs"],
    [
      "a class of another package",
      java,
      { "src/main/java/com/acme/low/Low.java": "// x" },
      "src/test/java/com/acme/high/HighTest.java",
    ],
  ])("a change of %s selects its tests", async (_what, files, change, expected) => {
    await using c = await project(files);
    const result = await c.judge(change);
    const names = expected.split(" ").map((name) => `'${name}'`);
    expect(verdict(result, "tests")).toMatchObject({
      status: "passed",
      command: `sh run.sh ${names.join(" ")}`,
    });
  });

  test.each([
    ["sh run.sh {test_dir}", "sh run.sh 'tests/test_high.py'"],
    ["sh run.sh {file} # {test_dir}", "sh run.sh 'tests/test_high.py' # 'tests'"],
    ["sh run.sh tests", "sh run.sh tests"],
  ])("the command %s becomes %s", async (template, expected) => {
    await using c = await project(python, { test_cmd: template });
    const result = await c.judge({ "src/pkg/high.py": "x" });
    expect(verdict(result, "tests").command).toBe(expected);
  });

  test("placeholders of the task's own command are filled in", async () => {
    await using c = await project(python, { test_cmd: "true" });
    const result = await c.judge({ "src/pkg/high.py": "x" }, { testCmd: "sh run.sh {files}" });
    expect(verdict(result, "tests").command).toBe("sh run.sh 'tests/test_high.py' ; true");
  });

  test("a selected failing test rejects, one that is not selected does not", async () => {
    await using c = await project({ ...python, "tests/test_other.py": "FAIL:" });
    expect(verdict(await c.judge({ "src/pkg/high.py": "x" }), "tests").status).toBe("passed");
    const failed = await c.judge({ "src/pkg/high.py": "x", "tests/test_high.py": "FAIL:" });
    expect(verdict(failed, "tests")).toMatchObject({
      status: "failed",
      blame: "attempt",
      reason: "exit code 1: tests/test_high.py::test_it",
    });
  });

  test("a test that fails on the base blames the base, a new one the attempt", async () => {
    await using c = await project({ ...python, "tests/test_high.py": "import pkg.high # FAIL:" });
    expect(verdict(await c.judge({ "src/pkg/high.py": "x" }), "tests").blame).toBe("base");
    const added = { "src/pkg/lone.py": "x", "tests/test_new.py": "import pkg.lone # FAIL:" };
    expect(verdict(await c.judge(added), "tests").blame).toBe("attempt");
    const both = { "src/pkg/high.py": "x", "tests/test_new.py": "import pkg.high # FAIL:" };
    expect(verdict(await c.judge(both), "tests").blame).toBe("attempt");
  });

  test("A6 a selection without tests makes all tests run", async () => {
    const none = 'grep -rqs def "$@" || { echo "collected 0 items"; exit 5; }\n';
    await using c = await project({
      ...python,
      "run.sh": none + runner,
      "tests/test_def.py": "def",
    });
    const result = await c.judge({ "tests/test_high.py": "# emptied" });
    expect(verdict(result, "tests")).toMatchObject({
      status: "passed",
      command: "sh run.sh 'tests'",
    });
  });

  test("without a test folder, the project folder means all tests", async () => {
    await using c = await project(typescript);
    const result = await c.judge({ "src/lone.ts": "" });
    expect(verdict(result, "tests")).toMatchObject({ status: "passed", command: "sh run.sh '.'" });
  });

  test("imports of a blob are read once and cached for later settlements", async () => {
    await using c = await project(python);
    await c.judge({ "src/pkg/low.py": "x" });
    const file = join(c.git.repo.root, "cache", "imports.jsonl");
    expect(existsSync(file)).toBe(true);
    const size = statSync(file).size;
    await c.judge({ "src/pkg/low.py": "x" }, { context: c.reopen() });
    expect(statSync(file).size).toBe(size);
    await c.judge({ "src/pkg/low.py": "import y" }, { context: c.reopen() });
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(lines.at(-1)).toMatch(/^\["python:[0-9a-f]{40}",\[\["y","\*"\]\],"[0-9a-f]{64}"\]$/);
  });
});
