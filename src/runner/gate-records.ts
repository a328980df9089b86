/** Gate progress as lifecycle records. */
import type { EventLog } from "../log/event-log.ts";
import type { GateProgress } from "../settlement/context.ts";

/** The function a settlement reports to: one record when a gate starts and one when it is done. */
export function gateReporter(
  log: EventLog,
  of: { run: string; plan: string },
): (progress: GateProgress) => void {
  return (progress) => {
    if (progress.unit === null) return;
    const common = { gate: progress.gate, tree: progress.tree, car: progress.car };
    log.append([
      {
        ...of,
        unit: progress.unit,
        attempt: progress.attempt,
        ...(progress.kind === "started"
          ? { type: "gate.started", data: common }
          : {
              type: "gate.finished",
              data: {
                ...common,
                status: progress.verdict.status,
                command: progress.verdict.command,
                exit: progress.verdict.exit,
                duration_ms: Math.round(progress.verdict.durationMs),
                reason: progress.verdict.reason,
                output: progress.verdict.output,
                tail: progress.verdict.tail,
                diagnostics: progress.verdict.diagnostics,
                changed_paths: progress.verdict.changedPaths,
                cached: progress.verdict.cached,
              },
            }),
      },
    ]);
  };
}
