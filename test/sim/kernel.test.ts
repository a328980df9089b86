/**
 * The kernel in thousands of random simulations, and in every run of up to three units.
 *
 * `DGOV_SIM_SEEDS=10000` simulates more seeds; `DGOV_SIM_SEED=<number | commit id>` only one.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { explore, smallDags } from "./exhaustive.ts";
import { realKernel } from "./kernel.ts";
import { hunt, mutations } from "./mutations.ts";
import { simulate } from "./simulate.ts";

// Each test takes about a second; a busy machine must not make one fail.
setDefaultTimeout(120_000);

const seeds = Number(process.env["DGOV_SIM_SEEDS"] ?? "2000");
const chunk = 500;

/** A seed from a number or from the first digits of a commit id. */
function seedOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.parseInt(text.slice(0, 8), 16);
}

describe("simulation", () => {
  const only = process.env["DGOV_SIM_SEED"];
  if (only !== undefined) {
    test(`seed ${only} ends with every invariant held`, () => {
      expect(simulate(realKernel, seedOf(only)).events).toBeGreaterThan(0);
    });
    return;
  }
  const starts = Array.from({ length: Math.ceil(seeds / chunk) }, (_, at) => at * chunk);
  test.each(starts)("500 seeds from %d end with every invariant held", (from) => {
    for (let seed = from; seed < Math.min(from + chunk, seeds); seed++) simulate(realKernel, seed);
  });

  test("a seed reproduces its events and actions, and another seed gives different ones", () => {
    const digests = Array.from({ length: 100 }, (_, seed) => simulate(realKernel, seed).digest);
    const again = Array.from({ length: 100 }, (_, seed) => simulate(realKernel, seed).digest);
    expect(again).toEqual(digests);
    expect(new Set(digests).size).toBeGreaterThan(90);
  });

  test("200 seeds cover every status of a run, and stale events", () => {
    const met = new Set<string>();
    let stale = 0;
    for (let seed = 0; seed < 200; seed++) {
      const outcome = simulate(realKernel, seed);
      met.add(outcome.status);
      stale += outcome.stale;
    }
    expect([...met].sort()).toEqual(["complete", "failed", "interrupted", "partial"]);
    expect(stale).toBeGreaterThan(100);
  });
});

describe("exhaustive exploration", () => {
  test.each(smallDags())(
    "every outcome of every step of $name ends the run correctly",
    ({ dag, limits }) => {
      const explored = explore(realKernel, dag, limits);
      expect(explored.endings).toBeGreaterThan(0);
      expect(explored.cut).toBe(false);
    },
  );
});

describe("mutations", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 9, 10])(
    "invariant %d has a mutation that violates it",
    (number) => {
      expect(mutations.map((mutation) => mutation.breaks)).toContain(number);
    },
  );

  test.each(mutations.map((mutation) => [mutation.name, mutation] as const))(
    "the simulation detects that %s",
    async (name, mutation) => {
      const caught = await hunt(mutation, 2_000);
      if (caught !== null) console.log(`      seed ${caught.seed}: ${caught.failure}`);
      expect(caught, name).not.toBeNull();
    },
  );
});
