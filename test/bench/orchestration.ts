/**
 * Overhead of dgov over git: 50 independent units without gates and with an immediate model, as a ratio
 * to a shell script that does the git work of the same 50 units in sequence.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { requireBinary } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";
import { type Benchmark, interleaved } from "./figure.ts";

const units = 50;
const rounds = 10;

const script = `set -e
i=0
while [ $i -lt ${units} ]; do
  i=$((i + 1))
  git worktree add -q -b w$i ../w$i main
  echo w$i > ../w$i/w$i.txt
  git -C ../w$i add w$i.txt
  git -C ../w$i commit -q -m "w$i"
  git merge -q --no-edit w$i
  git worktree remove --force ../w$i
  git branch -q -D w$i
done
`;

const benchmark: Benchmark = {
  name: "orchestration",
  async run() {
    await requireBinary();
    const keys = Array.from({ length: units }, (_, i) => `u${i}`);
    await using project = await testProject({
      tasks: Object.fromEntries(keys.map((key) => [key, {}])),
      plan: { max_retries: 0 },
      config: { run: { jobs: 8 }, merge: { speculation: 8 } },
      script: {
        rules: keys.map((key) => ({
          unit: unit(key),
          turns: [
            {
              calls: [
                { tool: "write_file", args: { path: `${key}.txt`, content: `${key}\n` } },
                { tool: "done", args: { status: "complete", summary: "written" } },
              ],
            },
            call("read_file", { path: `${key}.txt` }),
            done("written"),
          ],
        })),
      },
    });
    const start = await project.repo.git("rev-parse", "HEAD");
    writeFileSync(join(project.repo.root, "bare.sh"), script);
    const reset = async (): Promise<void> => {
      await project.repo.git("reset", "-q", "--hard", start);
      rmSync(join(project.root, ".dgov/plans/archive"), { recursive: true, force: true });
      await project.repo.git("checkout", "-q", "--", ".dgov");
    };
    const medians = await interleaved(
      {
        async bare() {
          await reset();
          const child = Bun.spawn(["sh", join(project.repo.root, "bare.sh")], {
            cwd: project.repo.path,
            env: project.env,
            stdout: "ignore",
            stderr: "inherit",
          });
          if ((await child.exited) !== 0) throw new Error("the bare script failed");
        },
        async dgov() {
          await reset();
          const run = await project.dgov(["run", "p", "--restart", "--json"]);
          if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
        },
      },
      rounds,
    );
    return [
      {
        name: "bare git, 50 units",
        value: medians.bare,
        unit: "ms",
        runs: rounds,
        ratio_to: null,
        aim: null,
      },
      {
        name: "dgov run, 50 units",
        value: medians.dgov,
        unit: "ms",
        runs: rounds,
        ratio_to: null,
        aim: null,
      },
      {
        name: "orchestration",
        value: medians.dgov / medians.bare,
        unit: "ratio",
        runs: rounds,
        ratio_to: "bare git script",
        aim: "<= 1.0",
      },
    ];
  },
};

export default benchmark;
