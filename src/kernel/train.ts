/**
 * The merge train: the base of each candidate, which gates run, and what a failure invalidates.
 *
 * Every car is based on the candidate before it, so the commit that lands is the commit that was judged.
 * Event handlers only record what happened to a car or to the tip; `advanceTrain` is the only place
 * where cars are built, rebuilt, judged and landed.
 */
import { assert, present } from "../std/assert.ts";
import { dagIndex, type UnitId } from "./dag.ts";
import type { Event, GateStatus } from "./event.ts";
import { integrationFailed, requeued } from "./reasons.ts";
import {
  type Car,
  type Draft,
  type Failure,
  restate,
  setPhase,
  terminalPhases,
  unitOf,
} from "./state.ts";
import { fail, reject } from "./units.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** Brings the train up to date with the tip and its limits, and requests the actions that follow. */
export function advanceTrain(d: Draft): void {
  settleFailedCars(d);
  fillTrain(d);
  rebaseCars(d);
  startGates(d);
  landHead(d);
}

/** Queues a unit for the train. */
export function enqueue(d: Draft, id: UnitId, reason: string): void {
  setPhase(d, id, "queued", reason);
  if (d.state.order === "ready") d.state.queue.push(id);
}

/** Rejects failed cars whose base is the tip; the others may have failed because of their base. */
function settleFailedCars(d: Draft): void {
  const { train, tip } = d.state;
  for (const car of train.filter((c) => c.phase === "failed" && c.onto === tip)) {
    rejectCar(d, car, present(car.failure, "a failed car has a failure"));
  }
}

/**
 * Rejects a car that failed on the tip. Failed gates are first attributed by running them on the
 * attempt's own tree, unless the candidate has that same tree.
 */
function rejectCar(d: Draft, car: Car, failure: Failure): void {
  const { unit: id, attempt } = car;
  removeCar(d, car);
  if (failure.nonRetriable) fail(d, id, failure.reason);
  else if (failure.kind === "conflict" || car.tree === unitOf(d, id).tree) {
    reject(d, id, failure.reason);
  } else {
    d.state.judging.push({ unit: id, attempt, reason: failure.reason, running: false });
    setPhase(
      d,
      id,
      "validating",
      `${failure.reason}; running gates on the attempt alone to attribute the failure`,
    );
  }
}

function fillTrain(d: Draft): void {
  const { state } = d;
  while (state.train.length < state.limits.speculation) {
    const unit = state.order === "ready" ? state.queue.shift() : nextInPlan(d);
    if (unit === undefined) return;
    state.train.push(newCar(d, { unit, attempt: unitOf(d, unit).attempt, rebuilds: 0 }));
  }
}

/**
 * The next unit to board in plan order: everything before it is in a terminal phase or in the train.
 * A reviewer is passed by: it has something to land only if it disapproves.
 */
function nextInPlan(d: Draft): UnitId | undefined {
  const { state } = d;
  const { landingOrder, byId } = dagIndex(state.dag);
  for (let at = state.planCursor; at < landingOrder.length; at++) {
    const id = present(landingOrder[at], "a landing order has no gaps");
    const { phase } = unitOf(d, id);
    if (terminalPhases.has(phase)) {
      if (at === state.planCursor) state.planCursor++;
    } else if (!state.train.some((car) => car.unit === id)) {
      if (phase === "queued") return id;
      if (byId.get(id)?.role === "worker") return undefined;
    }
  }
  return undefined;
}

/** A new car, which waits to be built. */
function newCar(
  d: Draft,
  { unit, attempt, rebuilds }: Pick<Car, "unit" | "attempt" | "rebuilds">,
): Car {
  return {
    car: d.state.nextCar++,
    unit,
    attempt,
    onto: "",
    behind: null,
    commit: null,
    tree: null,
    phase: "waiting",
    screened: !d.state.screening || d.state.gates.length === 0,
    verdicts: {},
    failure: null,
    rebuilds,
  };
}

