/** Invariants checked after every event, in production too. Cost: the train and the touched units. */
import { assert, present } from "../std/assert.ts";
import type { Event } from "./event.ts";
import { type Car, type State, terminalPhases } from "./state.ts";
import { isPass } from "./train.ts";
import type { Step } from "./transition.ts";

/** Throws INTERNAL when the step violates an invariant of docs/architecture.md. */
export function checkInvariants(state: State, event: Event, step: Step): void {
  const { limits, live, open, train } = state;
  assert(live >= 0 && open >= 0 && state.reviewing >= 0, "counters stay positive");
  assert(live <= limits.jobs, "live workers are within jobs");
  assert(train.length <= limits.speculation, "no more cars than speculation allows");
  assert(gateRuns(state) <= limits.maxGates, "no more gate runs than maxGates");
  checkTrain(state);
  for (const { unit, from } of step.changes) {
    assert(!terminalPhases.has(from), `the previous phase of ${unit}, ${from}, is not terminal`);
    checkUnit(state, unit);
  }
  for (const action of step.actions) {
    if (action.type !== "landing.perform") continue;
    const head = present(train[0], "a landing is in the train");
    assert(action.car === head.car && action.from === state.tip, "the head lands on the tip");
    assert(action.to === head.commit && action.tree === head.tree, "the judged commit lands");
  }
  if (event.type === "landing.finished" && step.disposition === "applied") {
    assert(state.tip === event.commit, "the tip is the landed commit");
  }
  if (step.disposition === "stale") assert(step.actions.length === 0, "stale events do nothing");
  const finishes = step.actions.some((action) => action.type === "run.finish");
  if (finishes) assert(open === 0 && train.length === 0, "a run ends when every unit is over");
}

function gateRuns({ train, judging }: State): number {
  const cars = train.filter((car) => car.phase === "gating").length;
  return cars + judging.filter((own) => own.running).length;
}

/** Each car is based on the nearest car before it that has not failed and is screened; only the head lands. */
function checkTrain(state: State): void {
  let base: string | null = state.tip;
  for (const [at, car] of state.train.entries()) {
    if (car.phase === "landing") checkLanding(state, car, at);
    if (car.phase !== "waiting") {
      assert(car.onto === base, `${car.unit} is based on the car before it`);
    }
    if (car.phase !== "failed") base = car.screened ? car.commit : null;
  }
}

function checkLanding(state: State, car: Car, at: number): void {
  assert(at === 0, "only the head lands");
  for (const gate of state.gates) {
    assert(isPass(car.verdicts[gate]), `${car.unit} lands with a passing verdict of ${gate}`);
  }
}

function checkUnit(state: State, id: string): void {
  const unit = present(state.units[id], `the dag has ${id}`);
  const { rejectionRetries, crashRetries, timeoutRetries } = state.limits;
  assert(unit.reason !== "", `${id} has a reason for being ${unit.phase}`);
  assert(unit.rejections <= rejectionRetries, `${id} is rejected within limits`);
  assert(unit.crashes <= crashRetries, `${id} crashes within limits`);
  assert(unit.timeouts <= timeoutRetries, `${id} times out within limits`);
  // A fix is one attempt, and the review after it another.
  const attempts = 1 + unit.rejections + unit.crashes + unit.timeouts + 2 * unit.fixes;
  assert(unit.attempt <= attempts, `${id} has at most one attempt more than retries`);
  assert(unit.attempt === 0 || unit.blockers === 0, `${id} starts after its dependencies`);
}
