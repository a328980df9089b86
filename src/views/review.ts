/**
 * `plan review`: the results of a run by unit, with attempts, gates, tokens and rejections. Pure.
 *
 * Tokens include failed attempts and forks. Diff statistics (from git) and prices (from the
 * configuration) are parameters.
 */

import type { UsageCounts } from "../log/counts.ts";
import { nextStep } from "./explain.ts";
import type { ForeignCommitView } from "./foreign-commits.ts";
import type { ShownRun, ShownUnit } from "./plan-view.ts";
import type { SelfCorrection } from "./recovered-tool-errors.ts";
import {
  type AttemptView,
  type GateView,
  type RunView,
  type SandboxView,
  shownPhase,
  type UnitView,
} from "./run-view.ts";
import { isFinished } from "./unit-state.ts";

export interface DiffStat {
  files: number;
  insertions: number;
  deletions: number;
  paths: { path: string; status: string; insertions: number; deletions: number }[];
}

export interface Spending {
  turns: number;
  calls: number;
  failedCalls: number;
  /** Turns whose tokens the endpoint did not report. */
  unmeteredTurns: number;
  /** Tokens of the metered turns; null when there are turns and none of them is metered. */
  promptTokens: number | null;
  cachedTokens: number | null;
  completionTokens: number | null;
  /** Null without turns, and when a turn has no price or is unmetered. */
  cost: number | null;
  /** Cost of the metered turns with a price; null when there are none. */
  costAtLeast: number | null;
}

/** The place of runs that this log does not have. */
export interface Elsewhere {
  /** `python` when it made every landing. */
  program: "python" | "dgov";
  /** Database of the Python program, relative to the project root; null when it is not there. */
  state: string | null;
}

export interface ReviewView {
  /** Null, like the other facts of a run, for a plan that landed elsewhere. */
  run: string | null;
  plan: string;
  phase: string;
  /** Units of the plan that landed or are done, and all of them. */
  landed: number;
  total: number;
  elsewhere: Elsewhere | null;
  startedAt: string | null;
  finishedAt: string | null;
  durationMs: number | null;
  target: string | null;
  before: string | null;
  after: string | null;
  degraded: boolean;
  warnings: string[];
  sandbox: SandboxView | null;
  verification: { status: string; reason: string } | null;
  repositoryChanged: string | null;
  foreignCommits: ForeignCommitView[];
  redBase: GateView[];
  spending: Spending;
  units: UnitReview[];
}

export interface UnitReview extends Omit<ShownUnit, "changes" | "digest"> {
  diff: DiffStat | null;
  selfCorrections: SelfCorrection[];
  spending: Spending;
  next: string | null;
}

export interface ReviewFacts {
  counts(run: string): readonly UsageCounts[];
  /** Cost of one row of counts, or null without a price. */
  cost(counts: UsageCounts, attempt: AttemptView | null): number | null;
  diffs: ReadonlyMap<string, DiffStat>;
  corrections(run: string, unit: string): readonly SelfCorrection[];
  /** The run has not finished, and no process runs it. */
  crashed: boolean;
}

interface SpendingFacts extends Pick<ReviewFacts, "cost"> {
  counts: readonly UsageCounts[];
}

/** The review of a run and of the units of its plan; `only` restricts it to one unit. */
export function viewReview(run: ShownRun, facts: ReviewFacts, only: string | null): ReviewView {
  const units = run.units.filter(({ unit }) => only === null || unit === only);
  return {
    run: run.run,
    plan: run.plan,
    phase: shownPhase(run, !facts.crashed),
    ...counted(run.units),
    elsewhere: null,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    durationMs: run.durationMs,
    target: run.target,
    before: run.before,
    after: run.after,
    degraded: run.degraded,
    warnings: run.warnings,
    sandbox: run.sandbox,
    verification: run.verification,
    repositoryChanged: run.repositoryChanged,
    foreignCommits: run.foreignCommits,
    redBase: run.redBase,
    spending: runSpending(run, { counts: facts.counts(run.run), cost: facts.cost }),
    units: units.map((unit) => reviewUnit(run, unit, facts)),
  };
}

