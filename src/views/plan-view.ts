/**
 * Plans as lists show them: how far each is, and what became of its units. Pure.
 *
 * Whether a unit has landed is git's word when the caller asked git, else that of the last run.
 */
import { isSuccessful, type RunView } from "./run-view.ts";

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
  /** Some source file is newer than the compiled plan. */
  changedSinceCompile: boolean;
  /** Tasks in the source tree. */
  tasks: number;
  /** Units that landed according to the readable history: what the last run was not about. */
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
  if (run?.phase === "running") return facts.live ? "running" : "crashed";
  if (run !== null && run.phase !== "complete" && landed < total) {
    return landed > 0 ? "partial" : "failed";
  }
  if (total > 0 && landed === total) return run?.degraded ? "degraded" : "landed";
  if (landed > 0) return "partial";
  return facts.compiled ? "ready" : "uncompiled";
}

/** What `plan status` says of one unit. */
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
  /** Its text changed since it landed or last ran. */
  changed: boolean;
  keptRef: string | null;
  attempts: number;
}

/** A unit as the compiled plan has it. */
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

/** Where each unit of a plan stands: git says what landed, the last run says the rest. */
export function viewUnitStatuses(
  units: readonly PlannedUnit[],
  landed: readonly LandedFact[],
  run: RunView | null,
): UnitPlanStatus[] {
  const landedBy = new Map(landed.map((one) => [one.unit, one]));
  const runBy = new Map(run?.units.map((unit) => [unit.unit, unit]) ?? []);
  const standings = units.map((unit): UnitPlanStatus => {
    const fact = landedBy.get(unit.unit);
    const ran = runBy.get(unit.unit);
    const same = ran !== undefined && ran.digest === unit.digest;
    const changed =
      (fact !== undefined && fact.digest !== unit.digest) || (ran !== undefined && !same);
    const isLanded = fact?.digest === unit.digest;
    const phase = same ? ran.phase : null;
    // Git's word on landings outweighs the log's: the landing may have been reverted since.
    const state = isLanded ? "landed" : phase === "landed" ? "pending" : stateOf(phase);
    return {
      unit: unit.unit,
      summary: unit.summary,
      role: unit.role,
      state,
      phase,
      reason: state === "landed" || !same ? "" : ran.reason,
      commit: isLanded ? fact.commit : null,
      at: isLanded ? fact.at : same ? ran.since : null,
      waitingOn: [],
      changed,
      keptRef: same ? ran.keptRef : null,
      attempts: same ? (ran.attempts.at(-1)?.attempt ?? 0) : 0,
    };
  });
  const good = new Set(
    standings.filter(({ state }) => state === "landed" || state === "done").map((s) => s.unit),
  );
  return standings.map((standing, index) =>
    standing.state === "pending"
      ? { ...standing, waitingOn: (units[index]?.dependsOn ?? []).filter((d) => !good.has(d)) }
      : standing,
  );
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
