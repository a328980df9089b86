/**
 * Independent model of a run, derived from events and actions only, and its checks of the kernel.
 *
 * The kernel's own `checkInvariants` runs as well; the witness uses neither it nor the kernel's state.
 */
import type { Action } from "../../src/kernel/action.ts";
import type { DagUnit } from "../../src/kernel/dag.ts";
import type { Event, KernelLimits } from "../../src/kernel/event.ts";
import { integrationFailed } from "../../src/kernel/reasons.ts";
import type { Phase } from "../../src/kernel/state.ts";
import type { Step } from "../../src/kernel/transition.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

type Of<T extends Action["type"]> = Extract<Action, { type: T }>;

const overPhases = new Set<Phase>([
  "landed",
  "done",
  "failed",
  "timed_out",
  "skipped",
  "abandoned",
]);

/** A failure of an attempt: null when it counts by itself, otherwise the commit its candidate was based on. */
interface Fault {
  onto: string | null;
}

interface Known {
  about: DagUnit;
  phase: Phase;
  attempts: number;
  fork: number;
  crashes: number;
  timeouts: number;
  /** Requested fixes, and whether the current attempt is one. */
  fixes: number;
  fixing: boolean;
  reviewed: { commit: string; tree: string } | null;
  builtOnce: boolean;
  faults: Fault[];
}

/** A failed check of the simulation; its message is one sentence. */
export class CheckFailure extends Error {}

function check(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CheckFailure(message);
}

export class Witness {
  readonly #units = new Map<string, Known>();
  readonly #limits: KernelLimits;
  readonly #order: "ready" | "plan";
  readonly #needsGates: boolean;
  readonly #screening: boolean;
  readonly #landingOrder: string[];
  readonly #world: World;
  readonly #passedTrees = new Set<string>();
  /** Trees whose object gates passed. */
  readonly #screenedTrees = new Set<string>();
  readonly #cancelled = new Set<string>();
  /** Units in the order in which they became ready, and attempts in the order of their reviews. */
  readonly #ready: string[] = [];
  readonly #reviewed: string[] = [];
  #landing: Of<"landing.perform"> | null = null;
  #interrupted = false;
  #finishes = 0;
  #misfortunes = 0;

  constructor({ start }: Scenario, world: World) {
    this.#world = world;
    this.#limits = start.limits;
    this.#order = start.order;
    this.#needsGates = start.gates.length > 0;
    this.#screening = start.screening === true && this.#needsGates;
    for (const about of start.dag.units) this.#units.set(about.id, newKnown(about));
    this.#landingOrder = landingOrder(start.dag.units);
    for (const { unit, as } of start.settled) this.#of(unit).phase = as;
    for (const { id } of start.dag.units) this.#noteReady(id);
    for (const { unit } of start.settled) this.#of(unit).phase = "pending";
  }

  /** Processes an event that the kernel has applied, and the resulting step. */
  see(event: Event, step: Step): void {
    if (step.disposition === "stale") {
      check(step.actions.length + step.changes.length === 0, "a stale event had an effect");
      return;
    }
    this.#applyEvent(event);
    for (const change of step.changes) this.#changed(event, change);
    for (const action of step.actions) this.#requested(action);
  }

