/** The external `sentrux` program beside the built-in sensor: a script follows its contract, or breaks it. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const figures = {
  timestamp: 1_700_000_000,
  quality_signal: 0.61,
  coupling_score: 0,
  cycle_count: 0,
  god_file_count: 0,
  hotspot_count: 0,
  complex_fn_count: 0,
  max_depth: 1,
  total_import_edges: 1,
  cross_module_edges: 0,
};

/** `gate --save` of a program with these figures. */
const save = (data: object): string =>
  `mkdir -p "$3/.sentrux"; echo '${JSON.stringify(data)}' > "$3/.sentrux/baseline.json"; echo "Quality: 6100"`;

/** `gate`: a file with the word WORSE is worse than the baseline, which must be there. */
const compare = `grep -q '"quality_signal":0.61' "$2/.sentrux/baseline.json" || { echo "no baseline"; exit 1; }
if grep -q WORSE "$2/a.py"; then echo "Quality: 6100 -> 5000"; echo "✗ Quality signal dropped"; echo "✗ DEGRADED"; exit 1; fi
echo "Quality: 6100 -> 6100"; echo "✓ No degradation detected"`;

interface Program {
  save: string;
  gate: string;
}

const good: Program = { save: save(figures), gate: compare };

/** Programs that give no judgement, with the beginning of the reason. */
const unusable: [string, Program, string][] = [
  [
    "measures nothing for want of grammars",
    { ...good, save: save({ ...figures, total_import_edges: 0 }) },
    "sentrux measured no imports",
  ],
  ["fails", { save: "echo boom; exit 1", gate: "echo boom; exit 1" }, "sentrux saved no baseline"],
  [
    "is another program of that name",
    { save: 'echo "x = 1" > "$3/baseline.toml"; echo saved', gate: "echo fine" },
    "sentrux saved no baseline (no file was written): saved",
  ],
  [
    "saves some of the figures only",
    { ...good, save: save({ quality_signal: 0.61, cycle_count: 0 }) },
    "sentrux saved no baseline (coupling_score is not a non-negative number)",
  ],
  ["kills itself", { ...good, save: "kill -9 $$" }, "sentrux "],
];

const before = "import b\n\ndef f(x):\n    return x\n\nf(b.g)\n";

async function project(
  program: Program,
  config: Record<string, unknown>,
  after = `${before}y = 1\n`,
): Promise<{ p: TestProject; env: Record<string, string>; program: string }> {
  const turns = [
    call("read_file", { path: "a.py" }),
    call("write_file", { path: "a.py", content: after }),
    done("ok"),
  ];
  const p = await testProject({
    files: { "a.py": before, "b.py": "def g():\n    return 1\n" },
    tasks: { a: { files: ["a.py"] } },
    plan: { max_retries: 0 },
    config: { sentrux: config },
    script: { rules: [{ unit: unit("a"), turns }] },
  });
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin);
  const script = `#!/bin/sh
case "$1 $2" in
"--version "*) echo "sentrux 0.5.7" ;;
"gate --save") ${program.save} ;;
gate*) ${program.gate} ;;
*) echo "no .sentrux/rules.toml"; exit 1 ;;
esac
`;
  writeFileSync(join(bin, "sentrux"), script, { mode: 0o755 });
  return { p, env: { PATH: `${bin}:${p.env["PATH"]}` }, program: join(bin, "sentrux") };
}

async function commitBaseline(p: TestProject, env: Record<string, string> = {}): Promise<void> {
  const saved = await p.dgov(["sentrux", "gate-save"], env);
  expect(saved.exitCode).toBe(0);
  await p.repo.git("add", ".sentrux");
  await p.repo.git("commit", "-q", "-m", "structural baseline");
}

const noteIn = async (p: TestProject): Promise<Record<string, unknown>> =>
  JSON.parse(await p.repo.git("show", "HEAD:.sentrux/dgov-baseline.json"));

