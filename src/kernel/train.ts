/**
 * The merge train: which candidate stands on which, what is judged, and what a failure invalidates.
 *
 * Every car stands on the candidate before it, so what lands is what was judged. Handlers only note
 * what happened to a car or to the tip; `pump` then makes the train whole again in one walk, which
 * is the only place where cars are built, rebuilt, judged and sent to land.
 */
import { assert, present } from "../std/assert.ts";
import type { UnitId } from "./dag.ts";
import { indexOf } from "./dag-index.ts";
import { type Draft, setPhase, unitOf } from "./draft.ts";
import { fail, reject } from "./ending.ts";
import type { Event, GateStatus } from "./event.ts";
import { type Car, type Failure, terminalPhases } from "./state.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** Makes the train whole, and starts everything it allows. */
export function pump(d: Draft): void {
  settleDoubts(d);
  join(d);
  couple(d);
  judge(d);
  land(d);
}

/** The unit waits for a place in the train. */
export function enqueue(d: Draft, id: UnitId, reason: string): void {
  setPhase(d, id, "queued", reason);
  if (d.state.order === "ready") d.state.queue.push(id);
}

/** A failure reached on speculation counts once what the car stood on is the tip. */
function settleDoubts(d: Draft): void {
  const { train, tip } = d.state;
  for (const car of train.filter((c) => c.phase === "doubtful" && c.onto === tip)) {
    condemn(d, car, present(car.failure, "a doubtful car has failed"));
  }
}

/** The candidate failed on the tip. Unless it is the attempt's own tree, that one is judged too. */
function condemn(d: Draft, car: Car, failure: Failure): void {
  const { unit: id, attempt } = car;
  uncouple(d, car);
  if (failure.hopeless) fail(d, id, failure.reason);
  else if (failure.kind === "conflict" || car.tree === unitOf(d, id).tree) {
    reject(d, id, failure.reason);
  } else {
    d.state.judging.push({ unit: id, attempt, reason: failure.reason, running: false });
    setPhase(d, id, "validating", `${failure.reason}; judged alone, to say whose fault it is`);
  }
}

function join(d: Draft): void {
  const { state } = d;
  while (state.train.length < state.limits.speculation) {
    const unit = state.order === "ready" ? state.queue.shift() : nextInPlan(d);
    if (unit === undefined) return;
    state.train.push(newCar(d, { unit, attempt: unitOf(d, unit).attempt, rebuilds: 0 }));
  }
}

/**
 * In plan order a unit joins when everything before it is over or in the train. A reviewer holds
 * nobody back: whether it has something to land is known only when it has spoken.
 */
function nextInPlan(d: Draft): UnitId | undefined {
  const { state } = d;
  const { landingOrder, byId } = indexOf(state.dag);
  for (let at = state.planAt; at < landingOrder.length; at++) {
    const id = present(landingOrder[at], "within the order");
    const { phase } = unitOf(d, id);
    if (terminalPhases.has(phase)) {
      if (at === state.planAt) state.planAt++;
    } else if (!state.train.some((car) => car.unit === id)) {
      if (phase === "queued") return id;
      if (byId.get(id)?.role === "worker") return undefined;
    }
  }
  return undefined;
}

/** A car that has everything before it. */
function newCar(
  d: Draft,
  { unit, attempt, rebuilds }: Pick<Car, "unit" | "attempt" | "rebuilds">,
): Car {
  return {
    car: d.state.nextCar++,
    unit,
    attempt,
    onto: "",
    commit: null,
    tree: null,
    phase: "waiting",
    verdicts: {},
    failure: null,
    rebuilds,
  };
}

/** Every car stands on the candidate before it; one that does not is built again. */
function couple(d: Draft): void {
  const { train, tip, order } = d.state;
  let base: string | null = tip;
  for (const [at, standing] of train.entries()) {
    let car = standing;
    if (car.phase !== "waiting" && car.onto !== base) {
      car = renewed(d, car);
      train[at] = car;
    }
    if (car.phase === "waiting" && base !== null) build(d, car, base);
    // The next car does without one in doubt, but where the plan says that it comes first.
    if (car.phase !== "doubtful") base = car.commit;
    else if (order === "plan") base = null;
  }
}

function renewed(d: Draft, car: Car): Car {
  assert(car.phase !== "landing", "what lands stands on the tip");
  cancel(d, car);
  setPhase(d, car.unit, "queued", "is built again: what it stood on is gone");
  return newCar(d, car);
}

function build(d: Draft, car: Car, onto: string): void {
  const { unit, attempt } = car;
  const commit = present(unitOf(d, unit).commit, `${unit} has a reviewed commit`);
  car.onto = onto;
  car.phase = "building";
  setPhase(d, unit, "integrating", "its candidate is built");
  d.actions.push({ type: "candidate.build", unit, attempt, car: car.car, onto, commit });
}

/** Starts gate runs while gates are free: judgements of an attempt's own tree, then oldest cars. */
function judge(d: Draft): void {
  const { train, judging, limits, gates } = d.state;
  let free = limits.maxGates - judging.filter((own) => own.running).length;
  free -= train.filter((car) => car.phase === "gating").length;
  for (const own of judging) {
    if (own.running || free <= 0) continue;
    free--;
    own.running = true;
    const { unit, attempt } = own;
    const { commit, tree, base } = unitOf(d, unit);
    d.actions.push({
      type: "gates.run",
      unit,
      attempt,
      car: null,
      commit: present(commit, `${unit} has a reviewed commit`),
      tree: present(tree, `${unit} has a reviewed tree`),
      onto: present(base, `${unit} has a base`),
    });
  }
  for (const car of train) {
    if (car.phase !== "ready") continue;
    if (gates.length === 0) pass(d, car, {});
    else if (free > 0) {
      free--;
      car.phase = "gating";
      const { unit, attempt, onto } = car;
      const commit = present(car.commit, "a built car has a commit");
      const tree = present(car.tree, "a built car has a tree");
      setPhase(d, unit, "validating", "the gates judge its candidate");
      d.actions.push({ type: "gates.run", unit, attempt, car: car.car, commit, tree, onto });
    }
  }
}

