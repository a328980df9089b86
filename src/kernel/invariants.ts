/** What must hold after every event; checked in production. Costs the length of the train. */
import { assert, present } from "../std/assert.ts";
import type { Event } from "./event.ts";
import type { State } from "./state.ts";
import type { Step } from "./transition.ts";

/** Throws INTERNAL when the step broke an invariant of docs/architecture.md. */
export function checkInvariants(state: State, event: Event, step: Step): void {
  assert(state.live >= 0 && state.open >= 0, "counters stay positive");
  assert(state.live <= state.limits.jobs, "no more workers than jobs");
  assert(state.train.length <= state.limits.speculation, "no more cars than speculation allows");
  const landing = state.train.filter((car) => car.phase === "landing");
  assert(landing.length <= 1, "at most one landing at a time");
  let running = 0;
  for (const [index, car] of state.train.entries()) {
    if (car.phase === "gating" || car.phase === "judging_own") running++;
    if (car.phase === "landing") {
      assert(index === 0, "only the head lands");
      for (const gate of state.gates) {
        const verdict = car.verdicts[gate];
        assert(
          verdict === "passed" || verdict === "flaky" || verdict === "not_applicable",
          `${car.unit} lands with a passing verdict of ${gate}`,
        );
      }
    }
    const before = index === 0 ? state.tip : state.train[index - 1]?.commit;
    const stands =
      car.phase !== "waiting" && car.phase !== "doubtful" && car.phase !== "judging_own";
    if (stands && state.stopping === null) {
      assert(car.onto === before, `${car.unit} stands on the car before it`);
    }
  }
  assert(running <= Math.max(1, state.limits.maxGates), "no more gate runs than maxGates");
  for (const { unit: id } of step.changes) {
    const unit = present(state.units[id], id);
    const { rejectionRetries, crashRetries, timeoutRetries } = state.limits;
    assert(
      unit.attempt <= 1 + rejectionRetries + crashRetries + timeoutRetries,
      `${id} retries within limits`,
    );
    if (unit.attempt > 0) assert(unit.blockers === 0, `${id} starts after its dependencies`);
  }
  if (event.type === "landing.finished" && step.disposition === "applied") {
    assert(state.tip === event.commit, "the target moves to what landed");
  }
  if (state.finishing) assert(state.open === 0, "a run finishes when every unit is over");
}
