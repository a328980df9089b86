/** A repository in which the Python program of the same name has run. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNameTaken } from "../../src/app/create-plan-folder.ts";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { pythonCompiled, pythonGitignore, writePythonState } from "../harness/python-original.ts";

const script = {
  rules: ["a", "b"].map((key) => ({
    unit: unit(key),
    turns: [call("write_file", { path: `${key}.txt`, content: "by dgov\n" }), done("ok")],
  })),
};

/** A project whose unit `a` landed with the Python program, in a commit without trailers. */
async function migrated(
  keys: string[] = ["a", "b"],
  turns?: ModelTurn[],
): Promise<TestProject & { commit: string }> {
  const tasks = Object.fromEntries(keys.map((k) => [k, {}]));
  const p = await testProject({ tasks, script: turns ? { rules: [{ turns }] } : script });
  p.repo.write(".dgov/.gitignore", pythonGitignore);
  p.repo.write("a.txt", "by the Python program\n");
  await p.repo.git("add", "-A");
  await p.repo.git("commit", "-q", "-m", "feat: a");
  const commit = await p.repo.git("rev-parse", "HEAD");
  writePythonState(p.root, [{ plan: "p", unit: unit("a"), commit }]);
  return Object.assign(p, { commit });
}

const sop = `---
name: plain
title: Plain
summary: Plain text
applies_to: [text]
priority: should
---
## When
- always
## Do
- write
## Do Not
- shout
## Verify
- look
## Escalate
- ask
`;

async function seen(p: TestProject): Promise<unknown[]> {
  const json = async (...args: string[]) => JSON.parse((await p.dgov([...args, "--json"])).stdout);
  const row = (await json("plan", "list", "--all")).plans[0];
  const status = await json("plan", "status", "p");
  return [row.landed, status.landed, status.units.map((u: { state: string }) => u.state)];
}

