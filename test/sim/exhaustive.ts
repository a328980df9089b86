/**
 * Exhaustive exploration of small runs: every dag of up to three units, every outcome of every step.
 *
 * One job, one car, one gate run. A state reached in two ways is explored once. Commit ids name the
 * changes they hold, so equal states of the repository have equal ids.
 */
import type { Action } from "../../src/kernel/action.ts";
import type { Dag, DagUnit } from "../../src/kernel/dag.ts";
import type { Event, KernelLimits, WorkerOutcome } from "../../src/kernel/event.ts";
import type { Phase, State } from "../../src/kernel/state.ts";
import type { Kernel } from "./kernel.ts";

export interface Explored {
  states: number;
  endings: number;
  /** True when more than `statesMax` states were found, so that the exploration is incomplete. */
  cut: boolean;
}

const statesMax = 200_000;

const outcomes: readonly WorkerOutcome[] = [
  "complete",
  "incomplete",
  "blocked",
  "exhausted",
  "crashed",
  "timed_out",
];

/** Every dag of one to three workers, and one with a read-only unit, with limits that keep it small. */
export function smallDags(): { name: string; dag: Dag; limits: KernelLimits }[] {
  const serial = { jobs: 1, speculation: 1, maxGates: 1, rebuilds: 1 };
  const waiting = { ...serial, checkoutWaitS: 60 };
  const once = { ...waiting, rejectionRetries: 1, crashRetries: 1, timeoutRetries: 1 };
  const never = { ...serial, rejectionRetries: 0, crashRetries: 0, timeoutRetries: 0 };
  const named = (dag: Dag, limits: KernelLimits) => ({
    name: dag.units.map(nameOf).join(" "),
    dag,
    limits,
  });
  const dags = [1, 2, 3].flatMap((size) => dagsOf(size));
  return [
    ...dags.map((dag) => named(dag, dag.units.length === 1 ? once : never)),
    named(
      { units: [unit("a", []), { ...unit("r", ["a"]), role: "reviewer" }, unit("b", ["r"])] },
      never,
    ),
    named({ units: [{ ...unit("a", []), selfReview: true, fixesMax: 0, forksMax: 1 }] }, once),
  ];
}

function nameOf({ id, deps, role, selfReview }: DagUnit): string {
  const kind = role === "worker" ? "" : `${role} `;
  return `${kind}${id}(${deps.join(" ")})${selfReview ? " with self-review and a fork" : ""}`;
}

/** Every dag of `size` units that depend on earlier units only. */
function dagsOf(size: number): Dag[] {
  const names = ["a", "b", "c"].slice(0, size);
  return names
    .reduce<DagUnit[][]>(
      (known, id, at) =>
        known.flatMap((units) =>
          subsetsOf(names.slice(0, at)).map((deps) => [...units, unit(id, deps)]),
        ),
      [[]],
    )
    .map((units) => ({ units }));
}

function subsetsOf(items: readonly string[]): string[][] {
  return Array.from({ length: 2 ** items.length }, (_, mask) =>
    items.filter((_, at) => (mask & (1 << at)) !== 0),
  );
}

function unit(id: string, deps: string[]): DagUnit {
  return { id, role: "worker", deps, selfReview: false, forksMax: 0, fixesMax: 0 };
}

/** Follows every outcome of every outstanding action from the start; throws when a check fails. */
export function explore(kernel: Kernel, dag: Dag, limits: KernelLimits): Explored {
  const seen = new Set<string>();
  const tip = "t";
  const start: Event = {
    type: "run.started",
    dag,
    limits,
    order: "ready",
    tip,
    gates: ["tests"],
    settled: [],
  };
  const open: { state: State; trail: readonly Event[] }[] = [
    { state: kernel.initialState(), trail: [] },
  ];
  let endings = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const events = at.trail.length === 0 ? [start] : answersIn(kernel, at.state);
    if (events.length === 0) throw new Error(`stuck after ${JSON.stringify(at.trail)}`);
    for (const event of events) {
      const trail = [...at.trail, event];
      const { state, ...step } = kernel.transition(at.state, event);
      try {
        kernel.checkInvariants(state, event, step);
        if (state.finished !== null) checkEnd(state);
      } catch (error) {
        throw new Error(`${(error as Error).message} after ${JSON.stringify(trail)}`);
      }
      if (state.finished !== null) endings++;
      const key = JSON.stringify(state);
      if (state.finished !== null || seen.has(key)) continue;
      seen.add(key);
      if (seen.size > statesMax) return { states: seen.size, endings, cut: true };
      open.push({ state, trail });
    }
  }
  return { states: seen.size, endings, cut: false };
}

