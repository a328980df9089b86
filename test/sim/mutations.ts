/**
 * Deliberate defects of the kernel. The simulation must detect each of them. `breaks` is the number of the
 * violated invariant in the section "Invariants" of docs/architecture.md.
 */
import { type Kernel, type Patch, patchedKernel } from "./kernel.ts";
import { SimulationFailure, simulate } from "./simulate.ts";

export interface Mutation {
  name: string;
  breaks: number;
  patches: Patch[];
}

const of = (
  breaks: number,
  name: string,
  file: string,
  find: string,
  replace: string,
): Mutation => ({ name, breaks, patches: [{ file, find, replace }] });

export const mutations: readonly Mutation[] = [
  of(
    1,
    "a unit starts while one dependency is missing",
    "units.ts",
    "if (unit.blockers > 0 ||",
    "if (unit.blockers > 1 ||",
  ),
  of(
    1,
    "a landed car stays in the train",
    "landing.ts",
    "state.train.shift();",
    'car.phase = "passed";',
  ),
  {
    name: "a failed candidate lands when its failure has no blame",
    breaks: 2,
    patches: [
      {
        file: "train.ts",
        find: "if (event.passed) {",
        replace: "if (event.passed || event.blame === null) {",
      },
      { file: "train.ts", find: "assert(passes,", replace: "assert(true," },
    ],
  },
  of(2, "an errored gate counts as passed", "train.ts", "if (event.passed) {", "if (true) {"),
  {
    name: "a verdict is kept for a rebuilt candidate with another tree",
    breaks: 2,
    patches: [
      {
        file: "train.ts",
        find: "return newCar(d, car);",
        replace: "return { ...newCar(d, car), verdicts: car.verdicts };",
      },
      {
        file: "train.ts",
        find: 'car.phase = "ready";',
        replace: 'car.phase = Object.keys(car.verdicts).length > 0 ? "passed" : "ready";',
      },
    ],
  },
  of(
    2,
    "cars behind a failed one are not rebuilt",
    "train.ts",
    'if (car.phase !== "waiting" && car.onto !== base) {',
    'if (car.phase === "building" && car.onto !== base) {',
  ),
  of(
    3,
    "any passed car may land",
    "train.ts",
    "const [head] = d.state.train;\n  if (head?.phase",
    'const head = d.state.train.find((car) => car.phase === "passed");\n  if (head?.phase',
  ),
  of(
    3,
    "an interrupt forgets the landing in progress",
    "run.ts",
    'state.train.filter((car) => car.phase === "landing");',
    "[];",
  ),
  of(
    3,
    "newer units board before older ones",
    "train.ts",
    "train.push(newCar",
    "train.unshift(newCar",
  ),
  of(
    3,
    "plan order lets a later unit overtake",
    "train.ts",
    'if (byId.get(id)?.role === "worker") return undefined;',
    "",
  ),
  of(
    4,
    "a reviewer may request any number of fixes",
    "attempt.ts",
    "if (unit.fixes < fixesMax)",
    "if (true)",
  ),
  of(1, "a fix is not reviewed again", "landing.ts", "if (unit.fixing) {", "if (false) {"),
  of(
    3,
    "a rebuilt car keeps its number, so that answers for the old one count",
    "train.ts",
    "return newCar(d, car);",
    "return { ...newCar(d, car), car: car.car };",
  ),
  of(4, "one retry too many", "units.ts", "unit[count] >= allowed", "unit[count] > allowed"),
  of(4, "one fork too many", "attempt.ts", "unit.fork < forksMax", "unit.fork <= forksMax"),
  of(
    4,
    "a failure on a speculative base counts at once",
    "train.ts",
    'c.phase === "failed" && c.onto === tip',
    'c.phase === "failed"',
  ),
  of(4, "one worker too many", "units.ts", "state.live < state", "state.live <= state"),
  of(4, "gate runs without limit", "train.ts", "else if (free > 0) {", "else {"),
  of(4, "a retry says nothing", "units.ts", '"waiting", `retry', '"waiting", "" && `retry'),
  of(
    4,
    "a repeated answer counts again",
    "attempt.ts",
    "return isAt === expected ? unit : null;",
    "return unit;",
  ),
  of(
    4,
    "a late answer of an earlier attempt counts",
    "attempt.ts",
    "if (of.attempt < unit.attempt || terminal",
    "if (terminal",
  ),
  of(
    5,
    "a fork is announced and never started",
    "attempt.ts",
    'd.actions.push({ type: "worker.start", unit: id, attempt: unit.attempt, fork: unit.fork });',
    "",
  ),
  of(5, "a judgement of an attempt's own tree is forgotten", "train.ts", "own.running = true;", ""),
  of(
    6,
    "chance decides the boarding order",
    "train.ts",
    "state.queue.shift() :",
    "(Math.random() < 0.5 ? state.queue.shift() : state.queue.pop()) :",
  ),
  of(6, "transition changes its argument", "transition.ts", "...structuredClone(rest)", "...rest"),
  {
    name: "car numbers are kept outside the state",
    breaks: 6,
    patches: [
      {
        file: "train.ts",
        find: "  return {\n    car: d.state.nextCar++,",
        replace: "  d.state.nextCar = ++issued;\n  return {\n    car: issued - 1,",
      },
      {
        file: "train.ts",
        find: "/** A new car",
        replace: "let issued = 1;\n/** A new car",
      },
    ],
  },
  of(
    7,
    "dependents of skipped units are not skipped",
    "units.ts",
    "stack.push(...unit.dependents);",
    "",
  ),
  of(
    5,
    "dependents of a satisfied unit do not start",
    "attempt.ts",
    "settleDependents(d, event.unit);",
    "",
  ),
  of(
    7,
    "landings blocked by a checkout are not retried at the end",
    "run.ts",
    "if (state.open > 0) settleBlocked(d);",
    "",
  ),
  of(
    5,
    "the end of a wait for the checkouts is not believed",
    "landing.ts",
    "d.state.awaiting = false;",
    "",
  ),
  of(
    7,
    "no wait for the checkouts is requested",
    "landing.ts",
    '"checkout.await"',
    '"gates.cancel"',
  ),
  of(7, "the last try is never the last", "landing.ts", "unitOf(d, id).lastTry = true;", ";"),
  of(7, "run.finish is asked for again and again", "run.ts", "state.finishing = true;", ""),
  of(
    7,
    "a run is complete when any unit landed",
    "run.ts",
    "state.landed === state.dag.units.length",
    "state.landed > 0",
  ),
  of(
    9,
    "a candidate is based on one whose object gates have not passed",
    "train.ts",
    "base = car.screened ? car.commit : null;",
    "base = car.commit;",
  ),
  {
    name: "a candidate counts as screened when its gates failed",
    breaks: 9,
    patches: [
      {
        file: "train.ts",
        find: 'car.phase = "failed";\n',
        replace: 'car.phase = "failed";\n  car.screened = true;\n',
      },
      {
        file: "train.ts",
        find: 'if (car.phase !== "failed") {\n      base',
        replace: "if (true) {\n      base",
      },
      {
        file: "invariants.ts",
        find: 'if (car.phase !== "failed") base',
        replace: "if (true) base",
      },
    ],
  },
  of(
    10,
    "every change that passes alone is attributed to what landed",
    "train.ts",
    'const attributed = event.blame === "integration";',
    "const attributed = true;",
  ),
  of(7, "a moved target is not believed", "landing.ts", "  state.tip = tip;\n", ""),
];

export interface Caught {
  seed: number;
  failure: string;
}

/** Simulates a mutated kernel until a seed fails; null when none does. */
export async function hunt(mutation: Mutation, seeds: number): Promise<Caught | null> {
  const kernel = await patchedKernel(mutation.patches);
  return firstFailure(kernel, seeds);
}

/** The first of `seeds` seeds in which the simulation of a kernel fails. */
export function firstFailure(kernel: Kernel, seeds: number): Caught | null {
  for (let seed = 0; seed < seeds; seed++) {
    try {
      simulate(kernel, seed);
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      return { seed, failure: (error.cause as Error).message };
    }
  }
  return null;
}
