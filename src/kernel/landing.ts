/** Outcomes of a landing, moves of the target branch, and checkouts that block a landing. */
import { assert } from "../std/assert.ts";
import type { UnitId } from "./dag.ts";
import type { Event } from "./event.ts";
import { type Car, type Draft, restate, setPhase, unitOf } from "./state.ts";
import { advanceTrain, carAt, enqueue, removeCar } from "./train.ts";
import { fail, settleDependents } from "./units.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** The head of the train landed. */
export function landingFinished(d: Draft, event: Of<"landing.finished">): boolean {
  const { state } = d;
  const car = carAt(d, event, "landing");
  if (car === null) return false;
  assert(car.commit === event.commit, "the landed commit is the judged one");
  state.train.shift();
  state.tip = event.commit;
  const as = event.commit.slice(0, 10);
  const unit = unitOf(d, car.unit);
  if (unit.fixing) {
    unit.fixing = false;
    if (state.stopping !== null) {
      const { reason } = state.stopping;
      setPhase(d, car.unit, "abandoned", `fix landed as ${as} and was not reviewed: ${reason}`);
      return true;
    }
    setPhase(d, car.unit, "waiting", `fix landed as ${as}; waiting for another review`);
    state.retries.push(car.unit);
    return true;
  }
  setPhase(d, car.unit, "landed", `landed as ${as}`);
  settleDependents(d, car.unit);
  return true;
}

/** The head of the train did not land. */
export function landingRefused(d: Draft, event: Of<"landing.refused">): boolean {
  const { state } = d;
  const car = carAt(d, event, "landing");
  if (car === null) return false;
  car.phase = "passed";
  if (state.stopping !== null) {
    state.train = [];
    setPhase(d, car.unit, "abandoned", `${state.stopping.reason}; ${event.reason}`);
    return true;
  }
  switch (event.cause) {
    case "target_moved":
      // The tip is unchanged, so another process holds the ref lock.
      if (event.tip === state.tip) block(d, car, event.reason);
      else moveTip(d, event.tip);
      return true;
    case "blocked_by_checkout":
      block(d, car, event.reason);
      if (event.tip !== state.tip) moveTip(d, event.tip);
      return true;
    case "proof_failed":
    case "target_gone":
    case "repository_changed":
      removeCar(d, car);
      fail(d, car.unit, event.reason);
      return true;
    default:
      return event.cause satisfies never;
  }
}

/** Takes the car out of the train; its unit waits until the checkout changes. */
function block(d: Draft, car: Car, reason: string): void {
  removeCar(d, car);
  if (unitOf(d, car.unit).lastTry) {
    fail(d, car.unit, reason);
    return;
  }
  d.state.blocked.push(car.unit);
  setPhase(d, car.unit, "waiting", reason);
}

/** Another process moved the target. A landing in progress is left alone: its own answer reports the move. */
export function targetMoved(d: Draft, event: Of<"target.moved">): boolean {
  const { state } = d;
  if (event.tip === state.tip || state.train[0]?.phase === "landing") return false;
  moveTip(d, event.tip);
  return true;
}

/** Records the new tip. The unit of a head that was rebuilt too often goes to the end of the queue. */
function moveTip(d: Draft, tip: string): void {
  const { state } = d;
  state.tip = tip;
  const [head] = state.train;
  if (head === undefined) return;
  head.rebuilds++;
  const others = state.train.length + state.queue.length > 1;
  if (head.rebuilds <= state.limits.rebuilds || state.order === "plan" || !others) return;
  removeCar(d, head);
  enqueue(
    d,
    head.unit,
    `target moved ${head.rebuilds} times while it was in the train; the other units go first`,
  );
}

/** Queues the blocked units after a checkout changed. During a wait, its answer says so. */
export function checkoutChanged(d: Draft): boolean {
  return !d.state.awaiting && unblock(d, landingAgain);
}

const landingAgain = "checkout changed; landing again";

/** The wait for the checkouts ended: blocked units are queued, for the last time when none changed. */
export function checkoutWaited(d: Draft, event: Of<"checkout.waited">): boolean {
  // Events of earlier versions have no number.
  const { wait = d.state.waits } = event;
  if (!d.state.awaiting || wait !== d.state.waits) return false;
  d.state.awaiting = false;
  if (event.changed) unblock(d, landingAgain);
  else lastTries(d);
  return true;
}

/** When nothing but blocked landings is left: waits for the checkouts, or tries once more. */
export function settleBlocked(d: Draft): void {
  const { state } = d;
  const idle = state.live === 0 && state.reviewing === 0;
  if (!idle || state.train.length > 0 || state.judging.length > 0) return;
  if (state.blocked.length === 0 || state.awaiting) return;
  const { checkoutWaitS = 0 } = state.limits;
  if (checkoutWaitS === 0) {
    lastTries(d);
    advanceTrain(d);
    return;
  }
  state.awaiting = true;
  state.waits++;
  for (const id of state.blocked) {
    const { reason } = unitOf(d, id);
    restate(d, id, "waiting", `${reason}; waits for that to change, at most ${checkoutWaitS} s`);
  }
  d.actions.push({ type: "checkout.await", wait: state.waits });
}

/** Queues blocked units once more; they fail if that is refused. */
function lastTries(d: Draft): void {
  for (const id of d.state.blocked) unitOf(d, id).lastTry = true;
  unblock(d, "final landing attempt");
}

function unblock(d: Draft, reason: string): boolean {
  const ids: UnitId[] = d.state.blocked;
  d.state.blocked = [];
  for (const id of ids) enqueue(d, id, reason);
  return ids.length > 0;
}
