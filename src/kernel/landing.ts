/** What becomes of a landing, of the target under the train, and of checkouts in the way. */
import { assert } from "../std/assert.ts";
import type { UnitId } from "./dag.ts";
import { type Draft, setPhase, unitOf } from "./draft.ts";
import { fail } from "./ending.ts";
import type { Event } from "./event.ts";
import { settleDependents } from "./schedule.ts";
import type { Car } from "./state.ts";
import { carAt, enqueue, pump, uncouple } from "./train.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** The head has landed. */
export function landingFinished(d: Draft, event: Of<"landing.finished">): boolean {
  const { state } = d;
  const car = carAt(d, event, "landing");
  if (car === null) return false;
  assert(car.commit === event.commit, "what landed is what was judged");
  state.train.shift();
  state.tip = event.commit;
  const as = event.commit.slice(0, 10);
  const unit = unitOf(d, car.unit);
  if (unit.fixing) {
    unit.fixing = false;
    setPhase(d, car.unit, "waiting", `mended as ${as}; is reviewed once more`);
    state.retries.push(car.unit);
    return true;
  }
  setPhase(d, car.unit, "landed", `landed as ${as}`);
  settleDependents(d, car.unit);
  return true;
}

/** The head did not land. */
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
      // A target that is where it was and still refuses is somebody else's hand on it.
      if (event.tip === state.tip) block(d, car, event.reason);
      else moveTip(d, event.tip);
      return true;
    case "blocked_by_checkout":
      block(d, car, event.reason);
      if (event.tip !== state.tip) moveTip(d, event.tip);
      return true;
    case "proof_failed":
      uncouple(d, car);
      fail(d, car.unit, event.reason);
      return true;
    default:
      return event.cause satisfies never;
  }
}

/** The unit waits until what is in its way goes, and the train goes on without it. */
function block(d: Draft, car: Car, reason: string): void {
  uncouple(d, car);
  if (unitOf(d, car.unit).lastTry) {
    fail(d, car.unit, reason);
    return;
  }
  d.state.blocked.push(car.unit);
  setPhase(d, car.unit, "waiting", reason);
}

/** The target is elsewhere. A landing under way finds out by itself, and says so. */
export function targetMoved(d: Draft, event: Of<"target.moved">): boolean {
  const { state } = d;
  if (event.tip === state.tip || state.train[0]?.phase === "landing") return false;
  moveTip(d, event.tip);
  return true;
}

/** A head the target moves away from too often lets the others go first. */
function moveTip(d: Draft, tip: string): void {
  const { state } = d;
  state.tip = tip;
  const [head] = state.train;
  if (head === undefined) return;
  head.rebuilds++;
  const others = state.train.length + state.queue.length > 1;
  if (head.rebuilds <= state.limits.rebuilds || state.order === "plan" || !others) return;
  uncouple(d, head);
  enqueue(d, head.unit, `the target moved ${head.rebuilds} times under it; the others go first`);
}

/** Something in a checkout changed: units it blocked try again. */
export function checkoutChanged(d: Draft): boolean {
  return unblock(d, "tries to land again");
}

/** Nothing else is left to do: blocked units try once more, and are over if that fails. */
export function lastTries(d: Draft): void {
  const { state } = d;
  const idle = state.live === 0 && state.reviewing === 0;
  if (!idle || state.train.length > 0 || state.judging.length > 0) return;
  for (const id of state.blocked) unitOf(d, id).lastTry = true;
  if (unblock(d, "tries to land once more; nothing else is left to do")) pump(d);
}

function unblock(d: Draft, reason: string): boolean {
  const ids: UnitId[] = d.state.blocked;
  d.state.blocked = [];
  for (const id of ids) enqueue(d, id, reason);
  return ids.length > 0;
}
