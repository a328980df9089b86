/**
 * The merge train: which candidate stands on which, what is judged, what lands, and what a failure
 * or a moved target invalidates.
 *
 * Every car stands on the car before it, so what lands is what was judged. A verdict is final only
 * on a car that stands on the tip; one reached on speculation waits for its base to land or go.
 */
import { assert, present } from "../std/assert.ts";
import type { UnitId } from "./dag.ts";
import { type Draft, fail, reject, setPhase, unitOf } from "./draft.ts";
import type { Event } from "./event.ts";
import { settleDependents } from "./schedule.ts";
import { type Car, terminalPhases } from "./state.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** Starts whatever the train allows: cars join, candidates are built, judged and landed. */
export function pump(d: Draft): void {
  if (d.state.stopping !== null) return;
  settleHead(d);
  join(d);
  build(d);
  judge(d);
  land(d);
}

function join(d: Draft): void {
  const { state } = d;
  while (state.train.length < state.limits.speculation) {
    const at = state.order === "ready" ? 0 : firstInPlan(d);
    const [id] = at < 0 ? [] : state.queue.splice(at, 1);
    if (id === undefined) return;
    const { attempt } = unitOf(d, id);
    state.train.push(newCar(d, { unit: id, attempt, rebuilds: 0 }));
  }
}

/** In plan order, a unit joins when everything before it in the plan is over or in the train. */
function firstInPlan(d: Draft): number {
  for (const { id, role } of d.state.dag.units) {
    const { phase } = unitOf(d, id);
    if (role !== "worker" || terminalPhases.has(phase)) continue;
    if (d.state.train.some((car) => car.unit === id)) continue;
    return d.state.queue.indexOf(id);
  }
  return -1;
}

function newCar(d: Draft, of: Pick<Car, "unit" | "attempt" | "rebuilds">): Car {
  return {
    car: d.state.nextCar++,
    ...of,
    onto: "",
    commit: null,
    tree: null,
    phase: "waiting",
    verdicts: {},
    failure: null,
  };
}

function build(d: Draft): void {
  let onto: string | null = d.state.tip;
  for (const car of d.state.train) {
    if (car.phase === "waiting" && onto !== null) {
      car.onto = onto;
      car.phase = "building";
      const { unit, attempt } = car;
      const commit = present(unitOf(d, unit).commit, `${unit} has a reviewed commit`);
      setPhase(d, unit, "integrating", "its candidate is built");
      d.actions.push({ type: "candidate.build", unit, attempt, car: car.car, onto, commit });
    }
    onto = car.phase === "doubtful" || car.phase === "judging_own" ? null : car.commit;
  }
}

function judge(d: Draft): void {
  const { train, limits, gates } = d.state;
  let running = train.filter((c) => c.phase === "gating" || c.phase === "judging_own").length;
  for (const car of train) {
    if (car.phase !== "ready") continue;
    if (gates.length === 0) {
      passed(d, car, {});
      continue;
    }
    if (running >= limits.maxGates) return;
    running++;
    car.phase = "gating";
    const { unit, attempt, onto } = car;
    const commit = present(car.commit, "a built car has a commit");
    const tree = present(car.tree, "a built car has a tree");
    setPhase(d, unit, "validating", "the gates judge its candidate");
    d.actions.push({ type: "gates.run", unit, attempt, car: car.car, commit, tree, onto });
  }
}

function passed(d: Draft, car: Car, verdicts: Car["verdicts"]): void {
  car.phase = "passed";
  car.verdicts = verdicts;
  setPhase(d, car.unit, "queued", "passed; waits for its turn to land");
}

function land(d: Draft): void {
  const [head] = d.state.train;
  if (head?.phase !== "passed" || head.onto !== d.state.tip) return;
  head.phase = "landing";
  const { unit, attempt, car } = head;
  const to = present(head.commit, "a passed car has a commit");
  const tree = present(head.tree, "a passed car has a tree");
  setPhase(d, unit, "landing", "lands");
  d.actions.push({ type: "landing.perform", unit, attempt, car, from: d.state.tip, to, tree });
}

/** A failure reached on speculation becomes final when what it stood on is the tip. */
function settleHead(d: Draft): void {
  const [head] = d.state.train;
  if (head?.phase !== "doubtful") return;
  if (head.onto === d.state.tip) failed(d, head);
  else rebuildFrom(d, 0);
}