function pass(d: Draft, car: Car, verdicts: Record<string, GateStatus>): void {
  car.phase = "passed";
  car.verdicts = verdicts;
  setPhase(d, car.unit, "queued", "passed; waits for its turn to land");
}

function land(d: Draft): void {
  const [head] = d.state.train;
  if (head?.phase !== "passed") return;
  head.phase = "landing";
  const { unit, attempt, car, onto } = head;
  const to = present(head.commit, "a passed car has a commit");
  const tree = present(head.tree, "a passed car has a tree");
  setPhase(d, unit, "landing", "lands");
  d.actions.push({ type: "landing.perform", unit, attempt, car, from: onto, to, tree });
}

/** How far a car is, in steps whose answers cannot arrive in another order. */
const steps: Record<Car["phase"], number> = {
  waiting: 0,
  building: 1,
  ready: 2,
  gating: 3,
  passed: 4,
  doubtful: 4,
  landing: 5,
};

/** The car when it is where the event expects it; null when it is past that, or gone. */
export function carAt(
  d: Draft,
  event: { car: number; unit: UnitId; attempt: number },
  phase: Car["phase"],
): Car | null {
  assert(event.car < d.state.nextCar, `there is no car ${event.car} yet`);
  const car = d.state.train.find((c) => c.car === event.car);
  if (car === undefined) return null;
  assert(car.unit === event.unit && car.attempt === event.attempt, "an answer names its own car");
  assert(steps[car.phase] >= steps[phase], `car ${car.car} is ${car.phase}, not ${phase} yet`);
  return car.phase === phase ? car : null;
}

/** A candidate was built. */
export function built(d: Draft, event: Of<"candidate.built">): boolean {
  const car = carAt(d, event, "building");
  if (car === null) return false;
  assert(event.onto === car.onto, "a candidate stands where it was asked to");
  car.commit = event.commit;
  car.tree = event.tree;
  car.phase = "ready";
  setPhase(d, car.unit, "validating", "waits for a free gate");
  return true;
}

/** A candidate could not be built: its change does not fit what it would stand on. */
export function conflicted(d: Draft, event: Of<"candidate.conflicted">): boolean {
  const car = carAt(d, event, "building");
  if (car === null) return false;
  doubt(d, car, { kind: "conflict", reason: event.reason, hopeless: false });
  return true;
}

/** Gates have judged a candidate, or (car null) an attempt's own tree. */
export function gatesFinished(d: Draft, event: Of<"gates.finished">): boolean {
  if (event.car === null) return ownJudged(d, event);
  const car = carAt(d, { ...event, car: event.car }, "gating");
  if (car === null) return false;
  assert(event.tree === car.tree, "the gates judged the candidate's tree");
  if (event.passed) {
    const passes = d.state.gates.every((gate) => isPass(event.verdicts[gate]));
    assert(passes, "a candidate passes when every gate does");
    pass(d, car, event.verdicts);
  } else {
    doubt(d, car, { kind: "gates", reason: event.reason, hopeless: isHopeless(event) });
  }
  return true;
}

/** Whether a gate's status lets a tree land. */
export function isPass(status: GateStatus | undefined): boolean {
  return status === "passed" || status === "flaky" || status === "not_applicable";
}

/** The fault lies where no attempt can mend it. */
function isHopeless({ blame }: Of<"gates.finished">): boolean {
  return blame === "base" || blame === "environment";
}

function doubt(d: Draft, car: Car, failure: Failure): void {
  car.phase = "doubtful";
  car.failure = failure;
  if (car.onto === d.state.tip) return;
  const where = "on top of a change that has not landed yet";
  setPhase(d, car.unit, "queued", `${failure.reason} (${where})`);
}

function ownJudged(d: Draft, event: Of<"gates.finished">): boolean {
  const { judging } = d.state;
  const { unit: id, attempt } = event;
  assert(attempt <= unitOf(d, id).attempt, `${id} has had no attempt ${attempt} yet`);
  const at = judging.findIndex((own) => own.unit === id && own.attempt === attempt);
  const own = judging[at];
  if (own === undefined) return false;
  assert(own.running && event.tree === unitOf(d, id).tree, "the gates judged the attempt's tree");
  judging.splice(at, 1);
  if (event.passed) reject(d, id, `${own.reason} (passes alone, fails with what landed meanwhile)`);
  else if (isHopeless(event)) fail(d, id, event.reason);
  else reject(d, id, event.reason);
  return true;
}

/** Takes a car out. With order "plan" those behind it leave as well, and join when it is over. */
export function uncouple(d: Draft, car: Car): void {
  const { train, order } = d.state;
  cancel(d, car);
  const behind = train.splice(train.indexOf(car)).slice(1);
  if (order === "ready") {
    train.push(...behind);
    return;
  }
  for (const later of behind) {
    cancel(d, later);
    setPhase(d, later.unit, "queued", "waits for its turn in the plan");
  }
}

/** Ends a gate run whose verdict nobody needs any more. */
export function cancel(d: Draft, { phase, unit, attempt, car }: Car): void {
  if (phase === "gating") d.actions.push({ type: "gates.cancel", unit, attempt, car });
}
