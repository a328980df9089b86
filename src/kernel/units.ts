/** Units between attempts: which one starts next, and how an unsuccessful attempt or unit ends. */
import type { UnitId } from "./dag.ts";
import { type Draft, setPhase, unitOf } from "./state.ts";

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

/** Called when a unit landed or is done: dependents without other open dependencies become ready. */
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

/** Reason of a pending unit that waits only because all jobs are taken. */
export const waitsForWorker = "ready; waiting for a free worker";

/** Retry budgets: the counter of a unit, its limit, and the phase when the limit is reached. */
const counters = {
  rejection: { count: "rejections", limit: "rejectionRetries", end: "failed" },
  crash: { count: "crashes", limit: "crashRetries", end: "failed" },
  timeout: { count: "timeouts", limit: "timeoutRetries", end: "timed_out" },
} as const;

/** Queues another attempt while the budget of this kind allows; ends the unit otherwise. */
export function retry(d: Draft, id: UnitId, kind: keyof typeof counters, reason: string): void {
  const unit = unitOf(d, id);
  const { count, limit, end } = counters[kind];
  const allowed = d.state.limits[limit];
  if (unit[count] >= allowed) {
    finish(d, id, end, reason);
    return;
  }
  unit[count]++;
  setPhase(d, id, "waiting", `retry ${unit[count]} of ${allowed}: ${reason}`);
  d.state.retries.push(id);
}

/** Rejects an attempt: retries within `rejectionRetries`. */
export function reject(d: Draft, id: UnitId, reason: string): void {
  retry(d, id, "rejection", reason);
}

/** Queues a fix attempt of the reviewer's own unit; the reviewer runs again after it landed. */
export function fix(d: Draft, id: UnitId, allowed: number, reason: string): void {
  const unit = unitOf(d, id);
  unit.fixes++;
  unit.fixing = true;
  setPhase(d, id, "waiting", `fix ${unit.fixes} of ${allowed}: ${reason}`);
  d.state.retries.push(id);
}

/** Fails a unit and skips the units that depend on it. */
export function fail(d: Draft, id: UnitId, reason: string): void {
  finish(d, id, "failed", reason);
}

function finish(d: Draft, id: UnitId, phase: "failed" | "timed_out", reason: string): void {
  setPhase(d, id, phase, reason);
  const why = `skipped because ${id} ${phase === "failed" ? "failed" : "timed out"}`;
  const stack = [...unitOf(d, id).dependents];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const unit = unitOf(d, next);
    if (unit.phase !== "pending") continue;
    setPhase(d, next, "skipped", why);
    stack.push(...unit.dependents);
  }
}