/** Bases every car on the candidate before it; replaces cars whose base is gone. */
function rebaseCars(d: Draft): void {
  const { train, tip, order } = d.state;
  let base: string | null = tip;
  let behind: UnitId | null = null;
  for (const [at, current] of train.entries()) {
    let car = current;
    if (car.phase !== "waiting" && car.onto !== base) {
      car = replacement(d, car);
      train[at] = car;
    }
    if (car.phase === "waiting" && base !== null) {
      car.behind = behind;
      build(d, car, base);
    }
    // A failed car is skipped as a base, except in plan order, where the cars behind it must wait for it.
    if (car.phase !== "failed") {
      base = car.screened ? car.commit : null;
      behind = car.unit;
    } else if (order === "plan") base = null;
  }
}

function replacement(d: Draft, car: Car): Car {
  assert(car.phase !== "landing", "a landing car is based on the tip");
  cancelGates(d, car);
  const { unit, failure, behind } = car;
  if (failure === null) {
    setPhase(d, unit, "queued", "rebuilding candidate: its base candidate was discarded");
  } else {
    const base =
      behind === null
        ? "the target moved"
        : `${behind}, which it was based on, did not land as it was`;
    restate(d, unit, "queued", `${requeued}: ${base}`);
  }
  return newCar(d, car);
}

function build(d: Draft, car: Car, onto: string): void {
  const { unit, attempt } = car;
  const commit = present(unitOf(d, unit).commit, `${unit} has a reviewed commit`);
  car.onto = onto;
  car.phase = "building";
  setPhase(d, unit, "integrating", "building its candidate");
  d.actions.push({ type: "candidate.build", unit, attempt, car: car.car, onto, commit });
}

/** Starts gate runs while slots are free: first on attempts' own trees, then on the oldest cars. */
function startGates(d: Draft): void {
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
      behind: null,
    });
  }
  for (const car of train) {
    if (car.phase !== "ready") continue;
    if (gates.length === 0) pass(d, car, {});
    else if (free > 0) {
      free--;
      car.phase = "gating";
      const { unit, attempt, onto, behind } = car;
      const commit = present(car.commit, "a built car has a commit");
      const tree = present(car.tree, "a built car has a tree");
      setPhase(d, unit, "validating", "running gates on its candidate");
      const of = { unit, attempt, car: car.car };
      d.actions.push({ type: "gates.run", ...of, commit, tree, onto, behind });
    }
  }
}

function pass(d: Draft, car: Car, verdicts: Record<string, GateStatus>): void {
  car.phase = "passed";
  car.screened = true;
  car.verdicts = verdicts;
  setPhase(d, car.unit, "queued", "gates passed; waiting for its turn to land");
}

function landHead(d: Draft): void {
  const [head] = d.state.train;
  if (head?.phase !== "passed") return;
  head.phase = "landing";
  const { unit, attempt, car, onto } = head;
  const to = present(head.commit, "a passed car has a commit");
  const tree = present(head.tree, "a passed car has a tree");
  setPhase(d, unit, "landing", "landing");
  d.actions.push({ type: "landing.perform", unit, attempt, car, from: onto, to, tree });
}

/** Progress of a car: answers of later steps cannot arrive before those of earlier ones. */
const steps: Record<Car["phase"], number> = {
  waiting: 0,
  building: 1,
  ready: 2,
  gating: 3,
  passed: 4,
  failed: 4,
  landing: 5,
};

/** The car when it is in the phase the event belongs to; null when it is past it or gone (stale). */
export function carAt(
  d: Draft,
  event: { car: number; unit: UnitId; attempt: number },
  phase: Car["phase"],
): Car | null {
  assert(event.car < d.state.nextCar, `car ${event.car} exists`);
  const car = d.state.train.find((c) => c.car === event.car);
  if (car === undefined) return null;
  assert(
    car.unit === event.unit && car.attempt === event.attempt,
    "an answer names its car, unit and attempt",
  );
  assert(
    steps[car.phase] >= steps[phase],
    `car ${car.car}, which is ${car.phase}, has reached the phase ${phase}`,
  );
  return car.phase === phase ? car : null;
}

/** The candidate was built. */
export function built(d: Draft, event: Of<"candidate.built">): boolean {
  const car = carAt(d, event, "building");
  if (car === null) return false;
  assert(event.onto === car.onto, "a candidate has the requested base");
  car.commit = event.commit;
  car.tree = event.tree;
  car.phase = "ready";
  setPhase(d, car.unit, "validating", "waiting for a free gate slot");
  return true;
}

