/** The demo as a newcomer runs it: in the sandbox of this machine, its tests by the program under test. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dgov } from "../harness/bin.ts";

test("the demo ends as it says, wherever the program is installed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dgov-demo-test-"));
  try {
    const { exitCode, stdout, stderr } = await dgov(["demo", join(folder, "sample"), "--json"]);
    expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ as_expected: true, run_exit_code: 1 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
