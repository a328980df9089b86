/** B22: the branch that a run lands on is the one that the operator named, and no other is changed. */
import { describe, expect, test } from "bun:test";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

function writes(...units: string[]): ModelScript {
  return {
    rules: units.map((key) => ({
      unit: unit(key),
      turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
    })),
  };
}

describe("the target of a run", () => {
  test.concurrent("B22 [run] target is the branch of a run without --target, and is created when missing", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      config: { run: { target: "work", protected: ["main"] } },
      script: writes("a"),
    });
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed("work"), await p.landed()]).toEqual([0, [unit("a")], []]);
  });

  test.concurrent("B22 --target has precedence over [run] target, and must be a possible name", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      config: { run: { target: "work" } },
      script: writes("a"),
    });
    const bad = await p.dgov(["run", "p", "--target", "no such name"]);
    expect([bad.exitCode, bad.stderr]).toEqual([
      4,
      expect.stringContaining("no such name cannot be the name of a branch"),
    ]);
    expect((await p.dgov(["run", "p", "--target", "other"])).exitCode).toBe(0);
    expect(await p.landed("other")).toEqual([unit("a")]);
    expect(await p.repo.git("branch", "--format=%(refname:short)")).toBe("main\nother");
  });
});
