/** Changes of what judges a change: tests that no longer run, and configuration of checkers. */

import { describe, expect, test } from "bun:test";
import { testSettlement, verdict } from "./harness.ts";

describe("a test run that passes without tests", () => {
  const command =
    "n=$(ls tests/*.txt 2>/dev/null | wc -l); test $n = 0 && echo 'No tests found, exiting with code 0' || echo \"Tests:  $n passed, $n total\"";

  test("A27 fails where the base ran some", async () => {
    await using c = await testSettlement({
      files: { "tests/t.txt": "t\n" },
      project: { test_cmd: command },
    });
    expect(verdict(await c.judge({ "tests/t.txt": null }), "tests")).toMatchObject({
      status: "failed",
      blame: "attempt",
      reason: "exit code 0, but no tests ran; the base has some",
    });
    expect(verdict(await c.judge({ "a.txt": "a\n" }), "tests").status).toBe("passed");
  });

  test("A27 passes where the base has none, too", async () => {
    await using c = await testSettlement({ project: { test_cmd: command } });
    expect(verdict(await c.judge({ "a.txt": "a\n" }), "tests").status).toBe("passed");
  });
});

describe("a reviewed change of what judges it", () => {
  const files = { "test_a.py": "def test_a(): pass\n", "pytest.ini": "[pytest]\n" };
  const change = { "test_a.py": "@pytest.mark.skip\ndef test_a(): pass\n", "pytest.ini": "[x]\n" };
  const judgeChanged = [
    { path: "pytest.ini", what: "configuration of tests or checkers" },
    { path: "test_a.py", what: "`mark.skip` added" },
  ];

  test("A27 is committed and named by default", async () => {
    await using c = await testSettlement({ files });
    const outcome = await c.review(change, { edit: Object.keys(files) });
    expect(outcome).toMatchObject({ passed: true, judgeChanged });
  });

  test("A27 is rejected with its paths when judge_changes is fail", async () => {
    await using c = await testSettlement({ files, config: { merge: { judge_changes: "fail" } } });
    const outcome = await c.review(change, { edit: Object.keys(files) });
    expect(outcome).toMatchObject({
      passed: false,
      verdict: "judge_changed",
      retriable: true,
      judgeChanged,
      reason: 'it changes what judges it: pytest.ini, test_a.py ([merge] judge_changes = "fail")',
    });
  });

  test("A27 is not found in a change of other files", async () => {
    await using c = await testSettlement({ files: { ...files, "a.py": "a\n" } });
    const outcome = await c.review({ "a.py": "b\n" }, { edit: ["a.py"] });
    expect(outcome).toMatchObject({ passed: true, judgeChanged: [] });
  });
});
