/** `dgov undo`: landed changes are reverted through the gates and the landing. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { dgov } from "../harness/bin.ts";
import {
  type ProjectOptions,
  type TestProject,
  testKey,
  testProject,
  unit,
} from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

function writes(files: Record<string, string>): ModelScript {
  return {
    rules: Object.entries(files).map(([key, content]) => ({
      unit: unit(key),
      turns: [call("write_file", { path: `${key}.txt`, content }), done("ok")],
    })),
  };
}

/** A project whose plan `p` has landed, `b` after `a`. */
async function landedProject(more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  const p = await testProject({
    tasks: { a: {}, b: { depends_on: ["a"] } },
    script: writes({ a: "a\n", b: "b\n" }),
    ...more,
  });
  const run = await p.dgov(["run", "p"]);
  if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
  return p;
}

async function undo(p: TestProject, ...args: string[]): Promise<Record<string, unknown>> {
  const run = await p.dgov(["undo", "--json", ...args]);
  return { ...JSON.parse(run.stdout), exitCode: run.exitCode };
}

/** State that a refused undo must not change. */
async function stateOf(p: TestProject): Promise<string> {
  const refs = await p.repo.git("for-each-ref", "refs/heads", "refs/dgov/candidate");
  return [refs, await p.repo.git("status", "--porcelain"), p.events().length].join("\n");
}

