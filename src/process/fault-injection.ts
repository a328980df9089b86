/**
 * Points at which tests of recovery can crash the process. They do nothing unless `DGOV_FAULT` names one:
 * `land.prepared`, or `land.prepared@2` for its second execution. Child processes never get the variable.
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

type FaultPoint = (typeof faultPoints)[number];

const executions = new Map<string, number>();

/** Kills this process (with `DGOV_FAULT_GROUP=1`, its process group) by SIGKILL if `DGOV_FAULT` names this point. */
export function faultPoint(name: FaultPoint): void {
  const requested = process.env["DGOV_FAULT"];
  if (requested === undefined) return;
  const count = (executions.get(name) ?? 0) + 1;
  executions.set(name, count);
  const [point, nth = "1"] = requested.split("@");
  if (point !== name || Number(nth) !== count) return;
  process.kill(process.env["DGOV_FAULT_GROUP"] === "1" ? 0 : process.pid, "SIGKILL");
  // Most systems deliver the signal at once; on others, run nothing until it arrives.
  for (;;) {}
}
