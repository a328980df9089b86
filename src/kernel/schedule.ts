/** Which unit starts next, and when dependents may start. */
import type { UnitId } from "./dag.ts";
import { type Draft, setPhase, unitOf } from "./draft.ts";

/** Starts attempts while jobs are free: retries first, then units in the order they became ready. */
export function schedule(d: Draft): void {
  const { state } = d;
  while (state.live < state.limits.jobs) {
    const id = state.retries.shift() ?? state.ready.shift();
    if (id === undefined) return;
    const unit = unitOf(d, id);
    const retryOf = unit.attempt === 0 ? null : unit.attempt;
    unit.attempt++;
    unit.fork = 0;
    unit.commit = null;
    unit.tree = null;
    unit.base = null;
    unit.lastTry = false;
    setPhase(d, id, "preparing", `attempt ${unit.attempt}`);
    const { attempt, fixing } = unit;
    d.actions.push({ type: "attempt.prepare", unit: id, attempt, retryOf, fixing });
  }
}

/** A unit landed or is done: dependents it was the last to hold back become ready. */
export function settleDependents(d: Draft, id: UnitId): void {
  d.state.landed++;
  for (const dependent of unitOf(d, id).dependents) {
    const unit = unitOf(d, dependent);
    unit.blockers--;
    if (unit.blockers > 0 || unit.phase !== "pending") continue;
    unit.reason = waitsForWorker;
    d.state.ready.push(dependent);
  }
}

/** The reason of a pending unit that nothing holds back but the number of jobs. */
export const waitsForWorker = "ready; waits for a free worker";
