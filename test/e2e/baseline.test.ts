/** The structural baseline of a project that has none, or none that is committed. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const used = "def f(x):\n    return x\n\nf(1)\n";

/** A function that nothing uses: quality falls, and no offender is added. */
const unused = `${used}\ndef lost(x):\n    return x + 1\n`;

const branchy = `def god(x):\n${"    if x: x += 1\n".repeat(30)}    return x\n\ngod(1)\n`;

const baseline = ".sentrux/baseline.json";
const note = ".sentrux/dgov-baseline.json";

const write = (path: string, content: string): ModelTurn => call("write_file", { path, content });

/** A project of one Python file; unit `a` adds a text and `b`, after it, writes this file. */
function project(b: ModelTurn, more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    files: { "a.py": used },
    tasks: {
      a: { files: ["a.txt"] },
      b: { files: ["a.py", "b.py"], depends_on: ["a"] },
    },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), turns: [write("a.txt", "x\n"), done("ok")] },
        { unit: unit("b"), turns: [call("read_file", { path: "a.py" }), b, done("ok")] },
      ],
    },
    ...more,
  });
}

const strict = { config: { sentrux: { mode: "strict" } } };

const committed = async (p: TestProject, path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await p.repo.git("show", `HEAD:${path}`));

const isCommitted = async (p: TestProject, rev = "HEAD"): Promise<boolean> =>
  (await p.repo.git("ls-tree", "-r", "--name-only", rev)).includes(".sentrux/");

const head = (p: TestProject): Promise<string> => p.repo.git("rev-parse", "HEAD");

async function commitAll(p: TestProject, message: string): Promise<void> {
  await p.repo.git("add", "-A");
  await p.repo.git("commit", "-q", "-m", message);
}

/** The row of `dgov doctor` about structure. */
async function doctor(p: TestProject): Promise<{ state: string; detail: string }> {
  const { checks } = JSON.parse((await p.dgov(["doctor", "--json"])).stdout);
  return checks.find(({ check }: { check: string }) => check === "structure");
}

const rejection = (p: TestProject): string =>
  String(p.events().find(({ type }) => type === "attempt.rejected")?.data["reason"] ?? "");

/** Verdict of the structure gate on the base. */
function onBase(p: TestProject): string | undefined {
  const gates = p.events().find(({ type }) => type === "base.checked")?.data["gates"];
  return (gates as { gate: string; status: string }[]).find((one) => one.gate === "structure")
    ?.status;
}

/** Writes a baseline that no tree is worse than, as the operator's own file. */
async function saveLax(p: TestProject): Promise<void> {
  expect((await p.dgov(["sentrux", "gate-save"])).exitCode).toBe(0);
  p.repo.write(
    baseline,
    p.repo.read(baseline).replace(/"quality_signal": [\d.]+/, '"quality_signal": 0'),
  );
}

