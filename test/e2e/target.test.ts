/** B22: the branch that a run lands on is the one that the operator named, and no other is changed. */
import { describe, expect, test } from "bun:test";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { checkoutState } from "../harness/checkout-state.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { dgovOnTerminal, terminalProgram } from "../harness/terminal.ts";

function writes(...units: string[]): ModelScript {
  return {
    rules: units.map((key) => ({
      unit: unit(key),
      turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
    })),
  };
}

/** A plan that ran on `work` and left unit `b`; `main` is checked out then. */
async function ranOnWork(): Promise<TestProject> {
  const p = await testProject({
    tasks: { a: {}, b: {} },
    plan: { max_retries: 0 },
    script: {
      rules: [
        ...(writes("a").rules ?? []),
        {
          unit: unit("b"),
          turns: [
            call("write_file", { path: "b.txt", content: "x\n" }),
            done("no", { status: "blocked" }),
          ],
        },
      ],
    },
  });
  await p.repo.git("checkout", "-q", "-b", "work");
  const run = await p.dgov(["run", "p"]);
  if (run.exitCode !== 1) throw new Error(run.stdout + run.stderr);
  await p.repo.git("checkout", "-q", "main");
  return p;
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

  test.concurrent("B22 a name of something else than a branch is refused as a target, and no branch is created", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writes("a") });
    await p.repo.git("tag", "v1");
    await p.repo.git("update-ref", "refs/remotes/origin/main", "main");
    const names = ["HEAD", "@", "heads/main", "heads/new", "refs/heads/HEAD", "refs/tags/v1"];
    for (const name of [...names, "v1", "tags/v1", "origin/main"]) {
      const run = await p.dgov(["run", "p", "--target", name, "--json"]);
      const target = name === "refs/heads/HEAD" ? "HEAD" : name;
      expect([name, run.exitCode, JSON.parse(run.stdout)]).toMatchObject([
        name,
        1,
        { code: "REFUSED", message: `${target} is not the name of a branch` },
      ]);
    }
    const hinted = await p.dgov(["run", "p", "--target", "HEAD"]);
    expect(hinted.stderr).toContain("--target main");
    const config = p.repo.read(".dgov/project.toml");
    p.repo.write(".dgov/project.toml", `${config}\n[run]\ntarget = "HEAD"\n`);
    expect((await p.dgov(["run", "p"])).stderr).toContain("HEAD is not the name of a branch");
    expect(await p.repo.git("for-each-ref", "--format=%(refname)", "refs/heads")).toBe(
      "refs/heads/main",
    );
    expect(p.model.requests).toEqual([]);
  });

  test.concurrent("B22 a full ref of a branch means that branch, as --target and in [run]", async () => {
    await using p = await testProject({
      tasks: { a: {}, b: {} },
      config: {
        run: { target: "refs/heads/work", protected: ["refs/heads/main", "rel*", "v/**"] },
      },
      script: writes("a", "b"),
    });
    const branches = ["main", "refs/heads/main", "rel1", "refs/heads/rel2", "v/1/x"];
    for (const name of branches) {
      const run = await p.dgov(["run", "p", "--target", name]);
      const branch = name.replace("refs/heads/", "");
      expect(run.stderr).toContain(`${branch} is protected by [run] protected`);
    }
    expect((await p.dgov(["run", "p", "--only", "a"])).exitCode).toBe(0);
    expect((await p.dgov(["run", "p", "--target", "refs/heads/work"])).exitCode).toBe(0);
    expect((await p.landed("work")).sort()).toEqual([unit("a"), unit("b")]);
    expect(await p.repo.git("for-each-ref", "--format=%(refname)", "refs/heads")).toBe(
      "refs/heads/main\nrefs/heads/work",
    );
  });

  const question = "p last ran on work. Run it on main now?";

  test.concurrent("B22 a plan runs on another branch than its last run only with --target, also with -y", async () => {
    await using p = await ranOnWork();
    const requests = p.model.requests.length;
    for (const flags of [["--continue"], ["--continue", "-y"], ["--restart"]]) {
      const run = await p.dgov(["run", "p", ...flags, "--json"]);
      expect([run.exitCode, JSON.parse(run.stdout)]).toMatchObject([
        4,
        {
          code: "TARGET_CHANGED",
          message: "p last ran on work, and now would on main",
          hint: "dgov run p --target work, or --target main",
        },
      ]);
    }
    expect(p.model.requests.length).toBe(requests);
    expect((await p.dgov(["run", "p", "--continue", "--target", "main"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([unit("a")]);
    // From now on the last run is the one on main.
    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(1);
  });

  test.concurrent("B22 a missing [run] target is not created before the operator agreed to it", async () => {
    await using p = await ranOnWork();
    p.repo.write(
      ".dgov/project.toml",
      `${p.repo.read(".dgov/project.toml")}\n[run]\ntarget = "new"\n`,
    );
    expect((await p.dgov(["run", "p", "--continue"])).stderr).toContain("last ran on work");
    expect(await p.repo.git("branch", "--format=%(refname:short)")).toBe("main\nwork");
  });

  test.concurrent("B22 taken work lands on the branch of the run that kept it", async () => {
    await using p = await ranOnWork();
    expect((await p.dgov(["take", "b"])).exitCode).toBe(0);
    const land = await p.dgov(["land", "b"]);
    expect([land.exitCode, await p.landed("work"), await p.landed()]).toEqual([
      0,
      [unit("a"), unit("b")],
      [],
    ]);
  });

  test.concurrent.skipIf(terminalProgram === null)(
    "B22 on a terminal the operator is asked about another branch, and the answer is no by default",
    async () => {
      await using p = await ranOnWork();
      const answer = async (typed: string): Promise<number> => {
        const steps = [[question, typed]] as const;
        const args = ["run", "p", "--continue"];
        return (await dgovOnTerminal(args, { cwd: p.root, env: p.env, steps })).exitCode;
      };
      expect([await answer("\r"), await p.landed()]).toEqual([4, []]);
      expect([await answer("y"), await p.landed()]).toEqual([1, [unit("a")]]);
    },
  );

  test.concurrent("B22 a new plan with the name of an archived one has no last target", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writes("a", "c") });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    await p.repo.git("checkout", "-q", "-b", "work");
    p.repo.write(".dgov/plans/p/_root.toml", p.repo.read(".dgov/plans/archive/p/_root.toml"));
    p.writePlan({ c: {} });
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed("work")]).toEqual([0, [unit("a"), unit("c")]]);
  });
});

