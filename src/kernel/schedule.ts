/** Which unit starts next, when dependents may start, and when the run is over. */
import type { UnitId } from "./dag.ts";
import { type Draft, setPhase, unitOf } from "./draft.ts";
import type { Event } from "./event.ts";
import { terminalPhases } from "./state.ts";
import { abandonTrain, lastTries } from "./train.ts";

/** Starts attempts while jobs are free: retries first, then units in the order they became ready. */
export function schedule(d: Draft): void {
  const { state } = d;
  if (state.stopping !== null) return;
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
    setPhase(d, id, "preparing", `attempt ${unit.attempt}`);
    d.actions.push({ type: "attempt.prepare", unit: id, attempt: unit.attempt, retryOf });
  }
}

/** A unit landed or is done: dependents it was the last to hold back become ready. */
export function settleDependents(d: Draft, id: UnitId): void {
  for (const dependent of unitOf(d, id).dependents) {
    const unit = unitOf(d, dependent);
    unit.blockers--;
    if (unit.blockers > 0 || unit.phase !== "pending") continue;
    unit.reason = "waits for a free worker";
    d.state.ready.push(dependent);
  }
}

/** Ends the run when every unit is over; gives blocked landings their last try when nothing else is left. */
export function finishWhenDone(d: Draft): void {
  const { state } = d;
  if (!state.started || state.finishing) return;
  if (state.open > 0) {
    if (state.stopping === null) lastTries(d);
    if (state.open > 0) return;
  }
  if (state.train.length > 0) return;
  state.finishing = true;
  const complete = state.landed === state.dag.units.length;
  const status =
    state.stopping !== null
      ? "interrupted"
      : complete
        ? "complete"
        : state.landed > 0
          ? "partial"
          : "failed";
  d.actions.push({ type: "run.finish", status });
}

/** Nothing new is started; what is alive is stopped; a landing under way is waited for. */
export function stop(d: Draft, event: Extract<Event, { type: "run.interrupted" }>): boolean {
  const { state } = d;
  if (!state.started || state.stopping !== null || state.finishing) return false;
  state.stopping = { cause: event.cause, reason: event.reason };
  const landing = abandonTrain(d);
  state.queue = [];
  state.ready = [];
  state.retries = [];
  state.blocked = [];
  for (const { id } of state.dag.units) {
    const unit = unitOf(d, id);
    if (terminalPhases.has(unit.phase) || id === landing) continue;
    if (unit.phase === "working" || unit.phase === "forking") {
      d.actions.push({ type: "worker.stop", unit: id, attempt: unit.attempt });
    }
    setPhase(d, id, "abandoned", event.reason);
    state.bad++;
  }
  return true;
}