function carOf(d: Draft, event: { car: number | null; unit: UnitId }): Car | undefined {
  return d.state.train.find((car) => car.car === event.car && car.unit === event.unit);
}

/** A candidate was built. */
export function built(d: Draft, event: Of<"candidate.built">): boolean {
  const car = carOf(d, event);
  if (car?.phase !== "building") return false;
  car.commit = event.commit;
  car.tree = event.tree;
  car.phase = "ready";
  setPhase(d, car.unit, "validating", "waits for a free gate");
  return true;
}

/** A candidate could not be built: its change does not fit what it would stand on. */
export function conflicted(d: Draft, event: Of<"candidate.conflicted">): boolean {
  const car = carOf(d, event);
  if (car?.phase !== "building") return false;
  doubt(d, car, { kind: "conflict", reason: event.reason, final: false });
  return true;
}

/** Gates have judged a candidate, or (car null) an attempt's own tree. */
export function gatesFinished(d: Draft, event: Of<"gates.finished">): boolean {
  if (event.car === null) return ownJudged(d, event);
  const car = carOf(d, event);
  if (car?.phase !== "gating") return false;
  assert(event.tree === car.tree, "gates judged the candidate's tree");
  if (event.passed) {
    passed(d, car, event.verdicts);
    return true;
  }
  const final = event.blame === "base" || event.blame === "environment";
  doubt(d, car, { kind: "gates", reason: event.reason, final });
  return true;
}

function doubt(d: Draft, car: Car, failure: Car["failure"]): void {
  car.phase = "doubtful";
  car.failure = failure;
  setPhase(
    d,
    car.unit,
    "queued",
    `failed on top of a change that has not landed: ${failure?.reason}`,
  );
  const at = d.state.train.indexOf(car);
  // Nothing may stand on it while it is in doubt.
  rebuildFrom(d, at + 1);
  if (at === 0) settleHead(d);
}

/** The head failed on the tip. If its tree is not the attempt's own, that one is judged as well. */
function failed(d: Draft, car: Car): void {
  const failure = present(car.failure, "a doubtful car has a failure");
  const unit = unitOf(d, car.unit);
  if (failure.kind === "conflict" || failure.final || car.tree === unit.tree) {
    remove(d, car);
    if (failure.final) fail(d, car.unit, failure.reason);
    else reject(d, car.unit, failure.reason);
    return;
  }
  car.phase = "judging_own";
  setPhase(d, car.unit, "validating", "the gates judge the change without what landed meanwhile");
  d.actions.push({
    type: "gates.run",
    unit: car.unit,
    attempt: car.attempt,
    car: null,
    commit: present(unit.commit, "a reviewed unit has a commit"),
    tree: present(unit.tree, "a reviewed unit has a tree"),
    onto: present(unit.base, "a prepared unit has a base"),
  });
}

function ownJudged(d: Draft, event: Of<"gates.finished">): boolean {
  const car = d.state.train.find((c) => c.unit === event.unit && c.phase === "judging_own");
  if (car === undefined || car.attempt !== event.attempt) return false;
  const failure = present(car.failure, "a car that is judged again has failed");
  remove(d, car);
  if (event.passed) {
    reject(d, car.unit, `${failure.reason} (passes alone, fails with what landed meanwhile)`);
  } else if (event.blame === "base" || event.blame === "environment") {
    fail(d, car.unit, event.reason);
  } else reject(d, car.unit, event.reason);
  return true;
}

/** Takes a car out; the cars behind it are made anew. */
function remove(d: Draft, car: Car): void {
  const at = d.state.train.indexOf(car);
  d.state.train.splice(at, 1);
  if (d.state.order === "plan") {
    // What comes later in the plan waits until the unit has landed or is over.
    for (const later of d.state.train.splice(at).reverse()) {
      cancel(d, later);
      setPhase(d, later.unit, "queued", "waits for its turn in the plan");
      d.state.queue.unshift(later.unit);
    }
    return;
  }
  rebuildFrom(d, at);
}

