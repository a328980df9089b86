/**
 * Time of read-only commands on a log of 1,000,000 events, and of one poll of an idle `watch`, as ratios
 * to an empty program.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newEvents } from "../../src/cli/commands/history/watch.ts";
import { requireBinary } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";
import { buildEmpty } from "./empty.ts";
import { type Benchmark, type Figure, interleaved } from "./figure.ts";
import { fillLog, million, unitsPerRun } from "./million.ts";

const rounds = 25;

/** Number of polls timed together; a single one is too short to measure. */
const polls = 1_000;

/** Maximum ratio of each measurement to the empty program. */
const aims: Record<string, number> = {
  status: 5,
  "plan list": 5,
  "plan review": 10,
  "tools audit": 10,
  "watch, one idle poll": 1,
};

const benchmark: Benchmark = {
  name: "views",
  async run() {
    const binary = await requireBinary();
    await using repo = await testRepo({ "README.md": "# Sample\n" });
    const empty = await buildEmpty(join(repo.root, "empty"));
    for (let n = 0; n < million.plans; n++) writePlan(repo, `plan-${n}`);
    fillLog(repo.path, { ...million, commits: await landings(repo) });
    const run = (...argv: string[]) => {
      const { exitCode, stderr } = Bun.spawnSync(argv, { cwd: repo.path, env: repo.env });
      if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr.toString()}`);
    };
    const poll = idlePoll(repo.path);
    const medians = await interleaved(
      {
        empty: () => run(empty),
        status: () => run(binary, "status"),
        "plan list": () => run(binary, "plan", "list"),
        "plan review": () => run(binary, "plan", "review", "plan-3"),
        "tools audit": () => run(binary, "tools", "audit"),
        "watch, one idle poll": () => {
          for (let n = 0; n < polls; n++) poll();
        },
      },
      rounds,
    );
    medians["watch, one idle poll"] /= polls;
    return Object.entries(aims).map(([name, aim]) => ratio(name, medians, aim));
  },
};

function ratio(name: string, medians: Record<string, number>, aim: number): Figure {
  return {
    name,
    value: (medians[name] ?? 0) / (medians["empty"] ?? 1),
    unit: "",
    runs: rounds,
    ratio_to: "an empty program",
    aim: `<= ${aim}`,
  };
}

/** The poll that `watch` does ten times a second when there is nothing to show. */
function idlePoll(projectRoot: string): () => void {
  const events = newEvents(projectRoot, { all: false, plan: undefined, since: null });
  while (events().length > 0);
  return () => {
    if (events().length > 0) throw new Error("another process writes to the log");
  };
}

function writePlan(repo: TestRepo, name: string): void {
  const folder = join(repo.path, ".dgov", "plans", name);
  mkdirSync(join(folder, "tasks"), { recursive: true });
  writeFileSync(join(folder, "_root.toml"), `[plan]\nname = "${name}"\nsections = ["tasks"]\n`);
  const tasks = Array.from(
    { length: unitsPerRun },
    (_, n) => `[tasks.unit-${n}]\nsummary = "Do"\n`,
  );
  writeFileSync(join(folder, "tasks", "main.toml"), tasks.join("\n"));
}

/** Commits for the units of a run, each of which changes one file. */
async function landings(repo: TestRepo): Promise<string[]> {
  const commits: string[] = [];
  for (let n = 0; n < unitsPerRun; n++) {
    repo.write(`src/file-${n}.ts`, `export const value = ${n};\n`.repeat(20));
    await repo.git("add", "src");
    await repo.git("commit", "-q", "-m", `unit ${n}`);
    commits.push(await repo.git("rev-parse", "HEAD"));
  }
  return commits;
}

export default benchmark;