/** The review of a plan that landed elsewhere: its units by commit. */
export function viewLandedPlan(
  { plan, units, elsewhere }: { plan: string; units: readonly ShownUnit[]; elsewhere: Elsewhere },
  diffs: ReadonlyMap<string, DiffStat>,
  only: string | null,
): ReviewView {
  const nothing = spendingOf([], { counts: [], cost: () => null });
  const open = units.some(({ state }) => !isFinished(state));
  return {
    run: null,
    plan,
    phase: open ? "partial" : "complete",
    ...counted(units),
    elsewhere,
    ...{ startedAt: null, finishedAt: null, durationMs: null },
    ...{ target: null, before: null, after: null },
    ...{ degraded: false, warnings: [], sandbox: null, verification: null },
    ...{ repositoryChanged: null, foreignCommits: [], redBase: [] },
    spending: nothing,
    units: units
      .filter(({ unit }) => only === null || unit === only)
      .map(({ changes: _, digest: __, ...unit }) => ({
        ...unit,
        diff: diffs.get(unit.unit) ?? null,
        selfCorrections: [],
        spending: nothing,
        next: null,
      })),
  };
}

function counted(units: readonly ShownUnit[]): Pick<ReviewView, "landed" | "total"> {
  return { landed: units.filter(({ state }) => isFinished(state)).length, total: units.length };
}

/** Names the program or the log with which a plan landed elsewhere. */
export function landedWhere({ program }: Elsewhere): string {
  return program === "python" ? "with the Python program" : "in runs of another log";
}

function reviewUnit(run: ShownRun, unit: ShownUnit, facts: ReviewFacts): UnitReview {
  const { changes: _, digest: __, ...shown } = unit;
  const worked = unit.run ?? run.run;
  return {
    ...shown,
    diff: facts.diffs.get(unit.unit) ?? null,
    selfCorrections: [...facts.corrections(worked, unit.unit)],
    spending: spendingOf([unit], { counts: facts.counts(worked), cost: facts.cost }),
    next: nextStep(run, unit),
  };
}

/** Tokens and cost of a run, including the choice of SOPs before its units started. */
export function runSpending(run: RunView, facts: SpendingFacts): Spending {
  return spendingOf([...run.units, null], facts);
}

/** Tokens and cost of units over all attempts. A null unit selects the requests made outside of any unit. */
export function spendingOf(units: readonly (UnitView | null)[], facts: SpendingFacts): Spending {
  const sum = { turns: 0, calls: 0, failedCalls: 0, unmeteredTurns: 0 };
  const tokens = { promptTokens: 0, cachedTokens: 0, completionTokens: 0 };
  let costAtLeast: number | null = null;
  let costKnown = true;
  const byName = new Map(units.map((unit) => [unit?.unit ?? null, unit]));
  for (const row of facts.counts) {
    const unit = byName.get(row.unit);
    if (unit === undefined) continue;
    sum.turns += row.turns;
    sum.calls += row.calls;
    sum.failedCalls += row.failedCalls;
    sum.unmeteredTurns += row.unmeteredTurns;
    tokens.promptTokens += row.promptTokens;
    tokens.cachedTokens += row.cachedTokens;
    tokens.completionTokens += row.completionTokens;
    if (row.turns === 0) continue;
    const attempt = unit?.attempts.find((one) => one.attempt === row.attempt) ?? null;
    const metered = row.turns > row.unmeteredTurns;
    const cost = metered ? facts.cost(row, attempt) : null;
    costKnown &&= cost !== null && row.unmeteredTurns === 0;
    if (cost !== null) costAtLeast = (costAtLeast ?? 0) + cost;
  }
  const unmetered = sum.turns > 0 && sum.turns === sum.unmeteredTurns;
  return {
    ...sum,
    ...(unmetered ? { promptTokens: null, cachedTokens: null, completionTokens: null } : tokens),
    cost: costKnown ? costAtLeast : null,
    costAtLeast,
  };
}
