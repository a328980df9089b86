/**
 * `dgov explain`: the reason of a unit's state, from recorded reasons only. Pure.
 *
 * For a skipped or waiting unit, the units that cause it are listed too.
 */
import type { ShownRun, ShownUnit } from "./plan-view.ts";
import type { PhaseEntry } from "./run-view.ts";
import { isFinished, type UnitStateName } from "./unit-state.ts";

export interface ExplainView {
  /** The run that landed the unit, else the last one that worked on it. */
  run: string;
  plan: string;
  unit: string;
  summary: string;
  state: UnitStateName;
  phase: string;
  reason: string;
  since: string;
  attempt: number;
  /** The commit that landed it, also when it is `undone`. */
  commit: string | null;
  /** Units that this one waits for, or because of which it was skipped, nearest first. */
  because: { unit: string; state: UnitStateName; phase: string; reason: string }[];
  /** All phase changes in that run. */
  history: PhaseEntry[];
  rejections: { attempt: number; verdict: string; reason: string; gates: string[] }[];
  keptRef: string | null;
  next: string | null;
}

/** Explains one unit of a plan; null when the plan has no such unit. */
export function explainUnit(run: ShownRun, id: string): ExplainView | null {
  const unit = run.units.find((one) => one.unit === id);
  if (unit === undefined) return null;
  return {
    run: unit.run ?? run.run,
    plan: run.plan,
    unit: unit.unit,
    summary: unit.summary,
    state: unit.state,
    phase: unit.phase,
    reason: unit.reason || plainReason(unit),
    since: unit.since,
    attempt: unit.attempts.at(-1)?.attempt ?? 0,
    commit: unit.landed?.commit ?? null,
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

function plainReason({ state, waitingOn }: ShownUnit): string {
  if (state !== "waiting" && state !== "not_started") return "";
  if (waitingOn.length > 0) return `waiting for ${waitingOn.join(", ")}`;
  return state === "waiting" ? "ready; waiting for a free worker" : "";
}

/** Dependencies that have not succeeded, breadth first. */
function causes(run: ShownRun, unit: ShownUnit): ExplainView["because"] {
  if (isFinished(unit.state)) return [];
  const units = new Map(run.units.map((one) => [one.unit, one]));
  const seen = new Set<string>([unit.unit]);
  const found: ExplainView["because"] = [];
  const queue = [...unit.dependsOn];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const cause = units.get(name);
    if (cause === undefined || seen.has(name) || isFinished(cause.state)) continue;
    seen.add(name);
    const { state, phase, reason } = cause;
    found.push({ unit: name, state, phase, reason: reason || plainReason(cause) });
    queue.push(...cause.dependsOn);
  }
  return found;
}

/** The next command for a unit, or null when it succeeded. */
export function nextStep({ plan }: Pick<ShownRun, "plan">, unit: ShownUnit): string | null {
  const again = `dgov run ${plan} --continue`;
  switch (unit.state) {
    case "landed":
    case "done":
    case "already_satisfied":
      return null;
    case "undone":
      return `dgov run ${plan}`;
    case "waiting":
    case "working":
    case "checking":
    case "testing":
    case "queued":
    case "landing":
    case "rejected":
    case "paused":
    case "blocked":
      return "dgov watch";
    case "not_started":
    case "interrupted":
    case "skipped":
      return again;
    case "failed":
    case "timed_out":
      if (unit.attempts.at(-1)?.rejection?.verdict === "scope_violation") {
        return `add the paths to the claims of ${unit.unit}, then dgov run ${plan} --continue`;
      }
      return unit.keptRef === null ? again : `dgov take ${unit.unit}`;
    default:
      return unit.state satisfies never;
  }
}
