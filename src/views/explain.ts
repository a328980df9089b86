/**
 * `dgov explain`: the reason of a unit's phase, from recorded reasons only. Pure.
 *
 * For a skipped or waiting unit, the units that cause it are listed too.
 */
import {
  endedPhases,
  isSuccessful,
  type PhaseEntry,
  type RunView,
  type UnitView,
} from "./run-view.ts";

export interface ExplainView {
  run: string;
  plan: string;
  unit: string;
  summary: string;
  phase: string;
  reason: string;
  since: string;
  attempt: number;
  /** Units that this one waits for, or because of which it was skipped, nearest first. */
  because: { unit: string; phase: string; reason: string }[];
  /** All phase changes. */
  history: PhaseEntry[];
  rejections: { attempt: number; verdict: string; reason: string; gates: string[] }[];
  keptRef: string | null;
  next: string | null;
}

/** Explains one unit of a run; null when the run has no such unit. */
export function explainUnit(run: RunView, id: string): ExplainView | null {
  const unit = run.units.find((one) => one.unit === id);
  if (unit === undefined) return null;
  return {
    run: run.run,
    plan: run.plan,
    unit: unit.unit,
    summary: unit.summary,
    phase: unit.phase,
    reason: unit.reason || plainReason(unit),
    since: unit.since,
    attempt: unit.attempts.at(-1)?.attempt ?? 0,
    because: causes(run, unit),
    history: unit.changes,
    rejections: unit.attempts.flatMap(({ attempt, rejection }) =>
      rejection === null
        ? []
        : [
            {
              attempt,
              verdict: rejection.verdict,
              reason: rejection.reason,
              gates: rejection.gates.map((gate) => gate.gate),
            },
          ],
    ),
    keptRef: unit.keptRef,
    next: nextStep(run, unit),
  };
}

function plainReason(unit: UnitView): string {
  if (unit.phase !== "pending") return "";
  if (unit.waitingOn.length > 0) return `waiting for ${unit.waitingOn.join(", ")}`;
  return "ready; waiting for a free worker";
}

/** Dependencies that have not succeeded, breadth first. */
function causes(run: RunView, unit: UnitView): ExplainView["because"] {
  if (isSuccessful(unit.phase)) return [];
  const units = new Map(run.units.map((one) => [one.unit, one]));
  const seen = new Set<string>([unit.unit]);
  const found: ExplainView["because"] = [];
  const queue = [...unit.dependsOn];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const cause = units.get(name);
    if (cause === undefined || seen.has(name) || isSuccessful(cause.phase)) continue;
    seen.add(name);
    found.push({ unit: name, phase: cause.phase, reason: cause.reason || plainReason(cause) });
    queue.push(...cause.dependsOn);
  }
  return found;
}

/** The next command for a unit, or null when it succeeded. */
export function nextStep(run: RunView, unit: UnitView): string | null {
  if (isSuccessful(unit.phase)) return null;
  if (unit.phase === "undone") return `dgov run ${run.plan}`;
  if (!endedPhases.has(unit.phase))
    return run.phase === "running" ? "dgov watch" : continueHint(run);
  const lastVerdict = unit.attempts.at(-1)?.rejection?.verdict;
  if (lastVerdict === "scope_violation") {
    return `add the paths to the claims of ${unit.unit}, then dgov run ${run.plan} --continue`;
  }
  if (unit.keptRef !== null && unit.phase !== "abandoned") return `dgov take ${unit.unit}`;
  return continueHint(run);
}

function continueHint(run: RunView): string {
  return `dgov run ${run.plan} --continue`;
}
