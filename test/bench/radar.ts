/**
 * Predictions of the conflict radar compared with the results of integration: both sides of each case of
 * the semantic corpus whose sides change different files, as two workers of one run. Both workers are
 * held until the radar has examined their changes.
 */
import { call, done } from "../../src/demo/script.ts";
import { requireBinary } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";
import { type Case, readCorpus, type Tree } from "../semantic/corpus.ts";
import type { Benchmark } from "./figure.ts";

const atOnce = 4;

interface Score {
  predicted: boolean;
  refused: boolean;
}

const benchmark: Benchmark = {
  name: "radar",
  async run() {
    await requireBinary();
    const cases = readCorpus().filter(isForTwoWorkers);
    const scores: Score[] = [];
    const lane = async (): Promise<void> => {
      for (let one = cases.pop(); one !== undefined; one = cases.pop()) {
        scores.push(await runCase(one));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    const both = scores.filter(({ predicted, refused }) => predicted && refused).length;
    const predicted = scores.filter((score) => score.predicted).length;
    const refused = scores.filter((score) => score.refused).length;
    const common = { unit: "ratio", runs: scores.length, ratio_to: null, aim: null };
    return [
      {
        ...common,
        name: "radar: predictions that came true",
        value: both / Math.max(1, predicted),
      },
      { ...common, name: "radar: refusals that were foreseen", value: both / Math.max(1, refused) },
    ];
  },
};

/** Independent units may not claim the same file, so the sides must change different files. */
function isForTwoWorkers({ base, ours, theirs }: Case): boolean {
  const mine = changed(base, ours);
  const others = changed(base, theirs);
  return mine.length > 0 && others.length > 0 && !mine.some((path) => others.includes(path));
}

function changed(base: Tree, side: Tree): string[] {
  const paths = new Set([...base.keys(), ...side.keys()]);
  return [...paths].filter((path) => base.get(path) !== side.get(path));
}

async function runCase({ base, ours, theirs, path }: Case): Promise<Score> {
  const released = Promise.withResolvers<void>();
  const worker = (key: string, side: Tree) => ({
    unit: unit(key),
    turns: [
      {
        calls: changed(base, side).map((file) => {
          const content = side.get(file);
          return content === undefined
            ? { tool: "delete_file", args: { path: file } }
            : { tool: "write_file", args: { path: file, content } };
        }),
      },
      call("list_dir", { path: "." }),
      { ...done("ok"), until: () => released.promise },
    ],
  });
  await using p = await testProject({
    files: Object.fromEntries(base),
    tasks: {
      a: { files: { touch: changed(base, ours) } },
      b: { files: { touch: changed(base, theirs) } },
    },
    plan: { max_retries: 0 },
    script: { rules: [worker("a", ours), worker("b", theirs)] },
  });
  const running = p.dgov(["run", "p", "--json"]);
  const looked = (): boolean =>
    p
      .telemetry()
      .some((e) => e.type === "radar.looked" && (e.data["units"] as unknown[]).length === 2);
  while (!looked()) await Bun.sleep(50);
  released.resolve();
  const run = JSON.parse((await running).stdout);
  if (run.schema !== "dgov.run/1") throw new Error(`${path}: ${JSON.stringify(run)}`);
  const { predictions, came_true, missed } = run.radar;
  return { predicted: predictions.length > 0, refused: came_true + missed > 0 };
}

export default benchmark;
