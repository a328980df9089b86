/** `dgov tools audit` on a recorded log. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEventLog } from "../../src/log/event-log.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { RunLog } from "../harness/run-log.ts";

const root = mkdtempSync(join(tmpdir(), "dgov-tools-"));
const project = join(root, "project");
const empty = join(root, "empty");
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(() => {
  for (const dir of [project, empty]) {
    mkdirSync(join(dir, ".dgov"), { recursive: true });
    writeFileSync(join(dir, ".dgov/project.toml"), "");
  }
  using log = openEventLog(project);
  for (const plan of ["alpha", "beta"]) {
    const units = [{ unit: "t/m.a" }, { unit: "t/m.r", role: "reviewer" }];
    log.append(new RunLog({ run: `run-${plan}`, plan, units }).finished("complete").news);
    const result = (unit: string, tool: string, error_kind: string | null, duration_ms: number) =>
      log.note({
        run: `run-${plan}`,
        plan,
        unit,
        attempt: 1,
        type: "result",
        data: {
          tool,
          ok: error_kind === null,
          error_kind,
          clipped: false,
          raw_bytes: 2048,
          duration_ms,
        },
      });
    result("t/m.a", "read_file", null, 10);
    result("t/m.a", "read_file", null, 30);
    result("t/m.a", "write_file", "not_permitted", 1);
    result("t/m.r", "grep", null, 5);
  }
});

function audit(dir: string, ...args: string[]): Promise<DgovRun> {
  return dgov(["-C", dir, "tools", "audit", ...args]);
}

describe("tools audit", () => {
  test("tools audit lists every tool, most called first", async () => {
    const run = await audit(project);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toBe(
      `8 calls of 3 tools: 2 failed, 2 of them refused; 0 results clipped, 16.0 KiB

  tool        calls  failed   refused  mean   max    bytes    roles     top error
  read_file   4      0.0 %    0        20 ms  30 ms  8.0 KiB  worker
  grep        2      0.0 %    0        5 ms   5 ms   4.0 KiB  reviewer
  write_file  2      100.0 %  2        1 ms   1 ms   4.0 KiB  worker    not_permitted (2)
`,
    );
  });

  test("tools audit filters by plan, role and limit; the document holds all statistics", async () => {
    const run = await audit(
      project,
      "--plan",
      "alpha",
      "--role",
      "worker",
      "--limit",
      "1",
      "--json",
    );
    expect(JSON.parse(run.stdout)).toEqual({
      schema: "dgov.tools-audit/1",
      plan: "alpha",
      role: "worker",
      total: { calls: 3, failures: 1, refusals: 1, clipped: 0, bytes: 6144 },
      tool_count: 2,
      tools: [
        {
          tool: "read_file",
          calls: 2,
          failures: 0,
          refusals: 0,
          clipped: 0,
          bytes: 4096,
          failure_rate: 0,
          mean_ms: 20,
          max_ms: 30,
          mean_bytes: 2048,
          roles: ["worker"],
          errors: [],
        },
      ],
    });
  });

  test.each([
    [["--plan", "zzz"], 1, "no plan zzz"],
    [["--role", "cook"], 2, "cook"],
    [["--limit", "0"], 2, "--limit takes a whole number"],
  ])("tools audit rejects %p", async (args, exitCode, message) => {
    const run = await audit(project, ...args);
    expect([run.exitCode, run.stderr.includes(message)]).toEqual([exitCode, true]);
  });

  test("E9 tools audit without a run reports no calls and creates no log", async () => {
    const run = await audit(empty);
    expect([run.exitCode, run.stdout]).toEqual([0, "no tool calls\n"]);
    expect(existsSync(join(empty, ".dgov/state.db"))).toBe(false);
  });
});
