/** Kernel events per second for 10,000 units, random DAG and chain; the cost per event must not grow. */

import type { Action } from "../../src/kernel/action.ts";
import type { Dag } from "../../src/kernel/dag.ts";
import type { Event } from "../../src/kernel/event.ts";
import { checkInvariants } from "../../src/kernel/invariants.ts";
import { apply, initialState } from "../../src/kernel/transition.ts";
import { type Benchmark, type Figure, median } from "./figure.ts";

const rounds = 10;

/** A dag whose units depend on up to `depsMax` random earlier units; 0 makes a chain. */
export function randomDag(units: number, depsMax: number): Dag {
  let seed = 1;
  const below = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % n;
  };
  return {
    units: Array.from({ length: units }, (_, i) => ({
      id: `tasks/main.u${i}`,
      role: "worker",
      deps:
        i === 0
          ? []
          : depsMax === 0
            ? [`tasks/main.u${i - 1}`]
            : [
                ...new Set(
                  Array.from({ length: below(depsMax + 1) }, () => `tasks/main.u${below(i)}`),
                ),
              ],
      selfReview: false,
      fixesMax: 0,
      forksMax: 0,
    })),
  };
}

/** Runs a dag in which every step succeeds; returns the number of events. */
function runAll(dag: Dag): number {
  const state = initialState();
  let events = 0;
  let commits = 0;
  const inbox: Event[] = [
    {
      type: "run.started",
      dag,
      limits: {
        jobs: 8,
        rejectionRetries: 3,
        crashRetries: 2,
        timeoutRetries: 1,
        speculation: 4,
        maxGates: 4,
        rebuilds: 5,
      },
      order: "ready",
      tip: "c0",
      gates: ["tests"],
      settled: [],
    },
  ];
  const answers = (action: Action): Event | null => {
    const of = "unit" in action ? { unit: action.unit, attempt: action.attempt } : null;
    if (of === null) return null;
    switch (action.type) {
      case "attempt.prepare":
        return { type: "attempt.prepared", ...of, base: state.tip };
      case "worker.start":
        return { type: "worker.exited", ...of, fork: 0, outcome: "complete", reason: "" };
      case "attempt.review":
        return { type: "review.finished", ...of, passed: true, commit: "a", tree: `t${commits}` };
      case "candidate.build": {
        commits++;
        const { car, onto } = action;
        return { type: "candidate.built", ...of, car, onto, commit: `c${commits}`, tree: "t" };
      }
      case "gates.run":
        return {
          type: "gates.finished",
          ...of,
          car: action.car,
          tree: action.tree,
          verdicts: { tests: "passed" },
          passed: true,
          blame: null,
          reason: "",
        };
      case "landing.perform":
        return { type: "landing.finished", ...of, car: action.car, commit: action.to };
      default:
        return null;
    }
  };
  for (let at = 0; at < inbox.length; at++) {
    const event = inbox[at] as Event;
    const step = apply(state, event);
    checkInvariants(state, event, step);
    events++;
    for (const action of step.actions) {
      const answer = answers(action);
      if (answer !== null) inbox.push(answer);
    }
  }
  if (!state.finishing || state.landed !== dag.units.length) throw new Error("the run did not end");
  return events;
}

function rate(dag: Dag): number {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    const events = runAll(dag);
    if (round > 0) rates.push((events / (performance.now() - start)) * 1000);
  }
  return median(rates);
}

const benchmark: Benchmark = {
  name: "kernel",
  async run() {
    const figures: Figure[] = [];
    for (const [shape, deps] of [
      ["random dag", 3],
      ["chain", 0],
    ] as const) {
      const small = rate(randomDag(1_000, deps));
      const large = rate(randomDag(10_000, deps));
      const of = { runs: rounds, ratio_to: null, aim: null };
      figures.push(
        {
          name: `kernel events per second, 10,000 units, ${shape}`,
          value: large,
          unit: "events/s",
          ...of,
        },
        {
          name: `kernel cost per event, 10,000 units against 1,000, ${shape}`,
          value: small / large,
          unit: "ratio",
          runs: rounds,
          ratio_to: "1,000 units",
          aim: "<= 2.0",
        },
      );
    }
    return figures;
  },
};

export default benchmark;
