/**
 * The kernel in thousands of made-up worlds, and in every world of three units or fewer.
 *
 * `DGOV_SIM_SEEDS=10000` simulates more; `DGOV_SIM_SEED=<n | commit id>` one seed alone.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { explore, smallDags } from "./exhaustive.ts";
import { realKernel } from "./kernel.ts";
import { hunt, mutations } from "./mutations.ts";
import { simulate } from "./simulate.ts";

// Each takes about a second; a busy machine must not make one fail.
setDefaultTimeout(120_000);

const seeds = Number(process.env["DGOV_SIM_SEEDS"] ?? "2000");
const chunk = 500;

/** A seed as a number; of a commit id its first digits. */
function seedOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.parseInt(text.slice(0, 8), 16);
}

describe("simulation", () => {
  const only = process.env["DGOV_SIM_SEED"];
  if (only !== undefined) {
    test(`seed ${only} runs to its end`, () => {
      expect(simulate(realKernel, seedOf(only)).events).toBeGreaterThan(0);
    });
    return;
  }
  const starts = Array.from({ length: Math.ceil(seeds / chunk) }, (_, at) => at * chunk);
  test.each(starts)("500 seeds from %d run to their end, every invariant held", (from) => {
    for (let seed = from; seed < Math.min(from + chunk, seeds); seed++) simulate(realKernel, seed);
  });

  test("the same seed gives the same events and actions, another seed others", () => {
    const digests = Array.from({ length: 100 }, (_, seed) => simulate(realKernel, seed).digest);
    const again = Array.from({ length: 100 }, (_, seed) => simulate(realKernel, seed).digest);
    expect(again).toEqual(digests);
    expect(new Set(digests).size).toBeGreaterThan(90);
  });

  test("every kind of ending, and stale events, are met", () => {
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

describe("every world of three units or fewer", () => {
  test.each(smallDags())("$name: every outcome of every step ends well", ({ dag, limits }) => {
    const explored = explore(realKernel, dag, limits);
    expect(explored.endings).toBeGreaterThan(0);
    expect(explored.cut).toBe(false);
  });
});

describe("mutations", () => {
  test.each([1, 2, 3, 4, 5, 6, 7])("invariant %d is given up by one of them at least", (number) => {
    expect(mutations.map((mutation) => mutation.breaks)).toContain(number);
  });

  test.each(mutations.map((mutation) => [mutation.name, mutation] as const))(
    "the simulation objects when %s",
    async (name, mutation) => {
      const caught = await hunt(mutation, 2_000);
      if (caught !== null) console.log(`      seed ${caught.seed}: ${caught.objection}`);
      expect(caught, name).not.toBeNull();
    },
  );
});
