/** How an attempt that did not succeed ends: another attempt, or the end of its unit. */
import type { UnitId } from "./dag.ts";
import { type Draft, setPhase, unitOf } from "./draft.ts";

const counters = {
  rejection: { count: "rejections", limit: "rejectionRetries", end: "failed" },
  crash: { count: "crashes", limit: "crashRetries", end: "failed" },
  timeout: { count: "timeouts", limit: "timeoutRetries", end: "timed_out" },
} as const;

/** Another attempt when the budget of this kind allows, else the end. */
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

/** The attempt was judged and found wanting: again, within `rejectionRetries`. */
export function reject(d: Draft, id: UnitId, reason: string): void {
  retry(d, id, "rejection", reason);
}

/** What the reviewer found is mended by an attempt of its own unit, and judged once more. */
export function fix(d: Draft, id: UnitId, allowed: number, reason: string): void {
  const unit = unitOf(d, id);
  unit.fixes++;
  unit.fixing = true;
  setPhase(d, id, "waiting", `fix ${unit.fixes} of ${allowed}: ${reason}`);
  d.state.retries.push(id);
}

/** The unit is over, and everything that waits for it with it. */
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