/** The gates that read no checked-out tree passed on a candidate. */
export function screened(d: Draft, event: Of<"candidate.screened">): boolean {
  const car = carAt(d, event, "gating");
  if (car === null || car.screened) return false;
  assert(event.tree === car.tree, "the gates judged the candidate's tree");
  car.screened = true;
  return true;
}

/** The candidate could not be built: the change conflicts with its base. */
export function conflicted(d: Draft, event: Of<"candidate.conflicted">): boolean {
  const car = carAt(d, event, "building");
  if (car === null) return false;
  markFailed(d, car, { kind: "conflict", reason: event.reason, nonRetriable: false });
  return true;
}

/** The candidate could not be built, which says nothing about the change; the machine is the cause. */
export function unbuilt(d: Draft, event: Of<"candidate.failed">): boolean {
  const car = carAt(d, event, "building");
  if (car === null) return false;
  markFailed(d, car, { kind: "environment", reason: event.reason, nonRetriable: true });
  return true;
}

/** The gates finished on a candidate, or (car null) on an attempt's own tree. */
export function gatesFinished(d: Draft, event: Of<"gates.finished">): boolean {
  if (event.car === null) return ownTreeJudged(d, event);
  const car = carAt(d, { ...event, car: event.car }, "gating");
  if (car === null) return false;
  assert(event.tree === car.tree, "the gates judged the candidate's tree");
  if (event.passed) {
    const passes = d.state.gates.every((gate) => isPass(event.verdicts[gate]));
    assert(passes, "a candidate passes when every gate does");
    pass(d, car, event.verdicts);
  } else {
    markFailed(d, car, {
      kind: "gates",
      reason: event.reason,
      nonRetriable: isNonRetriable(event),
    });
  }
  return true;
}

/** True when a gate's status allows a landing. */
export function isPass(status: GateStatus | undefined): boolean {
  return status === "passed" || status === "flaky" || status === "not_applicable";
}

/** True when the failure lies outside the attempt, so that a retry cannot succeed. */
function isNonRetriable({ blame }: Of<"gates.finished">): boolean {
  return blame === "base" || blame === "environment";
}

function markFailed(d: Draft, car: Car, failure: Failure): void {
  car.phase = "failed";
  car.failure = failure;
  if (car.onto === d.state.tip) return;
  const base = car.behind ?? "its base";
  setPhase(
    d,
    car.unit,
    "queued",
    `waiting for ${base}: did not pass behind it (${failure.reason})`,
  );
}

function ownTreeJudged(d: Draft, event: Of<"gates.finished">): boolean {
  const { judging } = d.state;
  const { unit: id, attempt } = event;
  assert(attempt <= unitOf(d, id).attempt, `attempt ${attempt} of ${id} has started`);
  const at = judging.findIndex((own) => own.unit === id && own.attempt === attempt);
  const own = judging[at];
  if (own === undefined) return false;
  assert(own.running && event.tree === unitOf(d, id).tree, "the gates judged the attempt's tree");
  judging.splice(at, 1);
  const attributed = event.blame === "integration";
  // A pass, or a failure of the base it started from, leaves the candidate's failure as the reason.
  const says = event.passed || event.blame === "other_base" ? own.reason : event.reason;
  if (isNonRetriable(event)) fail(d, id, says);
  else reject(d, id, attributed ? `${says}; ${integrationFailed}` : says);
  return true;
}

/** Removes a car. With order "plan" the cars behind it leave too, and board again after it. */
export function removeCar(d: Draft, car: Car): void {
  const { train, order } = d.state;
  cancelGates(d, car);
  const behind = train.splice(train.indexOf(car)).slice(1);
  if (order === "ready") {
    train.push(...behind);
    return;
  }
  for (const later of behind) {
    cancelGates(d, later);
    const { unit, failure } = later;
    const reason = "waiting for its turn in plan order";
    if (failure === null) setPhase(d, unit, "queued", reason);
    else restate(d, unit, "queued", `${requeued}: ${reason} after ${car.unit} left the train`);
  }
}

/** Cancels the gate run of a car, if one is running. */
export function cancelGates(d: Draft, { phase, unit, attempt, car }: Car): void {
  if (phase === "gating") d.actions.push({ type: "gates.cancel", unit, attempt, car });
}