describe("the Python program's state", () => {
  test.concurrent("B21 landed units are not paid for again, and list, status and run agree", async () => {
    await using p = await migrated();
    expect(await seen(p)).toEqual([1, 1, ["landed", "not_started"]]);
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, run.stderr]).toEqual([
      0,
      expect.stringContaining(
        "moved .dgov/state.db of the Python program to .dgov/state.python.db",
      ),
    ]);
    expect(run.stderr).toContain("1 unit landed with the Python program");
    expect(p.repo.read("a.txt")).toBe("by the Python program\n");
    expect(p.repo.read("b.txt")).toBe("by dgov\n");
    expect(await seen(p)).toEqual([2, 2, ["landed", "landed"]]);
    const review = JSON.parse((await p.dgov(["plan", "review", "p", "--json"])).stdout);
    expect(review.phase).toBe("complete");
    expect(await p.repo.git("status", "--porcelain")).toBe("");
    using old = new Database(join(p.root, ".dgov/state.python.db"), { readonly: true });
    expect(old.query("SELECT slug FROM tasks").all()).toEqual([{ slug: unit("a") }]);
    expect(existsSync(join(p.root, ".dgov/state.python.db-wal"))).toBe(false);
  });

  test.concurrent("B21 read-only units that it finished are not asked again, also by a later run", async () => {
    const tasks = {
      look: { role: "researcher" },
      a: { depends_on: ["look"] },
      check: { role: "reviewer", depends_on: ["a"] },
      b: {},
    };
    const fails = { unit: unit("b"), turns: [done("cannot", { status: "blocked" })] };
    await using p = await testProject({ tasks, script: { rules: [fails] } });
    const commit = await p.repo.git("rev-parse", "HEAD");
    const readOnly = { plan: "p", role: "researcher", commit };
    writePythonState(p.root, [
      { ...readOnly, unit: unit("look") },
      { plan: "p", unit: unit("a"), commit },
      { ...readOnly, unit: unit("check"), role: "reviewer" },
      { plan: "p", unit: unit("b"), commit: null },
    ]);
    p.repo.write(".dgov/.gitignore", pythonGitignore);
    await p.repo.git("commit", "-qam", "ignore");
    const states = async (): Promise<Record<string, string>> => {
      const { landed, units } = JSON.parse(
        (await p.dgov(["plan", "status", "p", "--json"])).stdout,
      );
      const of = units.map((one: { unit: string; state: string }) => [one.unit, one.state]);
      const row = JSON.parse((await p.dgov(["plan", "list", "--json"])).stdout).plans[0];
      expect([landed, row.landed]).toEqual([3, 3]);
      return Object.fromEntries(of);
    };
    const finished = { [unit("look")]: "done", [unit("a")]: "landed", [unit("check")]: "done" };
    expect(await states()).toEqual({ ...finished, [unit("b")]: "not_started" });
    for (const mode of [[], ["--continue"]]) {
      const run = await p.dgov(["run", "p", ...mode]);
      expect([run.exitCode, run.stdout]).toEqual([1, expect.stringContaining("3 of 4")]);
      expect(await states()).toEqual({ ...finished, [unit("b")]: "failed" });
    }
    const asked = new Set(p.telemetry().flatMap(({ unit }) => unit ?? []));
    expect([...asked]).toEqual([unit("b")]);
  });

  test.concurrent("B21 no model chooses the SOPs of units that landed or do not run", async () => {
    await using p = await testProject({
      tasks: { a: {}, b: {} },
      files: { ".dgov/sops/plain.md": sop, "a.txt": "by the Python program\n" },
      config: { sops: { picker: "model" } },
      script,
    });
    const commit = await p.repo.git("rev-parse", "HEAD");
    writePythonState(p.root, [{ plan: "p", unit: unit("a"), commit }]);
    p.repo.write(".dgov/.gitignore", pythonGitignore);
    await p.repo.git("commit", "-qam", "ignore");
    const run = await p.dgov(["run", "p", "--only", "a"]);
    expect([run.exitCode, run.stderr, p.model.requests.length]).toEqual([
      0,
      expect.stringContaining("1 unit landed"),
      0,
    ]);
  });

  test.concurrent("B21 a plan that landed as a whole starts no worker and is archived", async () => {
    await using p = await migrated(["a"]);
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, p.model.requests.length]).toEqual([0, 0]);
    expect(existsSync(join(p.root, ".dgov/plans/archive/p"))).toBe(true);
    expect(await seen(p)).toEqual([1, 1, ["landed"]]);
  });

  test.concurrent("B21 B9 a unit that was edited after dgov saw it runs again", async () => {
    await using p = await migrated();
    expect((await p.dgov(["run", "p", "--only", "a"])).exitCode).toBe(0);
    p.writePlan({ a: { summary: "Do a differently" }, b: {} });
    await p.repo.git("commit", "-qam", "edit");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("by dgov\n");
  });

  test.concurrent("B21 B9 a unit whose commit is reverted or not on the branch runs", async () => {
    await using p = await migrated(["a"]);
    await p.repo.git("revert", "--no-edit", p.commit);
    p.repo.write(".dgov/.gitignore", pythonGitignore);
    await p.repo.git("commit", "-qam", "ignore");
    expect(await seen(p)).toEqual([0, 0, ["not_started"]]);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("by dgov\n");

    await using q = await migrated(["a"]);
    await q.repo.git("reset", "-q", "--hard", "HEAD~1");
    expect(await seen(q)).toEqual([0, 0, ["not_started"]]);
  });

  test.concurrent("B21 review of a plan without a run of dgov shows its landings, also without its folder", async () => {
    await using p = await migrated();
    const review = async (...args: string[]) => await p.dgov(["plan", "review", ...args]);
    for (const plan of ["p", ".dgov/plans/p/"]) {
      const { exitCode, stdout } = await review(plan);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining("1 of 2 units landed with")]);
      expect(stdout).toContain("recorded of its runs is in .dgov/state.db");
      expect(stdout).toMatch(new RegExp(`landed ${p.commit.slice(0, 10)} at .*: 2 files, `));
      expect(stdout).toContain(`${unit("b")}  not started`);
    }
    const json = JSON.parse((await review("p", "--json")).stdout);
    expect([json.run, json.phase, json.units[0].landed.commit]).toEqual([
      null,
      "partial",
      p.commit,
    ]);
    expect((await review("p", "--diff", "a")).stdout).toContain("+by the Python program");
    expect((await review("p", "--events", "a")).exitCode).toBe(1);
    rmSync(join(p.root, ".dgov/plans/p"), { recursive: true });
    const gone = await review("p");
    expect([gone.exitCode, gone.stdout]).toEqual([0, expect.stringContaining("1 of 1 unit")]);
    expect([await isNameTaken(p.root, "p"), await isNameTaken(p.root, "q")]).toEqual([true, false]);
    const status = JSON.parse((await p.dgov(["status", "--json"])).stdout);
    expect([status.status, status.summary, status.next]).toEqual([
      "idle",
      expect.stringContaining("1 unit landed with the Python program"),
      "dgov plan list --all",
    ]);
    expect((await p.dgov(["explain", "a", "--plan", "p"])).stderr).toContain("dgov plan review p");
  });

  test.concurrent("B21 review shows the commit of a unit that landed before the run, also after a run that had nothing to do", async () => {
    await using p = await migrated();
    const commit = async () => {
      const { units } = JSON.parse((await p.dgov(["plan", "review", "p", "--json"])).stdout);
      return units[0].landed.commit;
    };
    expect((await p.dgov(["run", "p", "--only", "a"])).exitCode).toBe(0);
    expect(await commit()).toBe(p.commit);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await commit()).toBe(p.commit);
    expect((await p.dgov(["plan", "review", "p", "--diff", "a"])).stdout).toContain(
      "+by the Python",
    );
  });

  test.concurrent("review of a plan that landed in another clone shows its landings", async () => {
    await using p = await migrated();
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    for (const name of ["state.db", "state.python.db"]) rmSync(join(p.root, ".dgov", name));
    const { exitCode, stdout } = await p.dgov(["plan", "review", "p"]);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringContaining("units landed in runs of another log"),
    ]);
    expect(stdout).toContain(`${unit("b")}  landed`);
  });

  test.concurrent("B21 an archived plan, and another plan of its name, are counted by their own units", async () => {
    await using p = await migrated(["a"]);
    const archived = join(p.root, ".dgov/plans/archive/p");
    mkdirSync(join(p.root, ".dgov/plans/archive"));
    renameSync(join(p.root, ".dgov/plans/p"), archived);
    // The Python program leaves the compiled plan in the archive, where git does not ignore it.
    writeFileSync(join(archived, "_compiled.toml"), pythonCompiled("p", [unit("a")]));
    await p.repo.git("add", "-A");
    await p.repo.git("commit", "-qm", "archive");
    expect(await seen(p)).toEqual([1, 1, ["landed"]]);
    const review = await p.dgov(["plan", "review", "p"]);
    expect([review.exitCode, review.stdout]).toEqual([0, expect.stringContaining("1 of 1 unit")]);
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, p.model.requests.length]).toEqual([0, 0]);
    expect(await p.repo.git("status", "--porcelain")).toBe("");
    const root = '[plan]\nname = "p"\nsections = ["tasks"]\n';
    const nested = ".dgov/plans/archive/p/p";
    p.repo.write(`${nested}/_root.toml`, root);
    p.repo.write(`${nested}/tasks/main.toml`, '[tasks.c]\nsummary = "c"\nprompt = "c"\n');
    const { plans } = JSON.parse((await p.dgov(["plan", "list", "--archived", "--json"])).stdout);
    const counts = plans.map((row: { landed: number; path: string }) => [row.path, row.landed]);
    expect(counts).toEqual([
      [".dgov/plans/archive/p", 1],
      [nested, 0],
    ]);
    p.writePlan({ b: {} });
    p.repo.write(".dgov/plans/p/_root.toml", root);
    await p.repo.git("add", "-A");
    await p.repo.git("commit", "-qm", "again");
    expect(await seen(p)).toEqual([0, 0, ["not_started"]]);
    expect((await p.dgov(["run", ".dgov/plans/p"])).exitCode).toBe(0);
    expect(p.repo.read("b.txt")).toBe("by dgov\n");
  });

  test.concurrent("B21 its endpoint, its ignore rules and a database that it left in a crash are taken over", async () => {
    await using p = await migrated();
    const folder = join(p.root, ".dgov");
    const text = `[project]
source_extensions = [".txt"]
default_agent = "scripted"
llm_base_url = "${p.model.baseUrl}"
llm_api_key_env = "TEST_KEY"
`;
    p.repo.write(".dgov/project.toml", text);
    await p.repo.git("commit", "-qam", "endpoint");
    // A copy of the open files is what a killed process leaves.
    const open = new Database(join(folder, "state.db"));
    open.run("PRAGMA journal_mode = WAL");
    open.run("INSERT INTO slug_history VALUES ('last', 'now')");
    const files = ["state.db", "state.db-wal"].map((name) => join(folder, name));
    const bytes = files.map((file) => readFileSync(file));
    open.close();
    for (const [at, file] of files.entries()) writeFileSync(file, bytes[at] ?? "");
    const findings = async () =>
      JSON.parse((await p.dgov(["diagnose", "--json"])).stdout).findings.length;
    expect(await findings()).toBe(1);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(await findings()).toBe(0);
    expect(await p.repo.git("status", "--porcelain")).toBe("");
    expect(await p.repo.git("ls-files", ".dgov/plans/deployed.jsonl")).not.toBe("");
    using old = new Database(join(folder, "state.python.db"), { readonly: true });
    expect(old.query("SELECT slug FROM slug_history").all()).toEqual([{ slug: "last" }]);
  });

  test.concurrent("B21 diagnose finds no failure of a landed unit that failed when it was run again, and prune keeps that work", async () => {
    await using p = await migrated(
      ["a"],
      [call("write_file", { path: "a.txt", content: "x\n" }), done("no", { status: "incomplete" })],
    );
    expect((await p.dgov(["run", "p", "--restart"])).exitCode).toBe(1);
    const refs = await p.repo.git("for-each-ref", "refs/dgov/keep");
    expect(refs).not.toBe("");
    const found = JSON.parse((await p.dgov(["diagnose", "--json"])).stdout).findings;
    expect(found.filter((one: { unit: string | null }) => one.unit === unit("a"))).toEqual([]);
    expect((await p.dgov(["prune", "--days", "0", "--kept"])).exitCode).toBe(0);
    expect(await p.repo.git("for-each-ref", "refs/dgov/keep")).toBe(refs);
  });
});
