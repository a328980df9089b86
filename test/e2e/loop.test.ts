/** Complete runs: the program under test, real git, a real worker, a scripted model. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

/** A model script in which each unit writes one file. */
function writesOwnFile(...keys: string[]): ModelScript {
  return {
    rules: keys.map((key) => ({
      unit: unit(key),
      turns: [
        call("write_file", { path: `${key}.txt`, content: `${key}\n` }),
        done(`wrote ${key}.txt`),
      ],
    })),
  };
}

describe("run", () => {
  test.concurrent("run lands every unit of a plan in dependency order", async () => {
    await using p = await testProject({
      tasks: { a: {}, b: {}, c: { depends_on: ["a", "b"] } },
      script: writesOwnFile("a", "b", "c"),
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({ schema: "dgov.run/1", status: "complete" });
    expect(run.exitCode).toBe(0);
    const landed = await p.landed();
    expect([...landed].sort()).toEqual([unit("a"), unit("b"), unit("c")]);
    expect(landed.at(-1)).toBe(unit("c"));
    expect(p.repo.read("c.txt")).toBe("c\n");
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  test.concurrent("E20 E21 a unit may claim the files of a landed one; a run repeats no warning of compile", async () => {
    const b = { files: { create: ["a.txt"], read: ["readme.txt"] } };
    const readme = { files: { edit: ["readme.txt"] } };
    await using p = await testProject({
      tasks: { a: {}, readme },
      script: writesOwnFile("a", "b", "readme"),
    });
    expect((await p.dgov(["run", "p", "--only", "a"])).exitCode).toBe(0);
    p.writePlan({ a: {}, b, readme });
    const compiled = await p.dgov(["compile", "p"]);
    expect([compiled.exitCode, compiled.stderr]).toEqual([
      0,
      expect.stringContaining("independent"),
    ]);
    // In a restart the landed unit runs again, so its claims count.
    const restart = await p.dgov(["run", "p", "--restart"]);
    expect([restart.exitCode, restart.stderr]).toEqual([3, expect.stringContaining("overlaps")]);
    const run = await p.dgov(["run", "p"]);
    expect(run.stderr).toContain("1 warning as when the plan was compiled: dgov compile p");
    expect(run.stderr).not.toContain("independent");
  });

  test.concurrent("B9 E9 a landed plan is archived, and running it again does nothing", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writesOwnFile("a") });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(existsSync(join(p.root, ".dgov/plans/archive/p"))).toBe(true);
    const head = await p.repo.git("rev-parse", "HEAD");
    const again = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ status: "complete" });
    expect(again.exitCode).toBe(0);
    expect(await p.repo.git("rev-parse", "HEAD")).toBe(head);
    expect(p.model.requests).toHaveLength(2);
  });
});
