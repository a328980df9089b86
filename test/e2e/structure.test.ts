/** Structural quality of a repository in runs, and the sentrux commands. */
import { describe, expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const used = "def f(x):\n    return x\n\nf(1)\n";

function branchy(name: string, branches: number): string {
  return `def ${name}(x):\n${"    if x: x += 1\n".repeat(branches)}    return x\n\n${name}(1)\n`;
}

/** A project of one Python file with a structural baseline, and a unit that rewrites the file. */
async function structured(
  before: string,
  after: string,
  more: Partial<ProjectOptions> = {},
): Promise<TestProject> {
  const turns = [call("read_file", { path: "a.py" }), write(after), done("ok")];
  const p = await testProject({
    files: { "a.py": before },
    tasks: { a: { files: ["a.py"] } },
    plan: { max_retries: 0 },
    script: { rules: [{ unit: unit("a"), turns }] },
    ...more,
  });
  const saved = await p.dgov(["sentrux", "gate-save"]);
  expect(saved.exitCode).toBe(0);
  await p.repo.git("add", ".sentrux");
  await p.repo.git("commit", "-q", "-m", "structural baseline");
  return p;
}

function write(text: string) {
  return call("write_file", { path: "a.py", content: text });
}

function finished(p: TestProject): Record<string, unknown> {
  return p.events().findLast(({ type }) => type === "run.finished")?.data ?? {};
}

describe("structure in runs", () => {
  test("A13 a function above the complexity limit is rejected with its line", async () => {
    await using p = await structured(used, `${used}\n${branchy("god", 30)}`);
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
    const rejected = p.events().find(({ type }) => type === "attempt.rejected");
    expect(rejected?.data).toMatchObject({
      gates: [
        { gate: "semantic", status: "passed" },
        {
          gate: "structure",
          diagnostics: [
            { file: "a.py", line: 6, code: "cognitive_function" },
            { file: "a.py", line: 6, code: "complex_function" },
          ],
        },
      ],
    });
  });

  test("A13 a change beside an old violation lands", async () => {
    const old = branchy("old", 30);
    await using p = await structured(old, `${old}\ny = 1\n`);
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
    expect(JSON.parse(run.stdout)).toMatchObject({
      degraded: false,
      structural: { offenders: [] },
    });
  });

  test("a complete run without degradation refreshes the structural baseline in the bookkeeping commit", async () => {
    await using p = await structured(used, `${used}y = 1\n`);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const note = JSON.parse(await p.repo.git("show", "HEAD:.sentrux/dgov-baseline.json"));
    expect(note).toMatchObject({ accepted_head: await p.repo.git("rev-parse", "HEAD~1") });
    const paths = await p.repo.git("diff", "--name-only", "HEAD~1", "HEAD");
    expect(paths.split("\n").filter((path) => !/^\.(dgov|sentrux)\//.test(path))).toEqual([]);
    expect(await p.repo.git("status", "--porcelain")).toBe("");
    const status = JSON.parse((await p.dgov(["sentrux", "status", "--json"])).stdout);
    expect(status).toMatchObject({ age_commits: 1, stale: null });
  });

  const lost = `${used}\ndef lost(x):\n    return x + 1\n`;

  test("a degraded branch is reported and keeps its baseline", async () => {
    await using p = await structured(used, lost);
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(0);
    const structural = { before: 1, after: 0.8706, baseline: 1, offenders: [] };
    const degraded = ["quality fell from 10000 to 8706"];
    expect(JSON.parse(run.stdout)).toMatchObject({
      status: "complete",
      degraded: true,
      structural: { ...structural, degraded },
    });
    expect(finished(p)).toMatchObject({ degraded: true, structural: { ...structural, degraded } });
    const baseline = JSON.parse(await p.repo.git("show", "HEAD:.sentrux/baseline.json"));
    expect(baseline.quality_signal).toBe(1);
    const list = JSON.parse((await p.dgov(["plan", "list", "--all", "--json"])).stdout);
    expect(JSON.stringify(list)).toContain("degraded");
  });

  test('on_degraded = "fail" makes a degraded run exit 1', async () => {
    await using p = await structured(used, lost, {
      config: { sentrux: { on_degraded: "fail" } },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain("complete, degraded");
    expect(run.stdout).toContain("the branch is degraded: quality fell from 10000 to 8706");
    expect(await p.landed()).toEqual([unit("a")]);
  });

  test("an old or missing structural baseline is reported at the start of a run", async () => {
    await using p = await structured(used, `${used}y = 1\n`, {
      config: { sentrux: { stale_commits: 0 } },
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.stderr).toContain("the structural baseline is 1 commit old (limit 0)");
    await using q = await testProject({
      files: { "a.py": used },
      tasks: { a: { files: ["a.py"] } },
      script: { rules: [{ unit: unit("a"), turns: [write(`${used}y = 1\n`), done("ok")] }] },
    });
    expect((await q.dgov(["run", "p"])).stderr).toContain("no structural baseline");
  });
});

describe("sentrux commands", () => {
  test("sentrux gate compares the working tree, and offenders lists violations", async () => {
    await using p = await structured(used, used);
    expect((await p.dgov(["sentrux", "gate"])).exitCode).toBe(0);
    expect((await p.dgov(["sentrux", "check"])).exitCode).toBe(0);
    p.repo.write("a.py", `${lost()}${branchy("god", 30)}`);
    p.repo.write("lib/b.py", branchy("other", 30));
    const gate = await p.dgov(["sentrux", "gate", "--json"]);
    expect([gate.exitCode, JSON.parse(gate.stdout).passed]).toEqual([1, false]);
    expect((await p.dgov(["sentrux", "check"])).exitCode).toBe(1);
    const all = await p.dgov(["sentrux", "offenders", "--json"]);
    const { offenders } = JSON.parse(all.stdout) as { offenders: { path: string; line: number }[] };
    expect(all.exitCode).toBe(0);
    expect(offenders.map(({ path, line }) => `${path}:${line}`)).toEqual([
      "a.py:4",
      "a.py:4",
      "lib/b.py:1",
      "lib/b.py:1",
    ]);
    const some = await p.dgov(["sentrux", "offenders", "lib", "--json"]);
    expect(JSON.parse(some.stdout).offenders).toHaveLength(2);
  });

  const lost = (): string => "def lost(x):\n    return x + 1\n\n";

  test.each([
    [["sentrux", "gate", "nowhere"], 2, "nowhere is not a folder"],
    [["sentrux", "check", ".."], 2, ".. is not in the project"],
  ])("%p is a usage error", async (args, code, message) => {
    await using p = await testProject({ tasks: { a: {} }, script: { rules: [] } });
    const run = await p.dgov(args);
    expect([run.exitCode, run.stderr.includes(message)]).toEqual([code, true]);
  });

  test("sentrux gate without a baseline names the command that creates one", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: { rules: [] } });
    const run = await p.dgov(["sentrux", "gate", "--json"]);
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      code: "REFUSED",
      hint: "dgov sentrux gate-save",
    });
  });
});
