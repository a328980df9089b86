/** F11: a local project keeps dgov's own files below the git dir; trailers of landed commits are in git notes. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { testLimitMs } from "../harness/limits.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const write = (path: string, content: string) => call("write_file", { path, content });

const script: ModelScript = {
  rules: [
    { unit: unit("a"), turns: [write("a.txt", "a\n"), done("ok")] },
    { unit: unit("b"), turns: [write("b.txt", "bad\n"), done("ok")] },
    { unit: "fix/main.apply", turns: [write("c.ts", "export const c = 1;\n"), done("ok")] },
  ],
};

function project(
  more: { dir?: string; merge?: Record<string, unknown> } = {},
): Promise<TestProject> {
  const { dir } = more;
  return testProject({
    local: true,
    ...(dir !== undefined && { dir }),
    files: {
      "check.sh": "#!/bin/sh\n! grep -qs bad b.txt\n",
      [dir === undefined ? "c.ts" : `${dir}/c.ts`]: "export const c = 0;\n",
    },
    tasks: { a: {}, b: { depends_on: ["a"] } },
    plan: { max_retries: 0 },
    config: {
      project: { test_cmd: `sh ${dir === undefined ? "" : "../../"}check.sh` },
      verify: { quick: { command: "true", log_name: "quick.log" } },
    },
    script,
  });
}

/** The parts of a repository that others see: they must not show that dgov was used. */
async function traces(p: TestProject): Promise<Record<string, unknown>> {
  const exclude = join(p.repo.path, ".git/info/exclude");
  const names = (await p.repo.git("ls-tree", "-r", "--name-only", "main")).split("\n");
  const foreign = /\.dgov|\.sentrux|coverage-baseline/;
  return {
    status: await p.repo.git("status", "--porcelain", "--ignored", "--untracked-files=all"),
    tracked: names.filter((name) => foreign.test(name)),
    here: readdirSync(p.repo.path).filter((name) => foreign.test(name)),
    messages: (await p.repo.git("log", "--format=%B", "main")).match(/^dgov.*|.*bookkeeping.*/gim),
    excludes: existsSync(exclude) ? readFileSync(exclude, "utf8") : null,
  };
}

async function answered(p: TestProject, code: number, ...args: string[]) {
  const run = await p.dgov([...args, "--json"]);
  if (run.exitCode !== code) throw new Error(`${args.join(" ")}: ${run.stdout}${run.stderr}`);
  return JSON.parse(run.stdout);
}

describe("a local project", () => {
  test.concurrent(
    "F11 commands leave no trace in the tree, the messages and the ignore rules",
    async () => {
      await using p = await project();
      const own = join(p.repo.path, ".git/dgov/project");
      const before = await traces(p);
      expect(before).toMatchObject({ status: "", tracked: [], here: [], messages: null });
      const steps: [line: string, code: number, expected: Record<string, unknown>][] = [
        ["compile p", 0, { plan: "p" }],
        ["sentrux gate-save", 0, {}],
        ["run p", 1, { exit_code: 1 }],
        ["status", 0, {}],
        ["plan list", 0, { plans: [{ name: "p", landed: 1, total: 2 }] }],
        ["plan review p", 0, {}],
        ["explain b", 0, {}],
        ["diagnose", 1, { findings: [{ name: "gate_failed" }] }],
        ["ledger add rule keep-it", 0, {}],
        ["verify run quick", 0, {}],
        ["clean", 0, {}],
      ];
      for (const [line, code, expected] of steps) {
        expect([line, await answered(p, code, ...line.split(" "))]).toMatchObject([line, expected]);
        expect([line, await traces(p)]).toEqual([line, before]);
      }
      const taken = await answered(p, 0, "take", "b");
      writeFileSync(join(taken.path, "b.txt"), "good\n");
      expect(await answered(p, 0, "land", "b")).toMatchObject({ exit_code: 0 });
      expect(await p.landed()).toEqual([unit("a"), unit("b")]);
      expect(await answered(p, 0, "run", "p")).toMatchObject({ exit_code: 0 });
      expect(readdirSync(join(own, ".dgov/plans/archive"))).toEqual(["p"]);
      expect(readFileSync(join(own, ".dgov/plans/deployed.jsonl"), "utf8")).toContain(unit("b"));
      const fix = await answered(p, 0, "fix", "Raise c", "-f", "c.ts");
      expect(fix).toMatchObject({ exit_code: 0 });
      expect(await answered(p, 0, "undo", "b", "--plan", "p")).toMatchObject({
        units: [unit("b")],
      });
      expect(await answered(p, 0, "plan", "status", "p")).toMatchObject({ landed: 1, total: 2 });
      await answered(p, 0, "prune", "--days", "1");
      await answered(p, 0, "init-plan", "q");
      expect(readdirSync(join(own, ".dgov/plans"))).toContain("q");
      expect(await answered(p, 0, "archive-plan", "q")).toMatchObject({ archived_as: "q" });
      expect(await traces(p)).toEqual(before);
    },
    testLimitMs,
  );

  test.concurrent("F11 it may be a folder, and another checkout shares its plans, its log and its lock", async () => {
    await using p = await project({ dir: "packages/app" });
    const other = join(p.repo.root, "other");
    await p.repo.git("worktree", "add", "-q", other);
    const from = ["-C", join(other, "packages/app")];
    expect(await answered(p, 1, "run", "p")).toMatchObject({ exit_code: 1 });
    const list = await answered(p, 0, ...from, "plan", "list");
    expect(list.plans).toMatchObject([{ name: "p", last_run: expect.any(String) }]);
    await answered(p, 0, ...from, "compile", "p");
    // A plan with an error is named by a path that leads to its file.
    p.writePlan({ a: { depends_on: ["none"] } });
    const invalid = await answered(p, 3, ...from, "compile", "p");
    const [{ file }] = invalid.diagnostics;
    expect(existsSync(join(other, "packages/app", file))).toBe(true);
    expect((await traces(p))["status"]).toBe("");
  });
});

