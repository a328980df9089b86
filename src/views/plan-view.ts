/**
 * `plan list` and `plan status`: the progress of plans and the states of their units. Pure.
 *
 * Landings come from git when the caller read them from git, otherwise from the last run.
 */
import { isSuccessful, type RunView, shownPhase, type UnitView } from "./run-view.ts";

export type PlanStatus =
  | "uncompiled"
  | "ready"
  | "running"
  | "crashed"
  | "failed"
  | "partial"
  | "degraded"
  | "landed";

export interface PlanFacts {
  name: string;
  /** Relative to the project root. */
  path: string;
  kind: "plan" | "fix";
  archived: boolean;
  compiled: boolean;
  /** A source file is newer than the compiled plan. */
  changedSinceCompile: boolean;
  /** Tasks in the source tree. */
  tasks: number;
  /** Units listed as landed in deployed.jsonl; counts those the last run did not include. */
  deployed: ReadonlySet<string>;
  run: RunView | null;
  live: boolean;
}

export interface PlanRow {
  name: string;
  path: string;
  kind: "plan" | "fix";
  archived: boolean;
  status: PlanStatus;
  landed: number;
  total: number;
  changedSinceCompile: boolean;
  lastRun: string | null;
  lastRunAt: string | null;
}

/** One row of `plan list`. */
export function viewPlanRow(facts: PlanFacts): PlanRow {
  const { run } = facts;
  const total = Math.max(facts.tasks, run?.units.length ?? 0);
  const ran = new Set(run?.units.map(({ unit }) => unit));
  const good = run?.units.filter((unit) => isSuccessful(unit.phase)).length ?? 0;
  const earlier = [...facts.deployed].filter((unit) => !ran.has(unit)).length;
  const landed = Math.min(good + earlier, total);
  return {
    name: facts.name,
    path: facts.path,
    kind: facts.kind,
    archived: facts.archived,
    status: planStatus(facts, landed, total),
    landed,
    total,
    changedSinceCompile: facts.changedSinceCompile,
    lastRun: run?.run ?? null,
    lastRunAt: run?.startedAt ?? null,
  };
}

function planStatus(facts: PlanFacts, landed: number, total: number): PlanStatus {
  const { run } = facts;
  const phase = run === null ? null : shownPhase(run, facts.live);
  if (phase === "running" || phase === "crashed") return phase;
  if (run !== null && run.phase !== "complete" && landed < total) {
    return landed > 0 ? "partial" : "failed";
  }
  if (total > 0 && landed === total) return run?.degraded ? "degraded" : "landed";
  if (landed > 0) return "partial";
  return facts.compiled ? "ready" : "uncompiled";
}

/** One unit in `plan status`. */
export interface UnitPlanStatus {
  unit: string;
  summary: string;
  role: string;
  state: "landed" | "done" | "running" | "pending" | "failed" | "skipped";
  phase: string | null;
  reason: string;
  /** Landed: the commit, and when. */
  commit: string | null;
  at: string | null;
  waitingOn: string[];
  /** The text of the unit changed since it landed or last ran. */
  changed: boolean;
  keptRef: string | null;
  attempts: number;
}

/** A unit of the compiled plan. */
export interface PlannedUnit {
  unit: string;
  summary: string;
  role: string;
  dependsOn: string[];
  digest: string;
}

export interface LandedFact {
  unit: string;
  digest: string;
  commit: string;
  at: string;
}

/** The state of each unit of a plan: landings from git, everything else from the last run. */
export function viewUnitStatuses(
  units: readonly PlannedUnit[],
  landed: readonly LandedFact[],
  run: RunView | null,
): UnitPlanStatus[] {
  const landedBy = new Map(landed.map((one) => [one.unit, one]));
  const runBy = new Map(run?.units.map((unit) => [unit.unit, unit]) ?? []);
  const statuses = units.map((unit): UnitPlanStatus => {
    const fact = landedBy.get(unit.unit);
    const ran = runBy.get(unit.unit);
    const same = ran !== undefined && ran.digest === unit.digest;
    const changed =
      (fact !== undefined && fact.digest !== unit.digest) || (ran !== undefined && !same);
    const isFinished = fact?.digest === unit.digest;
    const isLanded = isFinished && unit.role === "worker";
    // The Python program lists read-only units among its landings.
    const phase = same ? ran.phase : isFinished && !isLanded ? "done" : null;
    // Git takes precedence over the log: the landing may have been reverted.
    const state = isLanded ? "landed" : phase === "landed" ? "pending" : stateOf(phase);
    return {
      unit: unit.unit,
      summary: unit.summary,
      role: unit.role,
      state,
      phase: same ? ran.phase : null,
      reason: state === "landed" || !same ? "" : ran.reason,
      commit: isLanded ? fact.commit : null,
      at: isLanded ? fact.at : same ? ran.since : isFinished ? fact.at : null,
      waitingOn: [],
      changed,
      keptRef: same ? ran.keptRef : null,
      attempts: same ? (ran.attempts.at(-1)?.attempt ?? 0) : 0,
    };
  });
  const good = new Set(
    statuses.filter(({ state }) => state === "landed" || state === "done").map((s) => s.unit),
  );
  return statuses.map((status, index) =>
    status.state === "pending"
      ? { ...status, waitingOn: (units[index]?.dependsOn ?? []).filter((d) => !good.has(d)) }
      : status,
  );
}

/** The units of a plan without a run, as a review shows them. */
export function viewLandedUnits(
  units: readonly PlannedUnit[],
  landed: readonly LandedFact[],
): UnitView[] {
  return viewUnitStatuses(units, landed, null).map((status, index): UnitView => {
    const { unit, summary, role, state, commit, at, waitingOn } = status;
    return {
      ...{ unit, summary, role, phase: state, waitingOn },
      digest: units[index]?.digest ?? "",
      dependsOn: units[index]?.dependsOn ?? [],
      reason: "",
      since: at ?? "",
      settled: state !== "pending",
      landed: commit === null ? null : { commit, at: at ?? "" },
      ...{ result: null, keptRef: null, attempts: [], changes: [] },
    };
  });
}

function stateOf(phase: string | null): UnitPlanStatus["state"] {
  switch (phase) {
    case null:
    case "pending":
    case "undone":
      return "pending";
    case "landed":
    case "done":
      return phase;
    case "failed":
    case "timed_out":
    case "abandoned":
      return "failed";
    case "skipped":
      return "skipped";
    default:
      return "running";
  }
}
