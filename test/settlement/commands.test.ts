/** The commands preflight, verify and scope status. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { processStart } from "../../src/process/tree.ts";
import { dgov, dgovJson, spawnDgov } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

function project(
  config: Record<string, Record<string, unknown>>,
  files: Record<string, string> = {},
): Promise<TestRepo> {
  const { project: own, ...tables } = config;
  return testRepo({
    ".dgov/project.toml": stringify({
      project: { source_extensions: [".txt"], ...own },
      ...tables,
    }),
    ".dgov/.gitignore": "state.db*\nruntime/\nout/\n",
    ...files,
  });
}

const run = (repo: TestRepo, args: string[]) => dgovJson(args, { cwd: repo.path, env: repo.env });

describe("preflight", () => {
  const lint =
    "grep -n BAD {files} /dev/null | sed 's/:BAD.*/: error: bad [bad]/' | grep . && exit 1 || exit 0";

  test("preflight judges the working tree with its untracked files, and does not change it", async () => {
    await using repo = await project(
      { project: { lint_cmd: lint, test_cmd: "rm -f a.txt; [ ! -e a.txt ]" } },
      { "a.txt": "good\n" },
    );
    repo.write("new.txt", "BAD\n");
    const { document, exitCode } = await run(repo, ["preflight"]);
    expect(document).toMatchObject({
      schema: "dgov.preflight/1",
      passed: false,
      gates: [
        { gate: "structure", status: "not_applicable" },
        { gate: "semantic", status: "passed" },
        { gate: "lint", status: "failed", blame: "attempt", diagnostics: [{ file: "new.txt" }] },
        { gate: "tests", status: "passed", changed_paths: ["a.txt"] },
      ],
    });
    expect(exitCode).toBe(1);
    expect(repo.read("a.txt")).toBe("good\n");
    expect(await repo.git("status", "--porcelain")).toBe("?? new.txt");
    expect(existsSync(join(repo.path, ".dgov/state.db"))).toBe(false);
  });

  test("preflight does not charge diagnostics that HEAD has as well", async () => {
    await using repo = await project({ project: { lint_cmd: lint } }, { "a.txt": "BAD\n" });
    repo.write("a.txt", "BAD\nmore\n");
    expect((await run(repo, ["preflight"])).exitCode).toBe(0);
    repo.write("a.txt", "BAD\nBAD\n");
    expect((await run(repo, ["preflight"])).exitCode).toBe(1);
  });

  test("preflight judges every source file when nothing differs from HEAD", async () => {
    await using repo = await project({ project: { lint_cmd: lint } }, { "a.txt": "BAD\n" });
    const { document, exitCode } = await run(repo, ["preflight"]);
    expect(document).toMatchObject({
      passed: false,
      gates: [{ gate: "semantic" }, { gate: "structure" }, { gate: "lint", status: "failed" }],
    });
    expect(exitCode).toBe(1);
  });

  test("D1 preflight ends with its gates on a signal", async () => {
    await using repo = await project({
      project: { test_cmd: "touch $STARTED; sleep 3000" },
      run: { env: ["STARTED"] },
      // The gate writes outside its tree.
      sandbox: { mode: "off" },
    });
    const started = join(repo.root, "started");
    const child = spawnDgov(["preflight"], {
      cwd: repo.path,
      env: { ...repo.env, STARTED: started },
    });
    while (!existsSync(started)) await Bun.sleep(10);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });

  test("C6 preflight passes no provider key to a gate", async () => {
    await using repo = await project({
      project: { test_cmd: 'test -z "$SECRET_KEY"' },
      providers: {
        p: { base_url: "http://localhost:1", api_key_env: "SECRET_KEY", default_agent: "m" },
      },
      run: { env: ["SECRET_KEY"] },
    });
    const env = { ...repo.env, SECRET_KEY: "sk-1" };
    expect((await dgov(["preflight"], { cwd: repo.path, env })).exitCode).toBe(0);
  });
});

