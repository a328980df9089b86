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
