/** Gate progress as lifecycle records. */
import type { EventLog } from "../log/event-log.ts";
import type { GateProgress, GateVerdict } from "../settlement/context.ts";

/** The function a settlement reports to: one record when a gate starts and one when it is done. */
export function gateReporter(
  log: EventLog,
  of: { run: string; plan: string },
): (...progress: GateProgress[]) => void {
  return (...progress) => {
    const records = progress.flatMap((one) => {
      const { unit, attempt } = one;
      return unit === null ? [] : [{ ...of, unit, attempt, ...recordOf(one) }];
    });
    if (records.length > 0) log.append(records);
  };
}

function recordOf(progress: GateProgress): { type: string; data: Record<string, unknown> } {
  const common = { gate: progress.gate, tree: progress.tree, car: progress.car };
  if (progress.kind === "started") return { type: "gate.started", data: common };
  return { type: "gate.finished", data: { ...common, ...verdictData(progress.verdict) } };
}

/** What a gate said of a tree. */
export function verdictData(verdict: GateVerdict): Record<string, unknown> {
  return {
    status: verdict.status,
    command: verdict.command,
    exit: verdict.exit,
    duration_ms: Math.round(verdict.durationMs),
    reason: verdict.reason,
    output: verdict.output,
    tail: verdict.tail,
    diagnostics: verdict.diagnostics,
    changed_paths: verdict.changedPaths,
    cached: verdict.cached,
  };
}
