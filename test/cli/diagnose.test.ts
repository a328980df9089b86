/** `dgov diagnose` on real runs. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { dgov } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

const scratch = { command: "echo x > other.txt" };

test("diagnose reports a scope violation with its evidence until the unit has landed", async () => {
  await using p = await testProject({
    plan: { max_retries: 0 },
    tasks: { a: {} },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            call("run_bash", scratch),
            call("write_file", { path: "a.txt", content: "a\n" }),
            done("ok"),
          ],
        },
      ],
    },
    config: { tool_policy: { restrict_run_bash: false } },
  });
  expect((await p.dgov(["diagnose"])).stdout).toBe("no known failures found\n");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  const run = await p.dgov(["diagnose", "--json"]);
  expect(run.exitCode).toBe(1);
  const { schema, findings } = JSON.parse(run.stdout);
  const proof = p.events().find(({ type }) => type === "attempt.rejected");
  expect([schema, findings]).toEqual([
    "dgov.diagnose/1",
    [
      {
        name: "scope_violation",
        intent_class: "plan_repair",
        run: proof?.run,
        plan: "p",
        unit: unit("a"),
        attempt: 1,
        evidence: [{ seq: proof?.seq, at: proof?.ts, text: expect.stringContaining("other.txt") }],
        first: expect.stringContaining("claims"),
        next_action: "dgov run p --continue",
        do_not: expect.any(String),
      },
    ],
  ]);
  const text = await p.dgov(["diagnose", "--plan", "p"]);
  expect([text.exitCode, text.stdout]).toEqual([1, expect.stringContaining("1 finding")]);
  p.writePlan({ a: { files: { create: ["a.txt", "other.txt"] } } });
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  const resolved = await p.dgov(["diagnose"]);
  expect([resolved.exitCode, resolved.stdout]).toEqual([0, "no known failures found\n"]);
});

test("E9 diagnose reports wrongly ignored paths and leaves no trace", async () => {
  await using repo = await testRepo({
    ".dgov/project.toml": "",
    ".dgov/.gitignore": "state.db*\nruntime/\n",
    ".gitignore": "archive/\n*.jsonl\n",
  });
  const run = await dgov(["diagnose"], { cwd: repo.path, env: repo.env });
  expect(run.exitCode).toBe(1);
  const found = run.stdout.split("\n").filter((line) => /^\w+$/.test(line));
  expect(found).toEqual([
    "archive_policy_drift",
    "history_ignored",
    "history_ignored",
    "state_not_ignored",
  ]);
  expect(run.stdout).toContain("next:   git check-ignore -v .dgov/ledger.jsonl");
  expect(run.stdout).toContain("not ignored by git: .dgov/out/x\n");
  expect(existsSync(join(repo.path, ".dgov/state.db"))).toBe(false);
});

test("diagnose rejects an unknown plan and a folder without a project", async () => {
  await using repo = await testRepo({ ".dgov/project.toml": "", "x/y": "" });
  const unknown = await dgov(["diagnose", "--plan", "zzz"], { cwd: repo.path, env: repo.env });
  expect([unknown.exitCode, unknown.stdout]).toEqual([1, ""]);
  await using other = await testRepo({ x: "" });
  const run = await dgov(["diagnose", "--json"], { cwd: other.path, env: other.env });
  expect(JSON.parse(run.stdout)).toMatchObject({ code: "NOT_INITIALISED", exit_code: 4 });
});
