/** Random parameters of one simulation: a dag, limits, and the rate of each kind of failure. */
import type { Dag, DagUnit } from "../../src/kernel/dag.ts";
import type { Event } from "../../src/kernel/event.ts";
import type { Random } from "./random.ts";

/** Probabilities; 0 turns a kind of failure off. */
export interface Rates {
  unprepared: number;
  /** The worker does not end with `complete`. */
  worker: number;
  selfReview: number;
  /** A reviewer does not approve. */
  disapprove: number;
  review: number;
  /** The attempt changes nothing, and an earlier commit satisfies the unit. */
  satisfied: number;
  /** `conflict`: two changes do not merge; `clash`: two changes merge and break each other. */
  conflict: number;
  clash: number;
  /** The attempt's own tree fails the gates; `objection`: it fails those that read objects. */
  bad: number;
  objection: number;
  environment: number;
  proof: number;
  checkout: number;
  /** `move`: the operator commits to the target; `red`: such a commit fails the gates. */
  move: number;
  red: number;
  interrupt: number;
  /** Events delivered twice. */
  repeat: number;
}

export interface Scenario {
  start: Extract<Event, { type: "run.started" }>;
  rates: Rates;
}

const shapes = ["random", "chain", "wide", "layers"] as const;

/** Draws a scenario. Swarm testing: most kinds of failure are off, different ones in each scenario. */
export function drawScenario(random: Random): Scenario {
  const dag = drawDag(random);
  const rate = (most: number): number =>
    random.chance(0.4) ? most * (0.2 + random.below(9) / 10) : 0;
  const calm = random.chance(0.1);
  const drawn: Rates = {
    unprepared: rate(0.3),
    worker: rate(0.5),
    selfReview: rate(0.5),
    disapprove: rate(0.8),
    review: rate(0.3),
    satisfied: rate(0.3),
    conflict: rate(0.3),
    clash: rate(0.4),
    bad: rate(0.4),
    objection: rate(0.3),
    environment: rate(0.1),
    proof: rate(0.1),
    checkout: rate(0.5),
    move: rate(0.1),
    red: rate(0.3),
    interrupt: random.chance(0.1) ? 0.02 : 0,
    repeat: rate(0.2),
  };
  const none = Object.fromEntries(Object.keys(drawn).map((key) => [key, 0])) as unknown as Rates;
  return {
    rates: calm ? { ...none, repeat: drawn.repeat } : drawn,
    start: {
      type: "run.started",
      dag,
      limits: {
        jobs: 1 + random.below(4),
        rejectionRetries: random.below(4),
        crashRetries: random.below(3),
        timeoutRetries: random.below(2),
        speculation: 1 + random.below(5),
        maxGates: 1 + random.below(4),
        rebuilds: random.below(4),
        checkoutWaitS: random.pick([0, 60]),
      },
      order: random.chance(0.3) ? "plan" : "ready",
      tip: "base",
      gates: random.pick([["tests"], ["lint", "tests"], []]),
      screening: random.chance(0.7),
      settled: random.chance(0.2) ? drawSettled(random, dag) : [],
    },
  };
}

function drawDag(random: Random): Dag {
  const count = random.chance(0.05) ? 30 : random.below(9);
  const shape = random.pick(shapes);
  const units = Array.from({ length: count }, (_, at): DagUnit => {
    const role = random.chance(0.85) ? "worker" : random.pick(["researcher", "reviewer"] as const);
    return {
      id: `tasks/main.u${at}`,
      role,
      deps: drawDeps(random, shape, at).map((dep) => `tasks/main.u${dep}`),
      selfReview: random.chance(0.2),
      forksMax: random.below(3),
      fixesMax: role === "reviewer" ? random.below(2) : 0,
    };
  });
  // A plan need not list its tasks in the order of their dependencies.
  return { units: random.chance(0.3) ? random.shuffled(units) : units };
}

function drawDeps(random: Random, shape: (typeof shapes)[number], at: number): number[] {
  if (at === 0 || shape === "wide") return [];
  if (shape === "chain") return [at - 1];
  const earliest = shape === "layers" ? Math.max(0, at - 3) : 0;
  const wanted = random.below(3);
  const deps = Array.from({ length: wanted }, () => earliest + random.below(at - earliest));
  return [...new Set(deps)];
}

function drawSettled(random: Random, dag: Dag): Scenario["start"]["settled"] {
  return dag.units
    .filter(() => random.chance(0.3))
    .map(({ id, role }) => ({ unit: id, as: role === "worker" ? "landed" : "done" }));
}