/** Cars from a place on start over, as new cars. */
function rebuildFrom(d: Draft, from: number): void {
  const { train } = d.state;
  for (let at = from; at < train.length; at++) {
    const car = present(train[at], "within the train");
    if (car.phase === "waiting") continue;
    cancel(d, car);
    train[at] = newCar(d, car);
    setPhase(d, car.unit, "queued", "is rebuilt on what landed meanwhile");
  }
}

function cancel(d: Draft, car: Car): void {
  const { unit, attempt } = car;
  if (car.phase === "gating") d.actions.push({ type: "gates.cancel", unit, attempt, car: car.car });
  if (car.phase === "judging_own") {
    d.actions.push({ type: "gates.cancel", unit, attempt, car: null });
  }
}

/** The target is elsewhere: every candidate stands on the wrong commit. */
export function targetMoved(d: Draft, tip: string): boolean {
  const { state } = d;
  if (!state.started || tip === state.tip || state.train[0]?.phase === "landing") return false;
  moveTip(d, tip);
  return true;
}

function moveTip(d: Draft, tip: string): void {
  d.state.tip = tip;
  const [head] = d.state.train;
  if (head === undefined) return;
  head.rebuilds++;
  rebuildFrom(d, 0);
  const [again] = d.state.train;
  if (again !== undefined && again.rebuilds > d.state.limits.rebuilds && d.state.train.length > 1) {
    d.state.train.shift();
    d.state.train.push({ ...again, rebuilds: 0 });
  }
}

/** The head has landed. */
export function landingFinished(d: Draft, event: Of<"landing.finished">): boolean {
  const { state } = d;
  const car = carOf(d, event);
  if (car?.phase !== "landing") return false;
  assert(car === state.train[0] && car.commit === event.commit, "the head lands, as it was judged");
  state.train.shift();
  state.tip = event.commit;
  state.landed++;
  setPhase(d, car.unit, "landed", `landed as ${event.commit.slice(0, 10)}`);
  settleDependents(d, car.unit);
  return true;
}

/** The head did not land. */
export function landingRefused(d: Draft, event: Of<"landing.refused">): boolean {
  const { state } = d;
  const car = carOf(d, event);
  if (car?.phase !== "landing") return false;
  if (state.stopping !== null) {
    state.train = [];
    setPhase(d, car.unit, "abandoned", state.stopping.reason);
    state.bad++;
    return true;
  }
  car.phase = "passed";
  switch (event.cause) {
    case "target_moved":
      moveTip(d, event.tip);
      return true;
    case "blocked_by_checkout": {
      const unit = unitOf(d, car.unit);
      remove(d, car);
      if (unit.lastTry) fail(d, car.unit, event.reason);
      else {
        state.blocked.push(car.unit);
        setPhase(d, car.unit, "waiting", event.reason);
      }
      if (event.tip !== state.tip) moveTip(d, event.tip);
      return true;
    }
    case "proof_failed":
      remove(d, car);
      fail(d, car.unit, event.reason);
      return true;
    default:
      return event.cause satisfies never;
  }
}

/** Something in a checkout changed: units it blocked go back to the queue. */
export function checkoutChanged(d: Draft): boolean {
  return unblock(d, false);
}

/** Nothing else is left to do: blocked units try once more, then fail. */
export function lastTries(d: Draft): void {
  const { state } = d;
  if (state.blocked.length === 0) return;
  if (state.live > 0 || state.train.length > 0 || state.queue.length > 0) return;
  if (state.retries.length > 0 || state.ready.length > 0) return;
  if (state.dag.units.some(({ id }) => unitOf(d, id).phase === "reviewing")) return;
  if (unblock(d, true)) pump(d);
}

function unblock(d: Draft, last: boolean): boolean {
  const { state } = d;
  const ids = state.blocked;
  state.blocked = [];
  for (const id of ids) {
    unitOf(d, id).lastTry = last;
    setPhase(d, id, "queued", last ? "tries to land once more" : "tries to land again");
    state.queue.push(id);
  }
  return ids.length > 0;
}

/** Empties the train but for a landing under way, whose unit is given. */
export function abandonTrain(d: Draft): UnitId | null {
  const { state } = d;
  const [head] = state.train;
  const landing = head?.phase === "landing" ? head : null;
  for (const car of state.train) if (car !== landing) cancel(d, car);
  state.train = landing === null ? [] : [landing];
  return landing?.unit ?? null;
}
