/**
 * Gain of the merge train: 16 independent units behind a gate that sleeps, validated speculatively,
 * compared with the same units in sequence and the same with two failing
 * units.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { done } from "../../src/demo/script.ts";
import { requireBinary } from "../harness/bin.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { type Benchmark, type Figure, median, timed } from "./figure.ts";

const units = 16;
const sleepS = 2;
const rounds = 3;

/** A project whose only gate sleeps, counts its runs outside the repository, and rejects "bad". */
async function project(train: "parallel" | "serial", bad: readonly number[]): Promise<TestProject> {
  const keys = Array.from({ length: units }, (_, i) => `u${i}`);
  const wide = train === "parallel";
  const made = await testProject({
    files: { "gate.sh": `echo ran >> "$GATE_RUNS"\nsleep ${sleepS}\n! grep -q bad *.txt\n` },
    tasks: Object.fromEntries(keys.map((key) => [key, {}])),
    plan: { max_retries: 0 },
    config: {
      // Lint runs once; failing tests would run twice, which is not measured here.
      project: { lint_cmd: "sh gate.sh" },
      run: { jobs: wide ? units : 1, max_gates: wide ? units : 1, env: ["GATE_RUNS"] },
      merge: { speculation: wide ? units : 1, order: wide ? "ready" : "plan" },
    },
    script: {
      rules: keys.map((key, i) => ({
        unit: unit(key),
        turns: [
          {
            calls: [
              {
                tool: "write_file",
                args: { path: `${key}.txt`, content: bad.includes(i) ? "bad\n" : `${key}\n` },
              },
              { tool: "done", args: { status: "complete", summary: "written" } },
            ],
          },
          done("written"),
        ],
      })),
    },
  });
  made.env["GATE_RUNS"] = join(made.repo.root, "gate-runs");
  return made;
}

/** Runs the plan from the start; returns the number of gate runs. Throws unless `good` units landed. */
async function runOnce(p: TestProject, good: number): Promise<number> {
  const counted = p.env["GATE_RUNS"] ?? "";
  writeFileSync(counted, "");
  const run = await p.dgov(["run", "p", "--restart", "--json"]);
  const landed = (await p.landed()).length;
  if (landed !== good) throw new Error(`${landed} of ${good} landed: ${run.stdout}${run.stderr}`);
  return readFileSync(counted, "utf8").split("\n").length - 1;
}

async function reset(p: TestProject, start: string): Promise<void> {
  await p.repo.git("reset", "-q", "--hard", start);
  rmSync(join(p.root, ".dgov/plans/archive"), { recursive: true, force: true });
  await p.repo.git("checkout", "-q", "--", ".dgov");
  const cache = p.env["XDG_CACHE_HOME"] ?? join(p.env["HOME"] ?? "", ".cache");
  rmSync(join(cache, "dgov"), { recursive: true, force: true });
}

async function medianOf(p: TestProject, good: number, runs: number): Promise<number> {
  const start = await p.repo.git("rev-parse", "HEAD");
  const times: number[] = [];
  for (let round = 0; round < runs; round++) {
    await reset(p, start);
    times.push(await timed(() => runOnce(p, good)));
  }
  return median(times);
}

const failing = [4, 11];

const benchmark: Benchmark = {
  name: "train",
  async run() {
    await requireBinary();
    const figure = (name: string, value: number, unit: string, more: Partial<Figure>): Figure => {
      return { name, value, unit, runs: rounds, ratio_to: null, aim: null, ...more };
    };
    await using serial = await project("serial", []);
    await using parallel = await project("parallel", []);
    await using partly = await project("parallel", failing);
    const one = await medianOf(serial, units, 1);
    const many = await medianOf(parallel, units, rounds);
    const some = await medianOf(partly, units - failing.length, rounds);
    const toSerial = { ratio_to: "one after the other", aim: "<= 0.167" };
    return [
      figure("16 units, one after the other", one, "ms", { runs: 1 }),
      figure("16 units, one train", many, "ms", {}),
      figure("train", many / one, "ratio", toSerial),
      figure("train, 2 of 16 failing", some / one, "ratio", { ...toSerial, aim: null }),
    ];
  },
};

export default benchmark;