/** Every answer to every outstanding action, one move of the target, and an interrupt. */
function answersIn(kernel: Kernel, state: State): Event[] {
  const events = kernel.outstanding(state).flatMap((action) => answersTo(state, action));
  const landing = state.train.some((car) => car.phase === "landing");
  // One move is enough: a second one would only repeat the cycle.
  if (!state.tip.endsWith("+x") && !landing && state.train.length > 0) {
    events.push({ type: "target.moved", tip: `${state.tip}+x` });
  }
  if (state.stopping === null && !state.finishing) {
    events.push({ type: "run.interrupted", cause: "signal", reason: "so" });
  }
  return events;
}

function answersTo(state: State, action: Action): Event[] {
  if (action.type === "run.finish") return [{ type: "run.finished", status: action.status }];
  if (action.type === "checkout.await") {
    // Without a bound, a checkout could change and block again for ever.
    const again = state.nextCar < 4 ? [true, false] : [false];
    return again.map((changed) => ({ type: "checkout.waited", wait: action.wait, changed }));
  }
  const of = { unit: action.unit, attempt: action.attempt };
  const change = `${action.unit}${action.attempt}`;
  switch (action.type) {
    case "attempt.prepare":
      return [
        { type: "attempt.prepared", ...of, base: state.tip },
        { type: "attempt.unprepared", ...of, reason: "no room", retriable: true },
        { type: "attempt.unprepared", ...of, reason: "no room", retriable: false },
      ];
    case "worker.start":
      return outcomes.map((outcome) => ({
        type: "worker.exited",
        ...of,
        fork: action.fork,
        outcome,
        reason: "so",
      }));
    case "self_review.start":
      return [true, false].map((approved) => ({
        type: "self_review.finished",
        ...of,
        approved,
        reason: "so",
      }));
    case "attempt.review": {
      const tree = `${state.units[action.unit]?.base}+${change}`;
      const no = { passed: false, verdict: "scope_violation", reason: "so" } as const;
      return [
        { type: "review.finished", ...of, passed: true, commit: tree, tree },
        { type: "review.satisfied", ...of, commit: "t" },
        { type: "review.finished", ...of, ...no, retriable: true },
        { type: "review.finished", ...of, ...no, retriable: false },
      ];
    }
    case "candidate.build": {
      const { car, onto } = action;
      const tree = `${onto}+${change}`;
      return [
        { type: "candidate.built", ...of, car, onto, commit: tree, tree },
        { type: "candidate.conflicted", ...of, car, onto, reason: "so" },
        { type: "candidate.failed", ...of, car, onto, reason: "so" },
      ];
    }
    case "gates.run": {
      const answer = { type: "gates.finished", ...of, car: action.car, tree: action.tree } as const;
      const failed = { ...answer, verdicts: { tests: "failed" }, passed: false } as const;
      return [
        { ...answer, verdicts: { tests: "passed" }, passed: true, blame: null, reason: "" },
        { ...failed, blame: "attempt", reason: "so" },
        { ...failed, blame: "base", reason: "so" },
      ];
    }
    case "landing.perform": {
      const { car, to } = action;
      const no = { type: "landing.refused", ...of, car, reason: "so" } as const;
      const moved: Event[] = state.tip.endsWith("+x")
        ? []
        : [{ ...no, cause: "target_moved", tip: `${state.tip}+x` }];
      return [
        { type: "landing.finished", ...of, car, commit: to },
        { ...no, cause: "blocked_by_checkout", tip: state.tip },
        { ...no, cause: "proof_failed", tip: state.tip },
        ...moved,
      ];
    }
    case "worker.stop":
    case "gates.cancel":
      return [];
    default:
      return action satisfies never;
  }
}

/** Checks what holds at the end of every run. */
function checkEnd(state: State): void {
  const isGood = (phase: Phase | undefined): boolean => phase === "landed" || phase === "done";
  const phases = Object.values(state.units).map(({ phase }) => phase);
  const good = phases.filter(isGood).length;
  const ended = good === phases.length ? "complete" : good > 0 ? "partial" : "failed";
  const status = state.stopping === null ? ended : "interrupted";
  if (state.finished !== status) throw new Error(`the run is not ${state.finished}`);
  for (const { id, deps } of state.dag.units) {
    const phase = state.units[id]?.phase;
    const lost = deps.some((dep) => !isGood(state.units[dep]?.phase));
    const right = lost === (phase === "skipped") || (phase === "abandoned" && status !== ended);
    if (!right) throw new Error(`${id} is ${phase}`);
    if (state.tip.split(`+${id}`).length > 2) throw new Error(`${id} landed twice`);
  }
}
