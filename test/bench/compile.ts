/** Compiling 1,000 and 10,000 units in memory: a random DAG, a chain, and a chain that shares one file. */
import { parseConfig } from "../../src/config/load.ts";
import { compilePlan } from "../../src/plan/compile.ts";
import { rulesPicker } from "../../src/plan/sops/picker.ts";
import { filesInMemory } from "../harness/plan-files.ts";
import { type Benchmark, type Figure, median, timed } from "./figure.ts";

const rounds = 10;
const tasksPerFile = 100;

type Shape = "random dag" | "chain" | "chain sharing one file";

function tree(units: number, shape: Shape): Record<string, string> {
  const files: Record<string, string> = {
    ".dgov/plans/p/_root.toml": '[plan]\nname = "p"\nsections = ["tasks"]\n',
  };
  const idOf = (n: number): string => `tasks/f${Math.floor(n / tasksPerFile)}.u${n}`;
  let seed = 7;
  const below = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % n;
  };
  for (let n = 0; n < units; n++) {
    const deps =
      n === 0
        ? []
        : shape === "random dag"
          ? [...new Set([below(n), below(n), below(n)])].map(idOf)
          : [idOf(n - 1)];
    const file = shape === "chain sharing one file" ? "src/shared.ts" : `src/f${n}.ts`;
    const path = `.dgov/plans/p/tasks/f${Math.floor(n / tasksPerFile)}.toml`;
    files[path] = `${files[path] ?? ""}[tasks.u${n}]
summary = "Change file ${n}"
prompt = """
Orient:
Read it.

Edit:
Change it.

Verify:
Look again.
"""
commit_message = "feat: ${n}"
files.touch = ["${file}"]
depends_on = ${JSON.stringify(deps)}

`;
  }
  return files;
}

async function compileTime(units: number, shape: Shape): Promise<number> {
  const files = filesInMemory(tree(units, shape));
  const loaded = parseConfig("", "/");
  if (!loaded.ok) throw new Error("the empty configuration is valid");
  const run = async (): Promise<void> => {
    const result = await compilePlan({
      files,
      dir: ".dgov/plans/p",
      config: loaded.config,
      picker: rulesPicker,
      needModels: false,
      ignored: async () => new Set(),
      exists: () => false,
      submodules: [],
    });
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics.slice(0, 3)));
  };
  await run();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await timed(run));
  return median(times);
}

const benchmark: Benchmark = {
  name: "compile",
  async run() {
    const figures: Figure[] = [];
    for (const shape of ["random dag", "chain", "chain sharing one file"] as const) {
      const small = await compileTime(1_000, shape);
      const large = await compileTime(10_000, shape);
      const of = { runs: rounds, ratio_to: null };
      figures.push(
        { name: `compile 1,000 units, ${shape}`, value: small, unit: "ms", aim: null, ...of },
        { name: `compile 10,000 units, ${shape}`, value: large, unit: "ms", aim: "<= 1200", ...of },
        {
          name: `compile growth, ${shape}`,
          value: large / small,
          unit: "ratio",
          runs: rounds,
          ratio_to: "1,000 units",
          aim: "<= 12",
        },
      );
    }
    return figures;
  },
};

export default benchmark;
