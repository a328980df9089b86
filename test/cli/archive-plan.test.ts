/** `dgov archive-plan`: moving plans to the archive. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { done } from "../../src/demo/script.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { testProject } from "../harness/project.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

const rootToml = (name: string): string => `[plan]\nname = "${name}"\nsections = ["tasks"]\n`;

function project(): Promise<TestRepo> {
  return testRepo({
    ".dgov/project.toml": "",
    ".dgov/plans/r1/_root.toml": rootToml("r1"),
    ".dgov/plans/r1/tasks/main.toml": "",
  });
}

function archive(repo: TestRepo, ...args: string[]): Promise<DgovRun> {
  return dgov(["archive-plan", ...args], { cwd: repo.path, env: repo.env });
}

describe("archive-plan", () => {
  test("archive-plan moves a plan to the archive and prints where, without creating a log", async () => {
    await using repo = await project();
    const run = await archive(repo, "r1", "--json");
    expect(JSON.parse(run.stdout)).toEqual({
      schema: "dgov.archive-plan/1",
      name: "r1",
      archived_as: "r1",
      from: ".dgov/plans/r1",
      to: ".dgov/plans/archive/r1",
    });
    expect(run.exitCode).toBe(0);
    expect(existsSync(join(repo.path, ".dgov/plans/r1"))).toBe(false);
    expect(existsSync(join(repo.path, ".dgov/plans/archive/r1/tasks/main.toml"))).toBe(true);
    expect(existsSync(join(repo.path, ".dgov/state.db"))).toBe(false);
  });

  test("B12 archive-plan puts a second plan of the same name beside the first one", async () => {
    await using repo = await project();
    await archive(repo, "r1");
    repo.write(".dgov/plans/r1/_root.toml", rootToml("r1"));
    const again = await archive(repo, "r1");
    expect(again.stdout).toBe("archived r1 as .dgov/plans/archive/r1-2\n");
    expect(existsSync(join(repo.path, ".dgov/plans/archive/r1/r1"))).toBe(false);
    expect(existsSync(join(repo.path, ".dgov/plans/archive/r1/tasks/main.toml"))).toBe(true);
  });

  test.each([
    ["nope", 1, "no plan nope"],
    ["archive", 1, "no plan archive"],
    ["../../outside", 2, "is outside the project"],
    ["docs/plan", 1, "is not a plan of this project"],
  ])("C10 archive-plan rejects %s", async (name, exitCode, message) => {
    await using repo = await project();
    repo.write("docs/plan/_root.toml", rootToml("plan"));
    mkdirSync(join(repo.root, "outside"));
    await Bun.write(join(repo.root, "outside/_root.toml"), rootToml("outside"));
    const run = await archive(repo, name === "../../outside" ? "../outside" : name);
    expect({ exitCode: run.exitCode, says: run.stderr.includes(message) }).toEqual({
      exitCode,
      says: true,
    });
    expect(existsSync(join(repo.root, "outside/_root.toml"))).toBe(true);
    expect(existsSync(join(repo.path, "docs/plan/_root.toml"))).toBe(true);
  });

  test("archive-plan rejects a plan that is archived already", async () => {
    await using repo = await project();
    await archive(repo, "r1");
    const again = await archive(repo, "r1");
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain("plan r1 is already archived");
  });

  test("C10 archive-plan moves nothing into an archive that is a link out of the project", async () => {
    await using repo = await project();
    mkdirSync(join(repo.root, "elsewhere"));
    symlinkSync(join(repo.root, "elsewhere"), join(repo.path, ".dgov/plans/archive"));
    const run = await archive(repo, "r1");
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("leads out of the project");
    expect(existsSync(join(repo.path, ".dgov/plans/r1/_root.toml"))).toBe(true);
  });

  test("the last run of a plan archived with archive-plan can still be reviewed", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      plan: { max_retries: 0 },
      script: { rules: [{ turns: [done("nothing", { status: "blocked" })] }] },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect((await p.dgov(["archive-plan", "p"])).exitCode).toBe(0);
    const review = await p.dgov(["plan", "review", "p"]);
    expect(review.stderr).toContain("p is archived");
    expect(review.stdout).toContain("tasks/main.a");
    const [row] = JSON.parse((await p.dgov(["plan", "list", "--archived", "--json"])).stdout).plans;
    expect(row).toMatchObject({ name: "p", archived: true, status: "failed" });
  });
});