describe("verify", () => {
  const recipes = {
    verify: {
      good: { command: "echo in {test_dir}", description: "Says where" },
      bad: { command: "echo words; exit 3", log_name: "bad.log" },
    },
  };

  test("verify list lists the recipes", async () => {
    await using repo = await project(recipes);
    expect((await run(repo, ["verify", "list"])).document).toMatchObject({
      recipes: [{ name: "good", description: "Says where" }, { name: "bad" }],
    });
  });

  test("verify run streams the output, keeps the requested log, and exits 1 on failure", async () => {
    await using repo = await project(recipes);
    const { document, exitCode, stderr } = await run(repo, ["verify", "run", "--all"]);
    expect(document).toMatchObject({
      schema: "dgov.verify/1",
      status: "fail",
      results: [
        { name: "good", status: "pass", command: "echo in 'tests'", log_path: null },
        { name: "bad", status: "fail", exit: "exit code 3", output: "words\n" },
      ],
    });
    expect([exitCode, stderr.includes("words")]).toEqual([1, true]);
    expect(repo.read(".dgov/runtime/verify/bad.log")).toBe("words\n");
    expect((await run(repo, ["verify", "run", "good"])).exitCode).toBe(0);
  });

  test("a signal ends verify run and its recipe", async () => {
    await using repo = await project({
      verify: { long: { command: "echo $$ > $STARTED.new; mv $STARTED.new $STARTED; sleep 60" } },
      run: { env: ["STARTED"] },
    });
    const started = join(repo.root, "started");
    const child = spawnDgov(["verify", "run", "long"], {
      cwd: repo.path,
      env: { ...repo.env, STARTED: started },
    });
    while (!existsSync(started)) await Bun.sleep(10);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(processStart(Number(readFileSync(started, "utf8")))).toBeNull();
  });

  test("C6 verify run passes no provider key to a recipe", async () => {
    await using repo = await project({
      verify: { look: { command: "echo $NAMED $SECRET_KEY" } },
      providers: {
        p: { base_url: "http://localhost:1", api_key_env: "SECRET_KEY", default_agent: "m" },
      },
      run: { env: ["SECRET_KEY", "NAMED"] },
    });
    const env = { ...repo.env, SECRET_KEY: "sk-1", NAMED: "named" };
    const { document } = await dgovJson(["verify", "run", "look"], { cwd: repo.path, env });
    expect(document).toMatchObject({ results: [{ output: "named\n" }] });
  });

  test("verify run does not write a log through a link", async () => {
    await using repo = await project(recipes, { "victim.txt": "victim\n" });
    mkdirSync(join(repo.path, ".dgov/runtime/verify"), { recursive: true });
    symlinkSync(join(repo.path, "victim.txt"), join(repo.path, ".dgov/runtime/verify/bad.log"));
    expect((await run(repo, ["verify", "run", "bad"])).exitCode).toBe(1);
    expect(repo.read("victim.txt")).toBe("victim\n");
    rmSync(join(repo.path, ".dgov/runtime/verify"), { recursive: true });
    symlinkSync(repo.root, join(repo.path, ".dgov/runtime/verify"));
    expect((await run(repo, ["verify", "run", "bad"])).document).toMatchObject({ code: "REFUSED" });
  });
});

describe("scope status", () => {
  test("C8 scope status gives the review's verdict on the working tree", async () => {
    await using repo = await project({}, { "src/a.txt": "a\n", "b.txt": "b\n" });
    repo.write("src/a.txt", "changed\n");
    const inside = await run(repo, ["scope", "status", "--claim", "src"]);
    expect(inside.document).toMatchObject({
      schema: "dgov.scope-status/1",
      passed: true,
      modified_files: ["src/a.txt"],
    });
    expect(inside.exitCode).toBe(0);
    repo.write("b.txt", "changed\n");
    const outside = await run(repo, ["scope", "status", "--claim", "src"]);
    expect(outside.document).toMatchObject({ passed: false, verdict: "scope_violation" });
    const read = await run(repo, ["scope", "status", "--claim", "src", "--read", "b.txt"]);
    expect(read.document).toMatchObject({ verdict: "read_scope_violation", retriable: true });
    expect([outside.exitCode, read.exitCode]).toEqual([1, 1]);
  });

  test("scope status uses the claims of a planned unit", async () => {
    await using repo = await project(
      {},
      {
        "b.txt": "b\n",
        ".dgov/plans/p/_root.toml": '[plan]\nname = "p"\nsections = ["s"]\n',
        ".dgov/plans/p/s/main.toml":
          '[tasks.t]\nsummary = "T"\nprompt = "Orient\\nEdit\\nVerify\\n"\ncommit_message = "feat: t"\nfiles.edit = ["b.txt"]\n',
      },
    );
    repo.write("b.txt", "changed\n");
    const { document, exitCode } = await run(repo, [
      "scope",
      "status",
      "--task",
      "t",
      "--plan",
      "p",
    ]);
    expect(document).toMatchObject({ unit: "s/main.t", passed: true, claimed_writable: ["b.txt"] });
    expect(exitCode).toBe(0);
  });

  test("scope status without claims is a usage error", async () => {
    await using repo = await project({});
    expect((await run(repo, ["scope", "status"])).exitCode).toBe(2);
  });
});
