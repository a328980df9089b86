/** Runs with `[run] bookkeeping = "none"`: nothing that git tracks changes at their end, and later runs know what landed. */
import { expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { call, done, type ModelRule } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const claims = { files: { touch: ["a.ts"] } };
const write = (content: string) => call("write_file", { path: "a.ts", content });

function project(rules: ModelRule[]): Promise<TestProject> {
  return testProject({
    files: { "b.ts": "export const b = 1;\n" },
    tasks: { a: claims },
    plan: { max_retries: 0 },
    config: { run: { bookkeeping: "none" } },
    script: { rules },
  });
}

const history = (p: TestProject): string =>
  join(p.repo.path, ".git/dgov/project", "deployed.jsonl");

async function edit(p: TestProject, summary: string): Promise<void> {
  p.writePlan({ a: { ...claims, summary } });
  await p.repo.git("commit", "-qam", "edit the plan");
}

async function subjects(p: TestProject, branch = "main"): Promise<string[]> {
  return (await p.repo.git("log", "--format=%s", branch)).split("\n");
}

test.concurrent("F9 without bookkeeping a run changes only what landed, and later runs know it", async () => {
  const rules: ModelRule[] = [
    { unit: unit("a"), turns: [write("export const a = 1;\n"), done("a")] },
  ];
  await using p = await project(rules);
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect((await subjects(p))[0]).toBe("feat: a");
  expect(await p.repo.git("status", "--porcelain")).toBe("");
  expect(p.repo.read(".dgov/plans/p/_root.toml")).toContain('name = "p"');
  expect(existsSync(join(p.root, ".sentrux"))).toBe(false);
  expect(await p.dgov(["run", "p"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("nothing to do"),
  });
  // The trailers of a commit have the digest of the text that it landed with; the history has later ones.
  rules.splice(0, 1, { unit: unit("a"), turns: [done("nothing to do")] });
  await edit(p, "Do a with other words");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  const requests = p.model.requests.length;
  expect((await p.dgov(["run", "p"])).stdout).toContain("nothing to do");
  expect(p.model.requests).toHaveLength(requests);
  expect(await p.repo.git("status", "--porcelain")).toBe("");
  const status = JSON.parse((await p.dgov(["plan", "status", "p", "--json"])).stdout);
  expect(status.units[0].state).toBe("already_satisfied");

  // With bookkeeping again, the history, baseline and archive are committed.
  const config = join(p.root, ".dgov/project.toml");
  writeFileSync(config, readFileSync(config, "utf8").replace('"none"', '"commit"'));
  await p.repo.git("commit", "-qam", "bookkeeping");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect((await subjects(p))[0]).toBe("chore: dgov bookkeeping for p");
  const digests = p.repo.read(".dgov/plans/deployed.jsonl").trim().split("\n");
  expect(digests).toHaveLength(2);
  expect(existsSync(join(p.root, ".dgov/plans/archive/p"))).toBe(true);
});

test.concurrent("F9 without bookkeeping a branch that is not checked out gets only what landed, and an untracked plan is archived", async () => {
  await using p = await project([
    { unit: unit("a"), turns: [write("export const a = 1;\n"), done("a")] },
  ]);
  await p.repo.git("branch", "work");
  expect((await p.dgov(["run", "p", "--target", "work"])).exitCode).toBe(0);
  expect((await subjects(p, "work"))[0]).toBe("feat: a");
  expect(await p.repo.git("status", "--porcelain")).toBe("");
  expect((await p.dgov(["run", "p", "--target", "work"])).stdout).toContain("nothing to do");
  await p.repo.git("rm", "-q", "-r", "--cached", ".dgov/plans");
  await p.repo.git("commit", "-q", "-m", "plans are not tracked");
  expect((await p.dgov(["run", "p", "--allow-dirty", "--target", "main"])).exitCode).toBe(0);
  expect(await subjects(p)).toEqual(["feat: a", "plans are not tracked", expect.anything()]);
  expect(existsSync(join(p.root, ".dgov/plans/archive/p"))).toBe(true);
});

test.concurrent("F9 what a worker writes into the history below the git directory is taken back", async () => {
  const rules: ModelRule[] = [];
  await using p = await testProject({
    tasks: { a: {} },
    config: { run: { bookkeeping: "none" }, sandbox: { mode: "off" } },
    script: { rules },
  });
  const forged = {
    plan: "p",
    unit: unit("b"),
    digest: null,
    sha: await p.repo.git("rev-parse", "main"),
  };
  mkdirSync(dirname(history(p)), { recursive: true });
  appendFileSync(history(p), "");
  const command = `echo '${JSON.stringify(forged)}' >> '${history(p)}'; echo a > a.txt`;
  rules.push({ unit: unit("a"), turns: [call("run_bash", { command }), done("a")] });
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, run.stdout]).toEqual([0, expect.stringContaining("it was put back")]);
  const lines = readFileSync(history(p), "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).unit)).toEqual([unit("a")]);
});
