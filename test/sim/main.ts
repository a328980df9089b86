/**
 * Simulates the kernel with many seeds and prints a summary.
 *
 *   bun test/sim/main.ts [--seeds N] [--from N] [--mutations]
 *
 * Exits 1 when a seed fails (its event list is printed), or when a mutation is not detected.
 */
import { parseArgs } from "node:util";
import { realKernel } from "./kernel.ts";
import { hunt, mutations } from "./mutations.ts";
import { SimulationFailure, simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: "0" },
    mutations: { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);

function simulateAll(): number {
  const start = performance.now();
  const runs: Record<string, number> = {};
  let events = 0;
  let stale = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      const outcome = simulate(realKernel, seed);
      runs[outcome.status] = (runs[outcome.status] ?? 0) + 1;
      events += outcome.events;
      stale += outcome.stale;
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      console.log(error.message);
      return 1;
    }
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${seeds} seeds, ${events} events, ${stale} of them stale, in ${seconds.toFixed(1)} s`,
  );
  for (const [status, count] of Object.entries(runs).sort()) console.log(`  ${status}: ${count}`);
  return 0;
}

async function huntAll(): Promise<number> {
  let unnoticed = 0;
  for (const mutation of mutations) {
    const caught = await hunt(mutation, 2_000);
    if (caught === null) unnoticed++;
    const what = caught === null ? "NOT NOTICED" : `seed ${caught.seed}: ${caught.failure}`;
    console.log(`[${mutation.breaks}] ${mutation.name}\n      ${what}`);
  }
  console.log(`${mutations.length} mutations, ${unnoticed} not noticed`);
  return unnoticed === 0 ? 0 : 1;
}

process.exitCode = values.mutations ? await huntAll() : simulateAll();