describe("a missing structural baseline", () => {
  test.concurrent("A30 is made of the base by a run, which rejects a worse unit and commits it", async () => {
    await using p = await project(write("b.py", branchy));
    const before = await head(p);
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("no structural baseline: measuring the base");
    expect(await p.landed()).toEqual([unit("a")]);
    expect(rejection(p)).toContain("structure failed: god has a cognitive complexity of 30");
    expect(await p.repo.git("log", "-1", "--format=%s")).toBe("chore: dgov bookkeeping for p");
    expect(await committed(p, baseline)).toMatchObject({ quality_signal: 1, complex_fn_count: 0 });
    expect(await committed(p, note)).toMatchObject({ accepted_head: before, engine: "builtin" });
    expect(await p.repo.git("status", "--porcelain")).toBe("");
    expect(await doctor(p)).toMatchObject({ state: "ok", detail: "built in" });
  });

  test.concurrent("A30 is made by a run in strict mode, which compares each tree with it", async () => {
    await using p = await project(write("a.py", unused), strict);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(rejection(p)).toContain("structure failed: quality fell from 10000");
    expect(await committed(p, baseline)).toMatchObject({ quality_signal: 1 });
  });

  test.concurrent("A30 is committed as the landed work has it after a clean run", async () => {
    await using p = await project(write("a.py", `${used}y = 1\n`));
    const run = await p.dgov(["run", "p", "--json"]);
    expect([run.exitCode, JSON.parse(run.stdout)]).toMatchObject([
      0,
      { degraded: false, warnings: [], structural: { before: 1, baseline: 1 } },
    ]);
    const landed = await p.repo.git("rev-parse", "HEAD~1");
    expect(await committed(p, note)).toMatchObject({ accepted_head: landed });
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  test.concurrent("A30 is committed as the base has it when the branch is degraded", async () => {
    await using p = await project(write("a.py", unused));
    const run = await p.dgov(["run", "p", "--json"]);
    expect([run.exitCode, JSON.parse(run.stdout).degraded]).toEqual([0, true]);
    expect(await committed(p, baseline)).toMatchObject({ quality_signal: 1 });
  });

  test.concurrent("A30 is committed to another branch than the checkout's, where nothing changes", async () => {
    await using p = await project(write("b.py", branchy));
    await p.repo.git("branch", "side");
    const before = await head(p);
    expect((await p.dgov(["run", "p", "--target", "side"])).exitCode).toBe(1);
    expect([await p.landed("side"), await head(p)]).toEqual([[unit("a")], before]);
    expect([await isCommitted(p, "side"), await isCommitted(p)]).toEqual([true, false]);
    expect(rejection(p)).toContain("structure failed");
    expect(await p.repo.git("status", "--porcelain", "--", ".sentrux")).toBe("");
  });

  test.concurrent("A30 is made by init where the rest is set up", async () => {
    await using p = await project(write("a.py", used));
    const init = await p.dgov(["init", "-y"]);
    expect([init.exitCode, init.stdout]).toEqual([0, expect.stringContaining(`wrote ${baseline}`)]);
    expect(await doctor(p)).toMatchObject({ state: "warn" });
    expect((await p.dgov(["init"])).stdout).toBe(".dgov is already set up\n");
  });

  const notMade: [string, (p: TestProject) => Promise<unknown>, Partial<ProjectOptions>][] = [
    ["with the gate off", async () => {}, { config: { sentrux: { mode: "off" } } }],
    ["without source", async () => {}, { files: {} }],
    [
      "that the operator deleted",
      async (p) => {
        expect((await p.dgov(["sentrux", "gate-save"])).exitCode).toBe(0);
        await commitAll(p, "baseline");
        await p.repo.git("rm", "-q", "-r", ".sentrux");
        await commitAll(p, "no baseline");
        expect((await p.dgov(["init", "-y"])).exitCode).toBe(0);
        await commitAll(p, "init");
        expect((await doctor(p)).detail).toContain("no baseline (deleted in ");
      },
      {},
    ],
  ];
  test.concurrent.each(notMade)("A30 is not made %s", async (_, prepare, more) => {
    await using p = await project(write("b.py", branchy), more);
    await prepare(p);
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed()]).toEqual([0, [unit("a"), unit("b")]]);
    expect(run.stderr).not.toContain("measuring the base");
    expect([onBase(p), await isCommitted(p)]).toEqual([undefined, false]);
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  const notCommitted: [string, (p: TestProject) => Promise<unknown>][] = [
    [
      "in a project that ignores it",
      async (p) => {
        p.repo.write(".gitignore", ".sentrux/\n");
        await commitAll(p, "ignore");
      },
    ],
    [
      "in a project that does not track .dgov",
      async (p) => {
        await p.repo.git("rm", "-q", "-r", "--cached", ".dgov");
        p.repo.write(".gitignore", ".dgov/\n");
        await commitAll(p, "ignore");
      },
    ],
  ];
  test.concurrent.each(notCommitted)("A30 judges %s, and is not committed", async (_, prepare) => {
    await using p = await project(write("b.py", branchy));
    await prepare(p);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([unit("a")]);
    expect(rejection(p)).toContain("structure failed");
    expect(await isCommitted(p)).toBe(false);
    expect(await p.repo.git("status", "--porcelain", "--ignored", "--", ".sentrux")).toBe("");
  });

  test.concurrent("A30, P3 is made again when the run was killed before its commit", async () => {
    let again = false;
    const rules = [
      { unit: unit("a"), turns: [write("a.txt", "x\n"), done("ok")] },
      { unit: unit("b"), when: () => !again, turns: [write("b.py", branchy), done("ok")] },
      { unit: unit("b"), turns: [write("b.py", "x = 1\n"), done("ok")] },
    ];
    await using p = await project(write("b.py", branchy), { script: { rules } });
    // The second landing is that of the bookkeeping commit.
    const killed = await p.dgov(["run", "p"], { DGOV_FAULT: "land.before_prepare@2" });
    expect(killed.exitCode).toBe(137);
    expect([p.repo.read(baseline), await isCommitted(p)]).toEqual([expect.anything(), false]);
    expect((await doctor(p)).detail).toContain("dgov run makes it");
    const before = await head(p);
    again = true;
    const run = await p.dgov(["run", "p", "--continue", "--json"]);
    expect([run.exitCode, JSON.parse(run.stdout).warnings]).toEqual([0, []]);
    expect(run.stderr).toContain("measuring the base");
    expect(await isCommitted(p)).toBe(true);
    expect(await p.repo.git("rev-list", "--count", `${before}..HEAD`)).toBe("2");
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });

  test.concurrent("A30 is no reason for a commit when nothing landed", async () => {
    await using p = await project(write("b.py", branchy), {
      tasks: { b: { files: ["a.py", "b.py"] } },
    });
    const before = await head(p);
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(rejection(p)).toContain("structure failed");
    expect(await head(p)).toBe(before);
    expect(await p.repo.git("status", "--porcelain")).toBe("");
  });
});

describe("a structural baseline on disk", () => {
  test.concurrent.each([
    ["that was never committed", false],
    ["other than the committed one", true],
  ])("A30 %s is used, and doctor and run say that it is not committed", async (_, other) => {
    await using p = await project(write("a.py", unused), strict);
    if (other) {
      expect((await p.dgov(["sentrux", "gate-save"])).exitCode).toBe(0);
      await commitAll(p, "baseline");
    }
    await saveLax(p);
    expect(await doctor(p)).toMatchObject({
      state: "warn",
      detail: expect.stringContaining("not committed"),
    });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("on disk is not committed; this run uses it");
    expect(await p.landed()).toEqual([unit("a"), unit("b")]);
    expect(await isCommitted(p)).toBe(other);
  });

  test.concurrent("A30 is used by preflight before it is committed", async () => {
    await using p = await project(write("a.py", used));
    p.repo.write("b.py", branchy);
    const structure = async (): Promise<{ status: string }> => {
      const { gates } = JSON.parse((await p.dgov(["preflight", "--json"])).stdout);
      return gates.find(({ gate }: { gate: string }) => gate === "structure");
    };
    expect(await structure()).toMatchObject({ status: "not_applicable" });
    await saveLax(p);
    expect(await structure()).toMatchObject({ status: "failed" });
  });

  const lax = JSON.stringify({
    quality_signal: 0,
    coupling_score: 1,
    cycle_count: 9,
    god_file_count: 9,
    complex_fn_count: 9,
  });
  const forge = `R=$(cat "$HOME/place"); mkdir -p "$R/.sentrux"; echo '${lax}' > "$R/${baseline}"`;

  test.concurrent.each([
    ["the first", false],
    ["another than the committed", true],
  ])("A30 that a worker writes, %s one, is neither used nor committed", async (_, other) => {
    const turns = [call("run_bash", { command: forge }), write("a.txt", "x\n"), done("ok")];
    const b = [call("read_file", { path: "a.py" }), write("a.py", unused), done("ok")];
    await using p = await project(write("a.py", unused), {
      ...strict,
      script: {
        rules: [
          { unit: unit("a"), turns },
          { unit: unit("b"), turns: b },
        ],
      },
    });
    const home = p.repo.env["HOME"] ?? "";
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "place"), p.repo.path);
    if (other) {
      expect((await p.dgov(["sentrux", "gate-save"])).exitCode).toBe(0);
      await commitAll(p, "baseline");
    }
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(rejection(p)).toContain("structure failed: quality fell from 10000");
    expect(run.stdout).toContain("changed during the run, and dgov did not change it");
    expect(await committed(p, baseline)).toMatchObject({ quality_signal: 1 });
  });

  test.concurrent("A30 is not written through a link in place of its folder", async () => {
    await using p = await project(write("a.py", used));
    const outside = join(p.repo.root, "outside");
    mkdirSync(outside);
    symlinkSync(outside, join(p.repo.path, ".sentrux"));
    const saved = await p.dgov(["sentrux", "gate-save"]);
    expect([saved.exitCode, saved.stderr]).toEqual([
      1,
      expect.stringContaining(".sentrux is a symbolic link"),
    ]);
    expect(readdirSync(outside)).toEqual([]);
  });
});