test.concurrent.skipIf(Bun.which("bwrap") === null)(
  "F11 C23 gates and workers do not see the files of a local project in the sandbox",
  async () => {
    const files = join(process.env["DGOV_TEST_TMP"] ?? tmpdir(), "dgov-test-*/repo/.git/dgov/*");
    const count = `ls -d ${files} 2>/dev/null | wc -l`;
    await using p = await testProject({
      local: true,
      tasks: { a: {} },
      config: {
        project: { test_cmd: `[ "$(${count})" = 0 ]` },
        sandbox: { mode: "require" },
      },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("run_bash", { command: `${count} > a.txt` }), done("ok")],
          },
        ],
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, p.repo.read("a.txt")]).toEqual([0, "0\n"]);
  },
);

describe("trailers in notes", () => {
  test.concurrent("F11 a crash before or after the branch moved, and lost notes, lose no landing", async () => {
    await using p = await project();
    for (const point of ["land.recorded", "land.before_prepare", "land.committed"]) {
      const args = ["run", "p", "--only", "a", "--continue"];
      expect([point, (await p.dgov(args, { DGOV_FAULT: point })).exitCode]).toEqual([point, 137]);
      expect([point, (await p.landed()).length]).toEqual([
        point,
        point === "land.committed" ? 1 : 0,
      ]);
    }
    // The next run recovers that landing. Then a fetch replaces the notes by those of another clone.
    expect((await p.dgov(["run", "p", "--only", "a", "--continue"])).exitCode).toBe(0);
    await p.repo.git("update-ref", "-d", "refs/notes/dgov");
    await p.repo.git("notes", "--ref=dgov", "add", "-m", "theirs", "main");
    await p.repo.git("notes", "--ref=dgov", "remove", "main");
    expect(await p.landed()).toEqual([]);
    const again = await p.dgov(["run", "p", "--only", "a", "--continue"]);
    expect(again.stderr).toContain("wrote 1 missing note of landed commits (refs/notes/dgov)");
    expect([again.exitCode, await p.landed()]).toEqual([0, [unit("a")]]);
    expect(p.events().filter(({ type }) => type === "landing.finished")).toHaveLength(1);
  });

  test.concurrent("F11 a rebase keeps a landing when git copies its note, and loses it otherwise", async () => {
    await using p = await project();
    await answered(p, 1, "run", "p");
    const landed = async () => (await answered(p, 0, "plan", "status", "p")).landed;
    expect(await landed()).toBe(1);
    await p.repo.git("config", "notes.rewriteRef", "refs/notes/dgov");
    await p.repo.git("commit", "-q", "--amend", "-m", "reworded");
    expect(await landed()).toBe(1);
    await p.repo.git("config", "--unset", "notes.rewriteRef");
    await p.repo.git("commit", "-q", "--amend", "-m", "reworded again");
    expect(await landed()).toBe(0);
  });

  test.concurrent("F11 a project with a committed .dgov may have its trailers in notes too", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      config: { merge: { trailers: "notes" } },
      script,
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
    expect(await p.repo.git("log", "--format=%B", "main~1")).not.toContain("Dgov-");
    expect(await answered(p, 0, "undo")).toMatchObject({ units: [unit("a")] });
    expect(await answered(p, 0, "plan", "status", "p")).toMatchObject({ landed: 0 });
  });
});
