/** The structural sensor on 2,000 files: with an empty cache, and with one changed file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRepository } from "../../src/git/repository.ts";
import { fileMetricsCache } from "../../src/settlement/context.ts";
import { type Sensor, scanTree } from "../../src/settlement/structure/scan.ts";
import { testRepo } from "../harness/repo.ts";
import { type Benchmark, median, timed } from "./figure.ts";

const files = 2000;
const folders = 40;
const coldRounds = 3;
const warmRounds = 10;

function source(n: number, salt = 0): string {
  const imports = [n * 7 + 1, n * 3 + 2, n + folders]
    .map((to) => to % files)
    .filter((to) => to > n)
    .map((to) => `import { f${to} } from "../d${to % folders}/f${to}.ts";\n`);
  const body = Array.from(
    { length: 8 },
    (_, at) =>
      `function step${n}x${at}(a: number, b: string): number {\n` +
      `  if (a > ${at} && b !== "") { for (const c of b) { if (c === "x") return ${salt}; } }\n` +
      `  return a > 1 ? step${n}x${Math.max(0, at - 1)}(a - 1, b) : ${n};\n}\n`,
  );
  return `${imports.join("")}${body.join("")}export const f${n} = step${n}x7;\n`;
}

const benchmark: Benchmark = {
  name: "structure",
  async run() {
    const paths = Array.from({ length: files }, (_, n) => `src/d${n % folders}/f${n}.ts`);
    const tree = Object.fromEntries(paths.map((path, n) => [path, source(n)]));
    await using repo = await testRepo(tree);
    const repository = await openRepository(repo.path);
    const scratch = mkdtempSync(join(tmpdir(), "dgov-bench-"));
    try {
      const sensor = (name: string): Sensor => ({
        repository,
        projectPrefix: "",
        includeTests: false,
        fileMetrics: fileMetricsCache(join(scratch, name), { XDG_STATE_HOME: scratch }),
        signal: new AbortController().signal,
      });
      const head = await repo.git("rev-parse", "HEAD");
      await scanTree(sensor("warm-up"), head);
      const cold: number[] = [];
      for (let round = 0; round < coldRounds; round++) {
        cold.push(await timed(() => scanTree(sensor(`cold${round}`), head)));
      }
      const kept = sensor("kept");
      await scanTree(kept, head);
      const changed: number[] = [];
      for (let round = 0; round < warmRounds; round++) {
        repo.write(paths[0] ?? "", source(0, round + 1));
        await repo.git("commit", "-q", "-a", "-m", "change");
        const commit = await repo.git("rev-parse", "HEAD");
        changed.push(await timed(() => scanTree(kept, commit)));
      }
      const [whole, one] = [median(cold), median(changed)];
      const of = { ratio_to: null, aim: null };
      return [
        { ...of, name: "structure, 2,000 files, cold", value: whole, unit: "ms", runs: coldRounds },
        { ...of, name: "structure, one file changed", value: one, unit: "ms", runs: warmRounds },
        {
          name: "structure, one file changed",
          value: one / whole,
          unit: "",
          runs: warmRounds,
          ratio_to: "cold",
          aim: "<= 0.1",
        },
      ];
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

export default benchmark;
