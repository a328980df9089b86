/** Gates in real runs, each one line of shell. */

import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { scaled } from "../harness/limits.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

function one(turns: ModelTurn[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    plan: { max_retries: 0 },
    script: { rules: [{ unit: unit("a"), turns }] },
    ...more,
  });
}
const writesA = [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")];

function gates(p: TestProject): Record<string, unknown>[] {
  return p
    .events()
    .filter((e) => e.type === "gate.finished" && e.unit === unit("a"))
    .filter((e) => !["semantic", "structure"].includes(String(e.data["gate"])))
    .map((e) => ({ gate: e.data["gate"], status: e.data["status"] }));
}

describe("gates", () => {
  test.concurrent.each([
    ["is missing from PATH", "no-such-program-anywhere"],
    ["cannot be executed", "./readme.txt"],
  ])("A4 a gate that %s stops the run before any request to a model", async (_name, command) => {
    await using p = await one(writesA, { config: { project: { test_cmd: command } } });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({ code: "GATE_UNRUNNABLE", exit_code: 4 });
    expect(run.exitCode).toBe(4);
    expect(p.model.requests).toEqual([]);
  });

  test.concurrent.each([
    ["fails", "[ ! -e a.txt ]"],
    ["crashes", "[ ! -e a.txt ] || kill -SEGV $$"],
    ["times out", "[ ! -e a.txt ] || sleep 3000"],
    ["prints an unknown format and fails", "[ ! -e a.txt ] || { echo '<<%%>>'; exit 9; }"],
  ])("A4 a gate that %s never passes", async (_name, command) => {
    await using p = await one(writesA, {
      config: { project: { lint_cmd: command, settlement_timeout: scaled(2) } },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("A5 a change of documents runs the task's own test_cmd and the gates that apply", async () => {
    await using p = await one(
      [call("write_file", { path: "notes.md", content: "x\n" }), done("ok")],
      {
        tasks: { a: { files: ["notes.md"], test_cmd: "echo own; test -s notes.md" } },
        config: {
          project: { lint_cmd: "false {files}", type_check_cmd: "true", test_cmd: "echo project" },
        },
      },
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(gates(p)).toEqual([
      { gate: "lint", status: "not_applicable" },
      { gate: "types", status: "passed" },
      { gate: "tests", status: "passed" },
    ]);
    const tests = p
      .events()
      .find((e) => e.type === "gate.finished" && e.data["gate"] === "tests" && e.unit);
    expect(tests?.data["command"]).toBe("echo own; test -s notes.md ; echo project");
  });

  test.concurrent("a unit without tests lands beside one that has a test_cmd of its own", async () => {
    await using p = await one(writesA, {
      tasks: { a: {}, b: { test_cmd: "true" } },
      script: {
        rules: ["a", "b"].map((key) => ({
          unit: unit(key),
          turns: [call("write_file", { path: `${key}.txt`, content: "x\n" }), done("ok")],
        })),
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
  });

  test.concurrent("A6 A7 a change without related tests runs the full test command, even after deleting a test", async () => {
    await using p = await one(
      [
        {
          calls: [
            { tool: "delete_file", args: { path: "tests/old.test.ts" } },
            { tool: "write_file", args: { path: "a.txt", content: "a\n" } },
          ],
        },
        done("ok"),
      ],
      {
        files: { "tests/old.test.ts": "x\n", "tests/all.sh": "#!/bin/sh\necho ran everything\n" },
        tasks: { a: { files: { create: ["a.txt"], delete: ["tests/old.test.ts"] } } },
        config: { project: { test_cmd: "sh {test_dir}/all.sh", test_dir: "tests/" } },
      },
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const tests = p
      .events()
      .find((e) => e.type === "gate.finished" && e.data["gate"] === "tests" && e.unit);
    expect(tests?.data["tail"]).toContain("ran everything");
  });

  test.concurrent("A8 diagnostics of the base are not charged, one more of the same kind is", async () => {
    const lint =
      "#!/bin/sh\ngrep -n BAD *.txt | sed 's/:BAD.*/: error: bad word [bad]/' | grep . && exit 1 || exit 0\n";
    const project = (content: string): Promise<TestProject> =>
      one(
        [call("edit_file", { path: "old.txt", old_text: "end\n", new_text: content }), done("ok")],
        {
          files: { "lint.sh": lint, "old.txt": "BAD\nend\n" },
          tasks: { a: { files: ["old.txt"] } },
          config: { project: { lint_cmd: "sh lint.sh" } },
        },
      );
    await using fine = await project("good\nend\n");
    expect((await fine.dgov(["run", "p"])).exitCode).toBe(0);
    await using worse = await project("BAD\nend\n");
    expect((await worse.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await worse.landed()).toEqual([]);
  });

  test.concurrent("a test that fails on the base too is reported as base failure and not retried", async () => {
    await using p = await one(writesA, {
      plan: { max_retries: 3 },
      config: { project: { test_cmd: "echo '(fail) always'; exit 1" } },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.stderr).toContain("the base is red: tests");
    expect(run.stderr).toContain("base is red");
    expect(p.events().filter((e) => e.type === "attempt.prepared")).toHaveLength(1);
    expect(p.events()[1]).toMatchObject({
      type: "base.checked",
      data: { gates: [{ gate: "tests", status: "failed", tail: "(fail) always\n" }] },
    });
    const review = await p.dgov(["plan", "review", "p"]);
    expect(review.stdout).toContain("base was red: tests");
    expect(review.stdout).toContain("| (fail) always");
    const status = JSON.parse((await p.dgov(["status", "--json"])).stdout);
    expect(status.runs[0].red_base).toMatchObject([{ gate: "tests" }]);
    expect((await p.dgov(["diagnose"])).stdout).toContain("base_red");
  });

  test.concurrent("A17 a test that passes on its second run is flaky, lands, and is shown", async () => {
    await using p = await one(writesA, {
      config: {
        project: {
          test_cmd: 'if [ -e a.txt ] && [ ! -e "$COUNT" ]; then : > "$COUNT"; exit 1; fi',
        },
        run: { env: ["COUNT"] },
      },
    });
    const count = join(p.repo.root, "count");
    const run = await p.dgov(["run", "p", "--json"], { COUNT: count });
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toMatch(/flaky/);
    expect(JSON.parse(run.stdout).units[0].flaky).toEqual(["tests"]);
    expect((await p.dgov(["plan", "review", "p"])).stdout).toContain("flaky");
  });

  test.concurrent("A18 a dependency folder that leads back into the operator's checkout is not copied", async () => {
    await using p = await one(
      [call("write_file", { path: "lib/index.txt", content: "broken\n" }), done("ok")],
      {
        files: { "lib/index.txt": "sound\n", ".gitignore": "node_modules/\n" },
        tasks: { a: { files: ["lib/index.txt"] } },
        config: {
          project: {
            test_cmd:
              "f=node_modules/lib/index.txt; [ -e $f ] || f=lib/index.txt; grep -q sound $f",
          },
        },
      },
    );
    mkdirSync(join(p.root, "node_modules"));
    symlinkSync("../lib", join(p.root, "node_modules/lib"));
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("A18 an independent dependency folder is copied for worker and gates", async () => {
    await using p = await one(
      [call("run_bash", { command: "cp node_modules/dep/x a.txt" }), done("ok")],
      {
        files: { ".gitignore": "node_modules/\n" },
        config: { project: { test_cmd: "[ ! -e a.txt ] || cmp a.txt node_modules/dep/x" } },
      },
    );
    mkdirSync(join(p.root, "node_modules/dep"), { recursive: true });
    writeFileSync(join(p.root, "node_modules/dep/x"), "dependency\n");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("dependency\n");
  });

  test.concurrent("A19 a gate that rewrites files changes neither the next gate's input nor the landed files", async () => {
    await using p = await one(writesA, {
      config: {
        project: {
          lint_cmd: "[ ! -e a.txt ] || echo spoilt > a.txt; echo left > leftover.txt",
          test_cmd: "[ ! -e leftover.txt ] && { [ ! -e a.txt ] || grep -qx a a.txt; }",
        },
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("a\n");
    const lint = p
      .events()
      .find((e) => e.type === "gate.finished" && e.data["gate"] === "lint" && e.unit);
    expect(lint?.data["changed_paths"]).toEqual(["a.txt", "leftover.txt"]);
  });

  test.concurrent("B10 C3 autofix changes only the attempt's lines, and its unclaimed changes are rejected", async () => {
    const fixes = (format: string): Promise<TestProject> =>
      one(
        [call("edit_file", { path: "f.txt", old_text: "two\n", new_text: "TWO  \n" }), done("ok")],
        {
          files: { "f.txt": "one  \ntwo\nthree  \n" },
          tasks: { a: { files: ["f.txt"] } },
          config: { project: { format_cmd: format } },
        },
      );
    await using p = await fixes("sed -i 's/ *$//' {files}");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.repo.read("f.txt")).toBe("one  \nTWO\nthree  \n");
    await using q = await fixes("sed -i 's/ *$//' {files}; echo x > other.txt");
    expect((await q.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await q.landed()).toEqual([]);
  });

  test.concurrent("a failing review hook rejects the attempt with its output", async () => {
    await using p = await one(writesA, {
      config: { project: { review_hooks: ["echo hook says no to {files}; exit 2"] } },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(p.events().find((e) => e.type === "attempt.rejected")?.data["verdict"]).toBe(
      "hook_fail",
    );
  });
});
