/**
 * Points at which a crash can be ordered, for tests of recovery. They do nothing unless `DGOV_FAULT`
 * names one (`land.prepared`, or `land.prepared@2` for its second time); no child gets that variable.
 */
export const faultPoints = [
  "lock.acquired",
  "attempt.created",
  "commit.built",
  "keep.before_ref",
  "keep.after_ref",
  "candidate.built",
  "land.before_prepare",
  "land.prepared",
  "land.checkout_updated",
  "land.committed",
  "event.deciding",
  "event.recorded",
  "worker.started",
  "land.recorded",
  "land.done",
  "recover.landing",
  "recover.kept",
  "finish.verified",
  "finish.archived",
] as const;

export type FaultPoint = (typeof faultPoints)[number];

const passed = new Map<string, number>();

/** Kills this process with SIGKILL, or its whole group when `DGOV_FAULT_GROUP=1`, if so ordered. */
export function faultPoint(name: FaultPoint): void {
  const order = process.env["DGOV_FAULT"];
  if (order === undefined) return;
  const count = (passed.get(name) ?? 0) + 1;
  passed.set(name, count);
  const [point, nth = "1"] = order.split("@");
  if (point !== name || Number(nth) !== count) return;
  process.kill(process.env["DGOV_FAULT_GROUP"] === "1" ? 0 : process.pid, "SIGKILL");
  // The signal is delivered before the next line of JavaScript would run on most systems; be sure.
  for (;;) {}
}
