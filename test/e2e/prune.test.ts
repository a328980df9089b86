/** `dgov prune`: old telemetry is removed, lifecycle events and unlanded work are kept. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { dgov } from "../harness/bin.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

/** A project whose unit `a` writes a file; its tests pass only when `open.txt` exists. */
function project(): Promise<TestProject> {
  return testProject({
    files: { "check.sh": "#!/bin/sh\n[ ! -e a.txt ] || [ -e open.txt ]\n" },
    tasks: { a: {} },
    plan: { max_retries: 0 },
    config: { project: { test_cmd: "sh check.sh" } },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            ({ messages }) => {
              const again = JSON.stringify(messages).includes("Do a again");
              return call("write_file", { path: "a.txt", content: again ? "more\n" : "a\n" });
            },
            done("ok"),
          ],
        },
      ],
    },
  });
}

async function prune(p: TestProject, ...args: string[]): Promise<Record<string, unknown>> {
  const run = await p.dgov(["prune", "--json", ...args]);
  return { ...JSON.parse(run.stdout), exitCode: run.exitCode };
}

async function keepRefs(p: TestProject): Promise<number> {
  return (await p.repo.git("for-each-ref", "refs/dgov/keep")).split("\n").filter(Boolean).length;
}

describe("prune", () => {
  test("B1 P2 prune removes telemetry, keeps lifecycle events, and removes kept work only after its unit landed", async () => {
    await using p = await project();
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    const lifecycle = p.events().length;
    const telemetry = p.telemetry().length;
    expect(await keepRefs(p)).toBe(1);

    expect(await prune(p)).toMatchObject({ days: 30, runs: [], files: 0, exitCode: 0 });
    const dry = await prune(p, "--days", "0", "--kept", "--dry-run");
    expect(dry).toMatchObject({
      schema: "dgov.prune/1",
      dry_run: true,
      runs: [{ plan: "p", events: telemetry, kept_refs: [] }],
    });
    expect(p.telemetry().length).toBe(telemetry);

    const pruned = await prune(p, "--days", "0", "--kept");
    expect(pruned).toEqual({ ...dry, dry_run: false });
    expect(pruned["files"]).toBeGreaterThan(0);
    expect(p.telemetry()).toEqual([]);
    expect(p.events().length).toBe(lifecycle + 1);
    expect(p.events().at(-1)).toMatchObject({ type: "run.pruned", data: { kept_refs: [] } });
    expect(await keepRefs(p)).toBe(1);
    expect((await p.dgov(["plan", "review", "p"])).stdout).toContain("tests");
    expect(await prune(p, "--days", "0", "--kept")).toMatchObject({ runs: [], files: 0 });

    p.repo.write("open.txt", "");
    await p.repo.git("add", "open.txt");
    await p.repo.git("commit", "-q", "-m", "open");
    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
    expect(await keepRefs(p)).toBeGreaterThan(0);
    expect((await p.dgov(["prune", "--days", "0"])).stdout).not.toContain("kept attempt");
    const kept = await keepRefs(p);
    expect((await p.dgov(["prune", "--days", "0", "--kept"])).stdout).toContain("1 kept attempt");
    expect(kept).toBeGreaterThan(0);
    expect(await keepRefs(p)).toBe(0);
  });

  test("B1 prune --kept leaves kept work that is younger than the landing of its unit", async () => {
    await using p = await project();
    p.repo.write("open.txt", "");
    await p.repo.git("add", "open.txt");
    await p.repo.git("commit", "-q", "-m", "open");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const first = p.events()[0]?.run ?? "";
    await p.repo.git("rm", "-q", "open.txt");
    await p.repo.git("mv", ".dgov/plans/archive/p", ".dgov/plans/p");
    p.writePlan({ a: { summary: "Do a again", files: { edit: ["a.txt"] } } });
    await p.repo.git("commit", "-qam", "the unit changed");
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    const kept = async (): Promise<string[]> =>
      (await p.repo.git("for-each-ref", "--format=%(refname)", "refs/dgov/keep")).split("\n");
    const [before, second] = [await kept(), p.events().at(-1)?.run ?? ""];
    expect(before.map((ref) => ref.split("/")[3])).toEqual([first, second]);
    const pruned = await prune(p, "--days", "0", "--kept");
    expect(pruned).toMatchObject({
      runs: [{ run: first, kept_refs: [before[0]] }, { run: second }],
    });
    expect(await kept()).toEqual([before[1] ?? ""]);
  });

  test("E9 prune without a run removes and creates nothing", async () => {
    await using repo = await testRepo({ ".dgov/project.toml": "" });
    const run = await dgov(["prune"], { cwd: repo.path, env: repo.env });
    expect({ code: run.exitCode, text: run.stdout }).toEqual({
      code: 0,
      text: "nothing to remove\n",
    });
    expect(existsSync(join(repo.path, ".dgov/state.db"))).toBe(false);
    expect(existsSync(join(repo.path, ".git/dgov"))).toBe(false);
  });

  test.each(["-1", "x", "1.5", "99999"])("prune --days %s is a usage error", async (days) => {
    await using repo = await testRepo({ ".dgov/project.toml": "" });
    const run = await dgov(["prune", `--days=${days}`], { cwd: repo.path, env: repo.env });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain("--days takes a whole number 0 to 36500");
  });
});
