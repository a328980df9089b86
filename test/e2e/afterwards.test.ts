/** Views of a plan whose last units landed through `dgov take` and `dgov land`. */
import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

/** A plan of two units, of which one landed in its run and the other, once rejected, by `dgov land`. */
async function landedByHand(target: string): Promise<TestProject> {
  const p = await testProject({
    tasks: { a: {}, b: {} },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), turns: [call("run_bash", { command: "echo x >z.txt" }), done("ok")] },
        {
          unit: unit("b"),
          turns: [call("write_file", { path: "b.txt", content: "b\n" }), done("ok")],
        },
      ],
    },
  });
  expect((await p.dgov(["run", "p", "--target", target])).exitCode).toBe(1);
  const { path } = JSON.parse((await p.dgov(["take", "a", "--json"])).stdout);
  rmSync(join(path, "z.txt"));
  writeFileSync(join(path, "a.txt"), "a\n");
  expect((await p.dgov(["land", "a"])).exitCode).toBe(0);
  expect((await p.landed(target)).sort()).toEqual([unit("a"), unit("b")]);
  return p;
}

async function json(p: TestProject, ...args: string[]) {
  const { exitCode, stdout } = await p.dgov([...args, "--json"]);
  return { exitCode, ...JSON.parse(stdout) };
}

/** Archives the plan, as a run does that finds every unit landed. */
async function archive(p: TestProject, target: string): Promise<void> {
  const run = await p.dgov(["run", "p", "--target", target]);
  expect([run.exitCode, run.stdout]).toEqual([0, "p: every unit has landed; nothing to do\n"]);
}

describe("a plan that dgov land completed", () => {
  test.concurrent("E10 a run with nothing to do archives it, and every view finds its last run", async () => {
    await using p = await landedByHand("main");
    const before = await json(p, "plan", "status", "p");
    await archive(p, "main");
    const status = await json(p, "plan", "status", "p");
    expect(status).toMatchObject({ landed: 2, total: 2, status: "landed", run: before.run });
    expect(before.run).toBeString();
    expect(await json(p, "plan", "review", "p")).toMatchObject({
      exitCode: 0,
      run: before.run,
      units: [
        { unit: unit("a"), phase: "landed" },
        { unit: unit("b"), phase: "landed" },
      ],
    });
    const { plans } = await json(p, "plan", "list", "--archived");
    expect(plans).toMatchObject([{ landed: 2, status: "landed", last_run: before.run }]);
    // Another one changes nothing.
    const events = p.events().length;
    await archive(p, "main");
    expect(p.events().length).toBe(events);
  });

  test.concurrent("E10 B22 on a target that is not checked out it counts as landed, before and after its archiving", async () => {
    await using p = await landedByHand("work");
    const expected = { landed: 2, total: 2, status: "landed" };
    for (const _ of ["live", "archived on work", "archived before"]) {
      const { plans } = await json(p, "plan", "list");
      expect(plans).toMatchObject([{ name: "p", archived: false, ...expected }]);
      expect(await json(p, "plan", "status", "p")).toMatchObject({ target: "work", ...expected });
      await archive(p, "work");
    }
    expect(p.events().filter(({ type }) => type === "plan.archived")).toMatchObject([
      { data: { on: "work" } },
    ]);
    await p.repo.git("checkout", "-q", "work");
    expect(await json(p, "plan", "review", "p")).toMatchObject({ exitCode: 0, target: "work" });
    expect(await json(p, "plan", "status", "p")).toMatchObject(expected);
  });

  test.concurrent("E10 a plan whose run crashed after it had archived it is found once it runs again", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [{ turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")] }],
      },
    });
    await p.dgov(["run", "p"], { DGOV_FAULT: "finish.archived", DGOV_ALLOW_FAULTS: "1" });
    await archive(p, "main");
    const run = p.events().find(({ type }) => type === "run.started")?.run;
    expect(await json(p, "plan", "review", "p")).toMatchObject({ exitCode: 0, run });
  });
});