  /** Actions that still need an answer, among the requested and unanswered ones. */
  live(pending: readonly Action[]): { certain: Action[]; perhaps: Action[] } {
    const worth = pending.filter((action) => {
      if (action.type === "worker.stop" || action.type === "gates.cancel") return false;
      if (action.type === "checkout.await") return !this.#interrupted;
      if (action.type === "gates.run") return !this.#cancelled.has(gateRun(action));
      return !("unit" in action) || !overPhases.has(this.#of(action.unit).phase);
    });
    // A rebuilt car abandons a build without an event; only the answer shows it.
    return {
      certain: worth.filter((action) => action.type !== "candidate.build"),
      perhaps: worth.filter((action) => action.type === "candidate.build"),
    };
  }

  /** Checks the end of a run. */
  end(): void {
    check(this.#finishes === 1, `run.finish was requested ${this.#finishes} times`);
    check(this.#landing === null, "the run ended during a landing");
    for (const { about, phase } of this.#units.values()) {
      check(overPhases.has(phase), `the run ended while ${about.id} was ${phase}`);
      const lost = about.deps.some((dep) => !isGood(this.#of(dep).phase));
      if (phase === "skipped")
        check(lost, `${about.id} was skipped although its dependencies succeeded`);
      else if (phase !== "abandoned") {
        const settled = isGood(phase) && this.#of(about.id).attempts === 0;
        check(!lost || settled, `${about.id} ran without its dependencies`);
      }
      if (this.#misfortunes === 0)
        check(isGood(phase), `${about.id} is ${phase} without a failure`);
    }
  }

  #of(id: string): Known {
    const known = this.#units.get(id);
    check(known !== undefined, `the kernel names the unknown unit ${id}`);
    return known;
  }

  #noteReady(id: string): void {
    const { about, phase } = this.#of(id);
    const isReady = phase === "pending" && about.deps.every((dep) => isGood(this.#of(dep).phase));
    if (isReady && !this.#ready.includes(id)) this.#ready.push(id);
  }

  #applyEvent(event: Event): void {
    switch (event.type) {
      case "run.interrupted":
        this.#interrupted = true;
        this.#misfortunes++;
        return;
      case "attempt.unprepared":
        this.#fault(event.unit, { onto: null });
        if (event.retriable) this.#of(event.unit).crashes++;
        return;
      case "worker.exited": {
        const known = this.#of(event.unit);
        check(event.fork === known.fork, `an answer of another fork of ${event.unit} was applied`);
        if (event.outcome === "complete") return;
        this.#fault(event.unit, { onto: null });
        if (event.outcome === "timed_out") known.timeouts++;
        if (event.outcome === "disapproved") {
          check(!known.fixing, `${event.unit} reviews during its own fix`);
          if (known.fixes < known.about.fixesMax) {
            known.fixes++;
            known.fixing = true;
          }
        }
        if (event.outcome === "crashed" || event.outcome === "provider_failed") known.crashes++;
        return;
      }
      case "self_review.finished":
        if (!event.approved) this.#fault(event.unit, { onto: null });
        return;
      case "review.finished":
        if (!event.passed) this.#fault(event.unit, { onto: null });
        else {
          this.#of(event.unit).reviewed = { commit: event.commit, tree: event.tree };
          this.#reviewed.push(event.unit);
        }
        return;
      case "candidate.conflicted":
      case "candidate.failed":
        this.#fault(event.unit, { onto: event.onto });
        return;
      case "gates.finished":
        if (event.passed) this.#passedTrees.add(event.tree);
        if (event.passed) this.#screenedTrees.add(event.tree);
        else this.#fault(event.unit, { onto: event.car === null ? null : this.#ontoOf(event) });
        // The attempt alone is judged only after a failure that already counts; a pass excuses nothing.
        return;
      case "candidate.screened":
        this.#screenedTrees.add(event.tree);
        return;
      case "landing.finished":
        this.#landing = null;
        if (!this.#of(event.unit).fixing) return;
        // A landed fix is reviewed once more, by an attempt without a failure of its own.
        this.#of(event.unit).fixing = false;
        this.#fault(event.unit, { onto: null });
        return;
      case "landing.refused":
        this.#landing = null;
        if (event.cause !== "target_moved") this.#fault(event.unit, { onto: null });
        else this.#misfortunes++;
        return;
      case "target.moved":
        this.#misfortunes++;
        return;
      default:
    }
  }

  readonly #ontos = new Map<number, string>();

  #ontoOf({ car }: { car: number | null }): string {
    return this.#ontos.get(car ?? 0) ?? "never built";
  }

  #fault(unit: string, fault: Fault): void {
    this.#misfortunes++;
    this.#of(unit).faults.push(fault);
  }

  #changed(event: Event, { unit, from, to, reason }: Step["changes"][number]): void {
    const known = this.#of(unit);
    check(known.phase === from, `${unit} was ${known.phase}, not ${from}`);
    check(!overPhases.has(from), `${unit} changed after its end`);
    check(reason.length > 0, `${unit} became ${to} without a reason`);
    known.phase = to;
    if (reason.includes(integrationFailed)) {
      const proven =
        event.type === "gates.finished" &&
        event.car === null &&
        event.passed &&
        event.blame === "integration";
      check(proven, `${unit} is attributed to what landed without proof`);
    }
    if (isGood(to)) {
      if (event.type === "run.started") return;
      check(!known.fixing, `${unit} became ${to} before its fix was reviewed`);
      if (to === "landed") {
        check(known.about.role === "worker", `${unit} is not a worker, and landed`);
        const lands = event.type === "landing.finished" || event.type === "review.satisfied";
        check(lands && event.unit === unit, `${unit} did not land`);
        if (event.type === "landing.finished")
          check(this.#world.tip === event.commit, "the target is not the landed commit");
        else check(this.#world.tips.has(event.commit), `${unit} is satisfied by an unknown commit`);
      }
      for (const { id, deps } of this.#units.values().map(({ about }) => about)) {
        if (deps.includes(unit)) this.#noteReady(id);
      }
    }
    if (to === "waiting" || to === "failed" || to === "timed_out") {
      const counts = known.faults.some(({ onto }) => onto === null || this.#world.tips.has(onto));
      check(counts, `${unit} became ${to} for a failure on a base that never landed`);
    }
    if (to === "skipped") {
      const lost = known.about.deps.some((dep) => !isGood(this.#of(dep).phase));
      check(lost, `${unit} was skipped although its dependencies succeeded`);
    }
    if (to === "abandoned") check(this.#interrupted, `${unit} was abandoned without an interrupt`);
  }

  #requested(action: Action): void {
    switch (action.type) {
      case "attempt.prepare":
        this.#prepare(action);
        return;
      case "worker.start":
        this.#start(action);
        return;
      case "candidate.build":
        this.#build(action);
        return;
      case "gates.run": {
        const tree = this.#world.treeOf(action.commit);
        check(tree === action.tree, "gates run on another tree than the commit's");
        check(!this.#interrupted, "gates started after an interrupt");
        if (action.car !== null) this.#ontos.set(action.car, action.onto);
        const reviewed = this.#of(action.unit).reviewed;
        if (action.car === null) check(action.tree === reviewed?.tree, "not the attempt's tree");
        return;
      }
      case "gates.cancel":
        this.#cancelled.add(gateRun(action));
        return;
      case "landing.perform":
        this.#land(action);
        return;
      case "run.finish":
        this.#finish(action);
        return;
      case "self_review.start":
        check(this.#of(action.unit).about.selfReview, "a self-review of a unit without one");
        check(!this.#interrupted, "a reviewer started after an interrupt");
        return;
      case "attempt.review":
        check(!this.#interrupted, "a review started after an interrupt");
        return;
      case "checkout.await": {
        check(!this.#interrupted, "a run waits for the checkouts after an interrupt");
        // In plan order, others wait behind the unit that is blocked.
        const queues = this.#order === "plan" ? ["queued"] : [];
        const still = new Set<Phase>([...overPhases, "waiting", "pending", ...(queues as Phase[])]);
        const idle = [...this.#units.values()].every(({ phase }) => still.has(phase));
        check(idle, "a run waits for the checkouts while other work is left");
        return;
      }
      case "worker.stop":
        check(this.#interrupted, "a worker was stopped without an interrupt");
        return;
      default:
        action satisfies never;
    }
  }

  #prepare({ unit, attempt, retryOf, fixing }: Of<"attempt.prepare">): void {
    const known = this.#of(unit);
    check(
      fixing === known.fixing,
      `${unit} ${fixing ? "fixes without a rejection" : "does not fix after a rejection"}`,
    );
    const { rejectionRetries, crashRetries, timeoutRetries } = this.#limits;
    check(!this.#interrupted, `${unit} started after an interrupt`);
    check(attempt === known.attempts + 1, `attempt ${attempt} of ${unit} is not the next one`);
    check(retryOf === (attempt === 1 ? null : attempt - 1), `${unit} retries another attempt`);
    const crashes = Math.min(known.crashes, crashRetries);
    const timeouts = Math.min(known.timeouts, timeoutRetries);
    const attemptsMax = 1 + rejectionRetries + crashes + timeouts + 2 * known.fixes;
    check(attempt <= attemptsMax, `${unit} has too many attempts`);
    for (const dep of known.about.deps) {
      check(isGood(this.#of(dep).phase), `${unit} started before ${dep} was settled`);
    }
    if (attempt === 1) {
      check(this.#ready.shift() === unit, `${unit} started before one that was ready earlier`);
    }
    known.attempts = attempt;
    known.fork = 0;
    known.reviewed = null;
    known.builtOnce = false;
    known.faults = [];
  }

  #start({ unit, fork }: Of<"worker.start">): void {
    const known = this.#of(unit);
    check(!this.#interrupted, `a worker of ${unit} started after an interrupt`);
    check(fork === 0 || fork === known.fork + 1, `${unit} skipped a fork`);
    check(fork <= known.about.forksMax, `${unit} has too many forks`);
    known.fork = fork;
    if (fork > 0) known.faults = [];
  }

  #build({ unit, commit, onto }: Of<"candidate.build">): void {
    const known = this.#of(unit);
    check(!this.#interrupted, "a candidate is built after an interrupt");
    check(commit === known.reviewed?.commit, `${unit} merges an unreviewed commit`);
    check(this.#world.commits.has(onto), `${unit} is built on an unknown commit`);
    if (this.#screening && !this.#world.tips.has(onto)) {
      const passed = this.#screenedTrees.has(this.#world.treeOf(onto));
      check(passed, `${unit} is built on a candidate that did not pass its object gates`);
    }
    if (known.builtOnce) return;
    known.builtOnce = true;
    if (this.#order === "plan") return;
    check(this.#reviewed.shift() === unit, `${unit} boarded before one that waited longer`);
  }

  #land(action: Of<"landing.perform">): void {
    const { unit, from, to, tree } = action;
    const known = this.#of(unit);
    check(this.#landing === null, "two landings at a time");
    check(!this.#interrupted, "a landing started after an interrupt");
    this.#landing = action;
    const candidate = this.#world.commits.get(to);
    check(candidate?.parent === from, `${unit} lands a commit whose parent is not ${from}`);
    check(candidate.tree === tree, `${unit} lands another tree than the action names`);
    check(
      tree.endsWith(`+${unit}#${known.attempts}`),
      `${unit} lands the change of another attempt`,
    );
    if (this.#needsGates)
      check(this.#passedTrees.has(tree), `${unit} lands a tree that did not pass`);
    for (const dep of known.about.deps) {
      check(isGood(this.#of(dep).phase), `${unit} lands before ${dep}`);
    }
    if (this.#order === "ready") return;
    for (const earlier of this.#landingOrder) {
      if (earlier === unit) return;
      const { about, phase } = this.#of(earlier);
      if (about.role !== "worker") continue;
      check(overPhases.has(phase), `${unit} lands before ${earlier}`);
    }
  }

  #finish({ status }: Of<"run.finish">): void {
    this.#finishes++;
    const phases = [...this.#units.values()].map((known) => known.phase);
    check(
      phases.every((phase) => overPhases.has(phase)),
      "the run finished too early",
    );
    const good = phases.filter(isGood).length;
    const ended = good === phases.length ? "complete" : good > 0 ? "partial" : "failed";
    check(status === (this.#interrupted ? "interrupted" : ended), `the run is not ${status}`);
  }
}

function newKnown(about: DagUnit): Known {
  return {
    about,
    phase: "pending",
    attempts: 0,
    fork: 0,
    crashes: 0,
    timeouts: 0,
    fixes: 0,
    fixing: false,
    reviewed: null,
    builtOnce: false,
    faults: [],
  };
}

function gateRun({ unit, attempt, car }: Of<"gates.run"> | Of<"gates.cancel">): string {
  return `${unit}#${attempt} ${car}`;
}

function isGood(phase: Phase): boolean {
  return phase === "landed" || phase === "done";
}

function landingOrder(units: readonly DagUnit[]): string[] {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const order = new Set<string>();
  const visit = (id: string): void => {
    if (order.has(id)) return;
    for (const dep of byId.get(id)?.deps ?? []) visit(dep);
    order.add(id);
  };
  for (const { id } of units) visit(id);
  const lands = ({ role, fixesMax }: DagUnit): boolean => role === "worker" || fixesMax > 0;
  return [...order].filter((id) => {
    const unit = byId.get(id);
    return unit !== undefined && lands(unit);
  });
}
