/**
 * Start-up time of `--version` and of read-only commands on a log of 1,000,000 events, as ratios to an
 * empty program compiled in the same way.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireBinary } from "../harness/bin.ts";
import { testEnvironment } from "../harness/repo.ts";
import { buildEmpty } from "./empty.ts";
import { type Benchmark, type Figure, interleaved } from "./figure.ts";
import { fillLog, million } from "./million.ts";

const rounds = 30;

const benchmark: Benchmark = {
  name: "startup",
  async run() {
    const binary = await requireBinary();
    const root = mkdtempSync(join(tmpdir(), "dgov-startup-"));
    try {
      const empty = await buildEmpty(root);
      const full = join(root, "full");
      const fresh = join(root, "fresh");
      fillLog(full);
      fillLog(fresh, { ...million, runs: 1, eventsPerRun: 50 });
      const env = testEnvironment(root);
      const run = (argv: string[], cwd: string) => () => {
        const { exitCode, stderr } = Bun.spawnSync(argv, { cwd, env });
        if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr.toString()}`);
      };
      const medians = await interleaved(
        {
          empty: run([empty], root),
          version: run([binary, "--version"], root),
          "status, small log": run([binary, "status"], fresh),
          status: run([binary, "status"], full),
          "status --all": run([binary, "status", "--all"], full),
          "plan list --all": run([binary, "plan", "list", "--all"], full),
          "watch --once": run([binary, "watch", "--once"], full),
          "runs list": run([binary, "runs", "list"], full),
        },
        rounds,
      );
      return figures(medians);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

function figures(medians: Record<string, number>): Figure[] {
  const empty = medians["empty"] ?? 1;
  return Object.entries(medians).map(([name, ms]) =>
    name === "empty"
      ? {
          name: "start of an empty program",
          value: ms,
          unit: "ms",
          runs: rounds,
          ratio_to: null,
          aim: null,
        }
      : {
          name: name === "version" ? "--version" : name,
          value: ms / empty,
          unit: "",
          runs: rounds,
          ratio_to: "an empty program",
          aim: name === "runs list" ? null : "<= 5",
        },
  );
}

export default benchmark;