describe("undo", () => {
  test.concurrent("undone units run again, and the archived plan shows the newer run", async () => {
    await using p = await landedProject();
    await undo(p);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const runs = p.events().filter(({ type }) => type === "run.started");
    const lastRun = String(runs.at(-1)?.run);
    const list = JSON.parse((await p.dgov(["plan", "list", "--archived", "--json"])).stdout);
    expect(list.plans).toMatchObject([{ name: "p", landed: 2, total: 2, last_run: lastRun }]);
    const status = JSON.parse((await p.dgov(["plan", "status", "p", "--json"])).stdout);
    expect(status).toMatchObject({ landed: 2, run: lastRun });
  });

  test.concurrent("P1 C6 undo reverts the newest run by one commit, and the plan can run again", async () => {
    await using p = await landedProject({
      files: { "check.sh": '#!/bin/sh\nenv > "$HOME/seen"\n' },
      config: { project: { test_cmd: "sh check.sh" }, run: { env: ["TEST_KEY", "NAMED"] } },
      env: { NAMED: "named" },
    });
    p.repo.write("mine.txt", "untracked\n");
    const seen = join(p.env["HOME"] ?? "", "seen");
    rmSync(seen);
    const before = await p.repo.git("rev-parse", "main");
    const run = String(p.events().find((e) => e.type === "run.started")?.run);
    const commits = (await p.repo.git("log", "--format=%H %s", "main"))
      .split("\n")
      .filter((line) => line.includes("feat: "));
    const answer = await undo(p);
    expect(answer).toMatchObject({
      schema: "dgov.undo/1",
      run,
      plan: "p",
      units: [unit("a"), unit("b")],
      reverted: commits.map((line) => line.slice(0, 40)),
      target: "main",
      before,
      exitCode: 0,
    });
    // C6: the gates of the undo get what the project names, but for the key.
    const env = readFileSync(seen, "utf8");
    expect([env.includes("NAMED=named"), env.includes(testKey)]).toEqual([true, false]);
    expect(await p.repo.git("rev-parse", "main")).toBe(String(answer["commit"]));
    expect(await p.repo.git("rev-parse", "main^")).toBe(before);
    const message = await p.repo.git("log", "-1", "--format=%B");
    expect(message).toContain(`Revert run ${run} of p`);
    expect(message.match(/^This reverts commit [0-9a-f]{40}\.$/gm)?.length).toBe(2);
    expect(existsSync(join(p.root, "a.txt"))).toBe(false);
    expect(existsSync(join(p.root, "b.txt"))).toBe(false);
    expect(p.repo.read("mine.txt")).toBe("untracked\n");
    expect(await p.repo.git("status", "--porcelain")).toBe("?? mine.txt");
    expect(await p.repo.git("rev-parse", `refs/dgov/before/${answer["undo"]}`)).toBe(before);
    expect(await p.repo.git("for-each-ref", "refs/dgov/candidate")).toBe("");

    const review = await p.dgov(["plan", "review", "p"]);
    expect(review.stdout).toContain(`undone: by ${String(answer["commit"]).slice(0, 10)}`);
    const status = JSON.parse((await p.dgov(["plan", "status", "p", "--json"])).stdout);
    expect(status).toMatchObject({
      landed: 0,
      units: [{ state: "undone" }, { state: "undone" }],
    });

    expect(await undo(p)).toMatchObject({
      message: "nothing that landed is left to undo",
      exitCode: 1,
    });
    await p.repo.git("clean", "-fq", "mine.txt");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("b.txt")).toBe("b\n");
  });

  test.concurrent("undo reverts one unit by a unique suffix, and a run by the end of its id", async () => {
    await using p = await landedProject();
    expect(await undo(p, "b")).toMatchObject({ units: [unit("b")], exitCode: 0 });
    expect(existsSync(join(p.root, "b.txt"))).toBe(false);
    expect(p.repo.read("a.txt")).toBe("a\n");
    expect(await p.repo.git("log", "-1", "--format=%s")).toBe('Revert "feat: b"');
    const run = String(p.events().find((e) => e.type === "run.started")?.run);
    expect(await undo(p, run.slice(-4))).toMatchObject({ units: [unit("a")], exitCode: 0 });
    expect(await undo(p, run)).toMatchObject({
      code: "REFUSED",
      message: `nothing that run ${run} landed is still on main`,
    });
  });

  test.concurrent("an undo that fails the gates changes nothing", async () => {
    await using p = await landedProject({
      files: {
        "check.sh": "#!/bin/sh\n[ -e a.txt ] || [ ! -e b.txt ] || { echo b needs a; exit 1; }\n",
      },
      config: { project: { test_cmd: "sh check.sh" } },
    });
    const before = await stateOf(p);
    const answer = await undo(p, "a");
    expect(answer).toMatchObject({ code: "REFUSED", exitCode: 1 });
    expect(String(answer["message"])).toContain("b needs a");
    expect(await stateOf(p)).toBe(before);
    expect(await undo(p)).toMatchObject({ exitCode: 0 });
  });

  test.concurrent("an undo that conflicts with later changes is refused and changes nothing", async () => {
    await using p = await landedProject();
    p.repo.write("a.txt", "a, by hand\n");
    await p.repo.git("commit", "-qam", "mine");
    const before = await stateOf(p);
    const answer = await undo(p, "a");
    expect(answer).toMatchObject({ code: "REFUSED", exitCode: 1 });
    expect(String(answer["message"])).toMatch(
      /^cannot revert [0-9a-f]{10}: later work changed a\.txt$/,
    );
    expect(await stateOf(p)).toBe(before);
  });

  test.concurrent("B2 an uncommitted change of the operator's blocks the undo and is unchanged", async () => {
    await using p = await landedProject();
    p.repo.write("a.txt", "edited\n");
    const before = await stateOf(p);
    const answer = await undo(p, "a");
    expect(answer).toMatchObject({ code: "REFUSED", exitCode: 1 });
    expect(String(answer["message"])).toContain("a.txt");
    expect(p.repo.read("a.txt")).toBe("edited\n");
    expect(await stateOf(p)).toBe(before);
  });

  test.concurrent("a commit squashed with another unit is not undone", async () => {
    await using p = await landedProject();
    const landed = await p.repo.git("log", "--format=%B", "--grep=^Dgov-Unit");
    await p.repo.git("reset", "-q", "--soft", "main~3");
    await p.repo.git("commit", "-q", "-m", `squashed\n\n${landed}`);
    const answer = await undo(p, "a");
    expect(answer).toMatchObject({ code: "REFUSED", exitCode: 1 });
    expect(String(answer["message"])).toContain(`also holds ${unit("b")}`);
    expect(await undo(p)).toMatchObject({ units: [unit("b"), unit("a")], exitCode: 0 });
  });

  test.concurrent("P3 the next command completes an undo that was killed while landing", async () => {
    await using p = await landedProject();
    const killed = await p.dgov(["undo"], { DGOV_FAULT: "land.checkout_updated" });
    expect(killed.exitCode).not.toBe(0);
    expect(existsSync(join(p.repo.path, ".git/dgov/landing.json"))).toBe(true);
    expect(await undo(p)).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(p.repo.path, ".git/dgov/landing.json"))).toBe(false);
    expect(existsSync(join(p.root, "a.txt"))).toBe(false);
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  test.concurrent("undo in a fresh clone finds runs and units in git", async () => {
    await using p = await landedProject();
    const [run] = p.events().map((event) => event.run);
    const clone = join(p.repo.root, "clone");
    await p.repo.git("clone", "-q", p.repo.path, clone);
    for (const key of ["user.name", "user.email"]) {
      await p.repo.git("-C", clone, "config", key, await p.repo.git("config", key));
    }
    const inClone = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await dgov(["undo", "--json", ...args], { cwd: clone, env: p.env })).stdout);
    expect(await inClone("c")).toMatchObject({ code: "NOT_FOUND" });
    expect(existsSync(join(clone, ".dgov/state.db"))).toBe(false);
    const rest = { run, plan: "p", target: "main" };
    expect(await inClone("b")).toMatchObject({ ...rest, units: [unit("b")] });
    expect(await inClone("--plan", "q")).toMatchObject({ message: "q has not run here" });
    expect(await inClone(String(run).slice(-4))).toMatchObject({ ...rest, units: [unit("a")] });
    expect(await inClone()).toMatchObject({ message: "nothing has run here yet" });
    expect([existsSync(join(clone, "a.txt")), existsSync(join(clone, "b.txt"))]).toEqual([
      false,
      false,
    ]);
    const list = await dgov(["runs", "list", "--json"], { cwd: clone, env: p.env });
    expect(JSON.parse(list.stdout)).toMatchObject({ runs: [] });
  });

  test("undo rejects unknown arguments and creates no file", async () => {
    await using p = await landedProject();
    const cases: [string[], number, string][] = [
      [["bb"], 1, "no landed unit bb"],
      [["tasks/main.c"], 1, "no landed unit tasks/main.c"],
      [["--plan", "q"], 1, "q has not run here"],
      [["a", "b"], 2, "unexpected argument"],
      [["--paln", "p"], 2, "unknown flag --paln"],
    ];
    const before = await stateOf(p);
    for (const [args, code, message] of cases) {
      const run = await p.dgov(["undo", ...args]);
      expect([args, run.exitCode, run.stderr.includes(message)]).toEqual([args, code, true]);
    }
    expect(await stateOf(p)).toBe(before);
    await using repo = await testRepo({ ".dgov/project.toml": "" });
    const run = await dgov(["undo"], { cwd: repo.path, env: repo.env });
    expect([run.exitCode, run.stderr.includes("nothing has run here yet")]).toEqual([1, true]);
    expect(existsSync(join(repo.path, ".dgov/state.db"))).toBe(false);
    expect(existsSync(join(repo.path, ".git/dgov"))).toBe(false);
  });
});