describe("A32 the external sentrux", () => {
  test("judges where it is usable, and refreshes its own baseline", async () => {
    const { p, env } = await project(good, { mode: "strict" });
    await using _ = p;
    await commitBaseline(p, env);
    expect(await noteIn(p)).toMatchObject({ engine: "sentrux", engine_version: "0.5.7" });
    const run = await p.dgov(["run", "p"], env);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("structure is judged by sentrux 0.5.7");
    const end = p.events().findLast(({ type }) => type === "run.finished")?.data;
    expect(end).toMatchObject({ structural: { engine: { name: "sentrux" }, after: 0.61 } });
    expect(await noteIn(p)).toMatchObject({
      engine: "sentrux",
      accepted_head: await p.repo.git("rev-parse", "HEAD~1"),
    });
  });

  test("rejects a change that it calls degraded", async () => {
    const { p, env } = await project(good, { mode: "strict" }, `${before}WORSE = 1\n`);
    await using _ = p;
    await commitBaseline(p, env);
    expect((await p.dgov(["run", "p"], env)).exitCode).toBe(1);
    const rejected = p.events().find(({ type }) => type === "attempt.rejected")?.data;
    expect(rejected?.["reason"]).toContain("structure failed: Quality signal dropped");
    expect(await p.landed()).toEqual([]);
  });

  test("A30 makes the missing baseline, and judges with it at once", async () => {
    const { p, env } = await project(good, { mode: "strict" }, `${before}WORSE = 1\n`);
    await using _ = p;
    const run = await p.dgov(["run", "p"], env);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("structure is judged by sentrux 0.5.7");
    const rejected = p.events().find(({ type }) => type === "attempt.rejected")?.data;
    expect(rejected?.["reason"]).toContain("structure failed: Quality signal dropped");
  });

  test("A30 that is not usable leaves the missing baseline to the built-in sensor", async () => {
    const [[, program, reason] = ["", good, ""]] = unusable;
    const { p, env } = await project(program, {});
    await using _ = p;
    const run = await p.dgov(["run", "p"], env);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain(`the built-in sensor judges: ${reason}`);
    expect(await noteIn(p)).toMatchObject({ engine: "builtin" });
  });

  for (const [fault, program, reason] of unusable) {
    test(`that ${fault} is not asked, and the run names the engine that judges`, async () => {
      const { p, env } = await project(program, { mode: "strict" });
      await using _ = p;
      const saved = await p.dgov(["sentrux", "gate-save", "--json"], env);
      expect([saved.exitCode, JSON.parse(saved.stdout).engine]).toEqual([0, "builtin"]);
      // The figures of the program: the built-in sensor must neither compare nor replace them.
      writeFileSync(join(p.root, ".sentrux/baseline.json"), JSON.stringify(figures));
      await p.repo.git("add", ".sentrux/baseline.json");
      await p.repo.git("commit", "-q", "-m", "the program's baseline");
      const run = await p.dgov(["run", "p"], env);
      expect(run.exitCode).toBe(4);
      expect(run.stderr).toContain(`the built-in sensor judges: ${reason}`);
      expect(run.stderr).toContain("measured by sentrux, and the built-in sensor 2 judges");
      expect(await p.landed()).toEqual([]);
    });

    test(`that ${fault} fails the run where it is required`, async () => {
      const { p, env } = await project(program, { engine: "external" });
      await using _ = p;
      const run = await p.dgov(["run", "p"], env);
      expect(run.exitCode).toBe(4);
      expect(run.stderr).toContain(reason);
      expect(await p.landed()).toEqual([]);
      expect((await p.dgov(["sentrux", "gate-save"], env)).exitCode).toBe(4);
    });
  }

  test("does not judge against the built-in sensor's baseline", async () => {
    const { p, env } = await project(good, {});
    await using _ = p;
    await commitBaseline(p);
    const run = await p.dgov(["run", "p"], env);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain("the baseline is the built-in sensor's");
    expect(await noteIn(p)).toMatchObject({ engine: "builtin" });
  });

  test("leaves its baseline alone when the built-in sensor judged the run", async () => {
    const { p, env } = await project(good, {});
    await using _ = p;
    await commitBaseline(p, env);
    const baseline = await p.repo.git("show", "HEAD:.sentrux/baseline.json");
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain(
      "structure was not compared: the structural baseline was measured by sentrux",
    );
    expect(await p.repo.git("show", "HEAD:.sentrux/baseline.json")).toBe(baseline);
  });

  test("its commands compare the working tree, on a tree of its own", async () => {
    const { p, env, program } = await project(good, {});
    await using _ = p;
    const ask = async (...words: string[]): Promise<unknown[]> => {
      const run = await p.dgov(["sentrux", ...words, "--json"], env);
      const { engine, quality, baseline } = JSON.parse(run.stdout);
      return [run.exitCode, engine, quality ?? baseline.quality_signal];
    };
    expect(await ask("check")).toEqual([0, "external", 6100]);
    expect(await ask("gate-save")).toEqual([0, "external", 0.61]);
    expect(await ask("gate")).toEqual([0, "external", 6100]);
    p.repo.write("a.py", "WORSE = 1\nimport b\n");
    expect(await ask("gate")).toEqual([1, "external", 5000]);
    const status = JSON.parse((await p.dgov(["sentrux", "status", "--json"], env)).stdout);
    expect(status).toMatchObject({ engine: "external", program });
    expect(await p.repo.git("status", "--porcelain", "-uall")).toBe(
      " M a.py\n?? .sentrux/baseline.json\n?? .sentrux/dgov-baseline.json",
    );
  });
});
