/**
 * One simulated run: a seed determines the plan, the world, and the order in which answers arrive.
 *
 * Some answers are delivered twice, and some after they are obsolete; the kernel must accept exactly those
 * that it waits for. A failure carries the seed and the list of events.
 */
import type { Action } from "../../src/kernel/action.ts";
import type { Event } from "../../src/kernel/event.ts";
import type { State } from "../../src/kernel/state.ts";
import type { Kernel } from "./kernel.ts";
import { type Random, randomOf } from "./random.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { CheckFailure, Witness } from "./witness.ts";
import { World } from "./world.ts";

export interface Outcome {
  events: number;
  stale: number;
  status: string;
  /** Digest of all events and actions. */
  digest: string;
}

/** A failed simulation: the seed, the failed check, and the events before it. */
export class SimulationFailure extends Error {
  readonly seed: number;
  readonly events: readonly Event[];
  constructor(seed: number, cause: Error, events: readonly Event[]) {
    const list = events.map((event, at) => `  ${at + 1}. ${JSON.stringify(event)}`).join("\n");
    super(`seed ${seed}: ${cause.message}\nafter ${events.length} events:\n${list}`, { cause });
    this.seed = seed;
    this.events = events;
  }
}

const eventsMax = 5_000;

/** Runs one seed to its end; throws a `SimulationFailure` when a check fails. */
export function simulate(kernel: Kernel, seed: number): Outcome {
  const simulation = new Simulation(kernel, seed);
  try {
    return simulation.run();
  } catch (error) {
    throw new SimulationFailure(seed, error as Error, simulation.events);
  }
}

class Simulation {
  readonly events: Event[] = [];
  readonly #kernel: Kernel;
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #witness: Witness;
  readonly #pending: Action[] = [];
  /** Pending gate runs whose object gates have been reported. */
  readonly #screened = new Set<Action>();
  /** All actions requested by the kernel, in order. */
  readonly #requested: Action[] = [];
  /** True for seeds that check purity after every event, and replay every prefix. */
  readonly #thorough: boolean;
  /** The order of answers: random, oldest action first, or newest action first. */
  readonly #delivery: "any" | "oldest" | "newest";
  readonly #states: string[] = [];
  #state: State;
  #stale = 0;
  #moves = 5;

  constructor(kernel: Kernel, seed: number) {
    this.#kernel = kernel;
    this.#random = randomOf(seed);
    this.#scenario = drawScenario(this.#random);
    this.#world = new World(seed, this.#random, this.#scenario);
    this.#witness = new Witness(this.#scenario, this.#world);
    this.#thorough = seed % 16 === 0;
    this.#delivery = this.#random.pick(["any", "any", "any", "oldest", "newest"]);
    this.#state = kernel.initialState();
  }

