/** The first use of dgov in a repository: `init` and one other command, without a plan made before. */
import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelScript } from "../../src/demo/script.ts";
import { call, done } from "../../src/demo/script.ts";
import { startScriptedModel } from "../../src/demo/scripted-model.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { testProject } from "../harness/project.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

interface Fresh {
  repo: TestRepo;
  dgov(...args: string[]): Promise<DgovRun>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A repository in which `dgov init -y` was the only command, with a scripted model as its provider. */
async function initialised(
  script: ModelScript,
  files: Record<string, string> = { "readme.txt": "hello\n" },
): Promise<Fresh> {
  const model = await startScriptedModel(script);
  const repo = await testRepo(files, { commit: Object.keys(files).length > 0 });
  const env = { ...repo.env, OPENAI_API_KEY: "sk-test", DGOV_TRUST_PROVIDERS: "1" };
  const run = (...args: string[]): Promise<DgovRun> => dgov(args, { cwd: repo.path, env });
  expect((await run("init", "-y", "--provider", "openai")).exitCode).toBe(0);
  const config = join(repo.path, ".dgov/project.toml");
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace(/^base_url = .*$/m, `base_url = "${model.baseUrl}"`));
  return {
    repo,
    dgov: run,
    async [Symbol.asyncDispose]() {
      await model.stop();
      await repo[Symbol.asyncDispose]();
    },
  };
}

const fixes: ModelScript = {
  rules: [{ turns: [call("write_file", { path: "new.txt", content: "x\n" }), done("ok")] }],
};
const fix = ["fix", "Write it", "-f", "new.txt", "--name", "w"];

async function expectComplete(p: Fresh): Promise<void> {
  const run = await p.dgov(...fix, "--json");
  expect([JSON.parse(run.stdout), run.exitCode]).toMatchObject([
    { status: "complete", units: [{ phase: "landed" }] },
    0,
  ]);
  const review = JSON.parse((await p.dgov("plan", "review", "w", "--json")).stdout);
  expect(review).toMatchObject({ phase: "complete", warnings: [] });
  expect(await p.repo.git("status", "--porcelain")).toBe("");
}

describe("first use", () => {
  test.concurrent("B26 fix after init lands, exits 0 and is recorded as complete", async () => {
    await using p = await initialised(fixes);
    await p.repo.git("add", "-A");
    await p.repo.git("commit", "-q", "-m", "set up dgov");
    await expectComplete(p);
    expect(p.repo.read(".dgov/plans/deployed.jsonl")).toContain('"plan":"w"');
  });

  test.concurrent("B26 fix after init lands in a repository without a commit", async () => {
    await using p = await initialised(fixes, {});
    await expectComplete(p);
  });

  test.concurrent("B26 fix lands after the operator removed the folder of plans", async () => {
    await using p = await initialised(fixes);
    await p.repo.git("add", "-A");
    await p.repo.git("commit", "-q", "-m", "set up dgov");
    rmSync(join(p.repo.path, ".dgov/plans"), { recursive: true, force: true });
    rmSync(join(p.repo.path, ".dgov/runtime"), { recursive: true, force: true });
    await expectComplete(p);
  });
});

const sop = `---
name: one
title: T
summary: S
applies_to: [parser]
priority: must
---
${["When", "Do", "Do Not", "Verify", "Escalate"].map((name) => `## ${name}\n- x\n`).join("\n")}`;

describe("uncommitted changes", () => {
  test.concurrent.each([
    ["run", ["run", "p"], "readme.txt", "readme.txt"],
    ["run --continue", ["run", "p", "--continue"], "readme.txt", "readme.txt"],
    ["run with a claimed file", ["run", "p", "--allow-dirty"], "a.txt", "that the plan claims"],
    ["fix", ["fix", "Write it", "-f", "new.txt"], "readme.txt", "readme.txt"],
    ["plan create", ["plan", "create", "goal", "--auto"], null, null],
  ] as const)("D18 %s reports them before it asks a model", async (_, args, path, words) => {
    await using p = await testProject({
      tasks: { a: {} },
      config: { sops: { picker: "model" } },
      files: { ".dgov/sops/one.md": sop },
      script: { rules: [{ turns: [done("ok")] }] },
    });
    p.repo.write(path ?? "readme.txt", "edited\n");
    const run = await p.dgov([...args]);
    if (words === null) {
      // The planner reads the last commit; its operator is told so first.
      const lines = run.stderr.split("\n");
      expect(lines[0]).toContain("does not see uncommitted changes");
      return;
    }
    expect([run.exitCode, run.stderr]).toEqual([4, expect.stringContaining(words)]);
    expect(p.model.requests.length).toBe(0);
  });
});

describe("the structural baseline", () => {
  test.concurrent("A30 init without a terminal saves it, and doctor says that it is not committed", async () => {
    await using p = await initialised(fixes, { "a.py": "def f():\n    return 1\n" });
    expect(p.repo.read(".sentrux/baseline.json")).toContain("quality_signal");
    const structure = async (): Promise<{ detail: string }> => {
      const { checks } = JSON.parse((await p.dgov("doctor", "--json")).stdout);
      return checks.find(({ check }: { check: string }) => check === "structure");
    };
    expect((await structure()).detail).toContain("not committed");
    await p.repo.git("add", "-A");
    await p.repo.git("commit", "-q", "-m", "set up dgov");
    expect((await structure()).detail).not.toContain("not committed");
  });
});

test.concurrent("B22 a run refuses a protected branch and lands on another", async () => {
  await using p = await testProject({
    tasks: { a: {} },
    config: { run: { protected: ["main"] } },
    script: {
      rules: [{ turns: [call("write_file", { path: "a.txt", content: "x\n" }), done("ok")] }],
    },
  });
  const run = await p.dgov(["run", "p"]);
  expect(run.exitCode).not.toBe(0);
  expect(run.stderr).toContain("main is protected by [run] protected");
  expect(p.model.requests.length).toBe(0);
  await p.repo.git("checkout", "-q", "-b", "work");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect([await p.landed("main"), await p.landed("work")]).toEqual([[], ["tasks/main.a"]]);
});
