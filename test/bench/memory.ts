/** Peak memory of the parent and of a worker with 50 live workers, as ratios to an empty Bun program. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { done } from "../../src/demo/script.ts";
import { requireBinary } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";
import { type Benchmark, median } from "./figure.ts";

const workers = 50;
const rounds = 10;

/** Peak resident memory of a live process, in KiB. */
function peakKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
}

async function emptyPeak(root: string): Promise<number> {
  const entry = join(root, "empty.ts");
  await Bun.write(entry, "process.stdin.resume();\n");
  const outfile = join(root, "empty");
  const built = Bun.spawnSync([
    process.execPath,
    "build",
    "--compile",
    entry,
    "--outfile",
    outfile,
  ]);
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const child = Bun.spawn([outfile], { stdin: "pipe", stdout: "ignore", stderr: "ignore" });
    while (!isWaiting(child.pid)) await Bun.sleep(5);
    peaks.push(peakKib(child.pid));
    child.kill();
    await child.exited;
  }
  return median(peaks);
}

function isWaiting(pid: number): boolean {
  return / S /.test(readFileSync(`/proc/${pid}/stat`, "latin1")) && peakKib(pid) > 10_000;
}

/** Peaks of the parent and of the workers, in a run with every worker waiting for its model. */
async function livePeaks(): Promise<{ parent: number; worker: number }> {
  const release = Promise.withResolvers<void>();
  const keys = Array.from({ length: workers }, (_, i) => `u${i}`);
  await using p = await testProject({
    tasks: Object.fromEntries(keys.map((key) => [key, {}])),
    config: { run: { jobs: workers } },
    script: {
      rules: keys.map((key) => ({
        unit: unit(key),
        turns: [{ ...done("no", { status: "blocked" }), until: () => release.promise }],
      })),
    },
  });
  const child = p.spawn(["run", "p"]);
  child.stdin.end();
  const started = (): number[] =>
    p.events().flatMap((e) => (e.type === "worker.started" ? [Number(e.data["pid"])] : []));
  while (started().length < workers) await Bun.sleep(20);
  const turnsStarted = p.telemetry().filter((e) => e.type === "turn.started").length;
  while (p.model.requests.length < Math.min(workers, Math.max(turnsStarted, 16)))
    await Bun.sleep(20);
  const peaks = { parent: peakKib(child.pid), worker: median(started().map(peakKib)) };
  release.resolve();
  await new Response(child.stderr).text();
  await child.exited;
  return peaks;
}

const benchmark: Benchmark = {
  name: "memory",
  async run() {
    await requireBinary();
    const root = mkdtempSync(join(tmpdir(), "dgov-bench-"));
    try {
      const empty = await emptyPeak(root);
      const peaks = await livePeaks();
      const of = { unit: "ratio", runs: 1, ratio_to: "an empty Bun program", aim: null };
      return [
        {
          name: "peak of an empty program",
          value: empty / 1024,
          unit: "MiB",
          runs: rounds,
          ratio_to: null,
          aim: null,
        },
        { name: "peak of the parent, 50 live workers", value: peaks.parent / empty, ...of },
        { name: "peak of one worker of 50", value: peaks.worker / empty, ...of },
      ];
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

export default benchmark;