describe("undo", () => {
  test.concurrent("B22 undo refuses a protected branch, and reverts on another that is not checked out", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writes("a") });
    await p.repo.git("checkout", "-q", "-b", "work");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    await p.repo.git("checkout", "-q", "-b", "other");
    const config = p.repo.read(".dgov/project.toml");
    p.repo.write(".dgov/project.toml", `${config}\n[run]\nprotected = ["work"]\n`);
    const branches = await p.repo.git("for-each-ref", "refs/heads");
    const run = String(p.events().find(({ type }) => type === "run.started")?.run);
    for (const what of [[], ["a"], [run]]) {
      const undo = await p.dgov(["undo", ...what, "--json"]);
      expect([undo.exitCode, JSON.parse(undo.stdout)]).toMatchObject([
        1,
        { code: "REFUSED", message: "work is protected by [run] protected" },
      ]);
    }
    expect(await p.repo.git("for-each-ref", "refs/heads")).toBe(branches);

    p.repo.write(".dgov/project.toml", config);
    p.repo.write("a.txt", "edited here\n");
    const before = checkoutState(p.repo.path);
    expect((await p.dgov(["undo"])).exitCode).toBe(0);
    expect(checkoutState(p.repo.path)).toEqual(before);
    expect(await p.repo.git("ls-tree", "--name-only", "work", "a.txt")).toBe("");
  });
});
