/**
 * `bun run bench [-- --json] [NAME...]`: runs benchmarks and prints a table, or one JSON object per line.
 *
 * `bun run bench:semantic -- --repository DIR [--merges N] [--commits N] [--notes] [--json]`: rejections of the
 * semantic gate on the history of a clone.
 */
import { parseArgs } from "node:util";
import { type Benchmark, type Figure, meets } from "./figure.ts";

const all: Record<string, () => Promise<{ default: Benchmark }>> = {
  startup: () => import("./startup.ts"),
  views: () => import("./views.ts"),
  compile: () => import("./compile.ts"),
  orchestration: () => import("./orchestration.ts"),
  train: () => import("./train.ts"),
  ground: () => import("./ground.ts"),
  slots: () => import("./slots.ts"),
  radar: () => import("./radar.ts"),
  semantic: () => import("./semantic.ts"),
  structure: () => import("./structure.ts"),
  memory: () => import("./memory.ts"),
  tools: () => import("./tools.ts"),
  log: () => import("./log.ts"),
  kernel: () => import("./kernel.ts"),
};

const { values, positionals: chosen } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    notes: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    repository: { type: "string" },
    merges: { type: "string", default: "200" },
    commits: { type: "string", default: "300" },
  },
});
const { json, notes, repository } = values;
if (repository !== undefined) {
  const { measureRepository } = await import("./semantic-repository.ts");
  const [merges, commits] = [Number(values.merges), Number(values.commits)];
  await measureRepository({ repository, merges, commits, notes, json });
  process.exit();
}
for (const name of chosen.length > 0 ? chosen : Object.keys(all)) {
  const load = all[name];
  if (load === undefined) {
    console.error(`no benchmark ${name}; there are ${Object.keys(all).join(", ")}`);
    process.exitCode = 2;
    continue;
  }
  if (!json) console.log(`${name}`);
  for (const figure of await (await load()).default.run()) print(figure);
}

function print(figure: Figure): void {
  if (json) {
    console.log(JSON.stringify(figure));
    return;
  }
  const value = figure.value >= 100 ? figure.value.toFixed(0) : figure.value.toPrecision(3);
  const ratio = figure.ratio_to === null ? "" : ` x ${figure.ratio_to}`;
  const aim =
    figure.aim === null
      ? ""
      : `  aim ${figure.aim}: ${meets(figure.value, figure.aim) ? "met" : "NOT met"}`;
  console.log(`  ${figure.name}: ${value} ${figure.unit}${ratio} (${figure.runs} runs)${aim}`);
}