  run(): Outcome {
    this.#deliver(this.#scenario.start, true);
    while (this.#state.finished === null) this.#next();
    // All remaining answers are too late.
    for (let action = this.#pending.pop(); action; action = this.#pending.pop()) {
      const event = this.#world.perform(action);
      if (event !== null) this.#deliver(event, false);
    }
    if (this.events.length > 0) this.#deliver(this.#random.pick(this.events), false);
    this.#witness.end();
    this.#replay();
    return {
      events: this.events.length,
      stale: this.#stale,
      status: String(this.#state.finished),
      digest: Bun.hash(JSON.stringify([this.events, this.#requested])).toString(16),
    };
  }

  #next(): void {
    check(this.events.length < eventsMax, "the run does not end");
    const { rates } = this.#scenario;
    const random = this.#random;
    if (random.chance(rates.repeat)) {
      const repeatable = this.events.filter((event) => !unrequested.has(event.type));
      if (repeatable.length > 0) this.#deliver(random.pick(repeatable), false);
    }
    if (this.#moves > 0 && random.chance(rates.move)) this.#move();
    if (random.chance(rates.checkout * 0.2)) {
      const event = this.#world.clear();
      if (random.chance(0.5)) this.#deliver(event, null);
    }
    if (random.chance(rates.interrupt)) {
      const cause = random.pick(["signal", "repository_changed"] as const);
      this.#deliver(
        { type: "run.interrupted", cause, reason: "an interrupt by the operator" },
        null,
      );
    }
    if (random.chance(0.02)) this.#state = JSON.parse(JSON.stringify(this.#state)) as State;
    if (this.#state.finished !== null) return;
    check(this.#pending.length > 0, "no action is pending, and the run has not ended");
    const action = this.#take();
    const wanted = keysOf(this.#kernel.outstanding(this.#state));
    const early = this.#screened.has(action) ? null : this.#world.screen(action);
    if (early !== null && random.chance(0.8)) {
      this.#screened.add(action);
      this.#pending.push(action);
      this.#deliver(early, wanted.has(JSON.stringify(action)));
      return;
    }
    const event = this.#world.perform(action);
    if (event === null) return;
    this.#deliver(event, wanted.has(JSON.stringify(action)));
  }

  #take(): Action {
    const last = this.#pending.length - 1;
    const at = { any: this.#random.below(last + 1), oldest: 0, newest: last }[this.#delivery];
    // Sometimes another one is taken, so that no action waits indefinitely.
    const odd = this.#random.chance(0.1) ? this.#random.below(last + 1) : at;
    return this.#pending.splice(odd, 1)[0] as Action;
  }

  #move(): void {
    this.#moves--;
    const event = this.#world.move();
    if (this.#random.chance(0.6)) this.#deliver(event, null);
  }

  /** Delivers an event; `expected`: it must be applied (true) or stale (false), or either (null). */
  #deliver(event: Event, expected: boolean | null): void {
    const before = expected === false ? JSON.stringify(this.#state) : "";
    const checked = this.#thorough ? this.#purely(event) : null;
    this.events.push(event);
    const step = this.#kernel.apply(this.#state, event);
    const after = this.#thorough || step.disposition === "stale" ? JSON.stringify(this.#state) : "";
    if (checked !== null) {
      check(after === checked.state, "transition and apply give different states");
      check(JSON.stringify(step) === checked.step, "transition and apply give different steps");
      this.#states.push(after);
    }
    if (expected !== null) {
      const is = step.disposition === "applied";
      check(is === expected, `${event.type} is ${step.disposition}, expected otherwise`);
    }
    if (step.disposition === "stale") {
      this.#stale++;
      if (expected === false) check(before === after, `a stale ${event.type} changed the state`);
    }
    this.#kernel.checkInvariants(this.#state, event, step);
    this.#witness.see(event, step);
    for (const action of step.actions) {
      this.#requested.push(action);
      this.#pending.push(action);
    }
    this.#compareOutstanding();
  }

  /** Result of the pure `transition` for the same event, on a frozen state. */
  #purely(event: Event): { state: string; step: string } {
    deepFreeze(this.#state);
    const { state, ...step } = this.#kernel.transition(this.#state, event);
    this.#state = structuredClone(this.#state);
    return { state: JSON.stringify(state), step: JSON.stringify(step) };
  }

  /** Compares the kernel's outstanding actions with the requested and unanswered ones. */
  #compareOutstanding(): void {
    if (this.#state.finished !== null) return;
    const actions = this.#kernel.outstanding(this.#state);
    const says = keysOf(actions);
    check(says.size === actions.length, "an action is outstanding twice");
    const { certain, perhaps } = this.#witness.live(this.#pending);
    for (const action of certain) {
      const key = JSON.stringify(action);
      check(says.delete(key), `the kernel does not wait for ${key}`);
    }
    for (const action of perhaps) says.delete(JSON.stringify(action));
    for (const key of says)
      check(false, `the kernel waits for an action that is not pending: ${key}`);
    this.#checkLimits(actions);
  }

  #checkLimits(actions: readonly Action[]): void {
    const { limits } = this.#scenario.start;
    const workers = new Set(["attempt.prepare", "worker.start", "self_review.start"]);
    const count = (which: (type: string) => boolean): number =>
      actions.filter((action) => which(action.type)).length;
    check(count((type) => workers.has(type)) <= limits.jobs, "more workers than jobs");
    check(count((type) => type === "gates.run") <= limits.maxGates, "too many gate runs");
    check(count((type) => type === "candidate.build") <= 1, "two builds at a time on one train");
    check(count((type) => type === "landing.perform") <= 1, "two landings at a time");
  }

  /** Replays the events: the final state, and the state after some or all prefixes, must be equal. */
  #replay(): void {
    const { replay } = this.#kernel;
    const whole = JSON.stringify(replay(this.events));
    check(whole === JSON.stringify(this.#state), "replaying the events gives another state");
    for (const [at, state] of this.#states.entries()) {
      if (this.#states.length > 60 && !this.#random.chance(60 / this.#states.length)) continue;
      const again = JSON.stringify(replay(this.events.slice(0, at + 1)));
      check(again === state, `replaying ${at + 1} events gives another state`);
    }
  }
}

/** Events that answer no action: delivering them again may have an effect. */
const unrequested = new Set<Event["type"]>(["target.moved", "checkout.changed"]);

function check(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CheckFailure(message);
}

function keysOf(actions: readonly Action[]): Set<string> {
  return new Set(actions.map((action) => JSON.stringify(action)));
}

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
