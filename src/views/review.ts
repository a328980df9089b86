/**
 * `plan review`: the results of a run by unit, with attempts, gates, tokens and rejections. Pure.
 *
 * Tokens include failed attempts and forks. Diff statistics (from git) and prices (from the
 * configuration) are parameters.
 */

import type { UsageCounts } from "../log/counts.ts";
import { nextStep } from "./explain.ts";
import type { ForeignCommitView } from "./foreign-commits.ts";
import type { SelfCorrection } from "./recovered-tool-errors.ts";
import {
  type AttemptView,
  endedPhases,
  type GateView,
  type RunView,
  shownPhase,
  type UnitView,
} from "./run-view.ts";

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
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Null when a model used has no price: an unknown cost is not 0. */
  cost: number | null;
}

export interface ReviewView {
  run: string;
  plan: string;
  phase: string;
  startedAt: string;
  finishedAt: string | null;
  durationMs: number | null;
  target: string;
  before: string;
  after: string | null;
  degraded: boolean;
  warnings: string[];
  verification: { status: string; reason: string } | null;
  repositoryChanged: string | null;
  foreignCommits: ForeignCommitView[];
  redBase: GateView[];
  spending: Spending;
  units: UnitReview[];
}

export interface UnitReview extends Omit<UnitView, "changes" | "settled" | "attempts" | "digest"> {
  settled: boolean;
  attempts: AttemptView[];
  diff: DiffStat | null;
  selfCorrections: SelfCorrection[];
  spending: Spending;
  next: string | null;
}

export interface ReviewFacts {
  counts: readonly UsageCounts[];
  /** Cost of one row of counts, or null without a price. */
  cost(counts: UsageCounts, attempt: AttemptView | null): number | null;
  diffs: ReadonlyMap<string, DiffStat>;
  corrections: ReadonlyMap<string, readonly SelfCorrection[]>;
  /** The run has not finished, and no process runs it. */
  crashed: boolean;
}

/** The review of a run; `only` restricts it to one unit. */
export function viewReview(run: RunView, facts: ReviewFacts, only: string | null): ReviewView {
  const units = run.units.filter(({ unit }) => only === null || unit === only);
  return {
    run: run.run,
    plan: run.plan,
    phase: shownPhase(run, !facts.crashed),
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    durationMs: run.durationMs,
    target: run.target,
    before: run.before,
    after: run.after,
    degraded: run.degraded,
    warnings: run.warnings,
    verification: run.verification,
    repositoryChanged: run.repositoryChanged,
    foreignCommits: run.foreignCommits,
    redBase: run.redBase,
    spending: runSpending(run, facts),
    units: units.map((unit) => reviewUnit(run, unit, facts)),
  };
}

function reviewUnit(run: RunView, unit: UnitView, facts: ReviewFacts): UnitReview {
  const { changes: _, digest: __, ...shown } = unit;
  const crashed = facts.crashed && !endedPhases.has(unit.phase);
  return {
    ...shown,
    diff: facts.diffs.get(unit.unit) ?? null,
    selfCorrections: [...(facts.corrections.get(unit.unit) ?? [])],
    spending: spendingOf([unit], facts),
    next: crashed ? `dgov run ${run.plan} --continue` : nextStep(run, unit),
  };
}

/** Tokens and cost of a run, including the choice of SOPs before its units started. */
export function runSpending(run: RunView, facts: Pick<ReviewFacts, "counts" | "cost">): Spending {
  return spendingOf([...run.units, null], facts);
}

/** Tokens and cost of units over all attempts. A null unit selects the requests made outside of any unit. */
export function spendingOf(
  units: readonly (UnitView | null)[],
  facts: Pick<ReviewFacts, "counts" | "cost">,
): Spending {
  const sum: Spending = {
    turns: 0,
    calls: 0,
    failedCalls: 0,
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    cost: 0,
  };
  const byName = new Map(units.map((unit) => [unit?.unit ?? null, unit]));
  for (const row of facts.counts) {
    const unit = byName.get(row.unit);
    if (unit === undefined) continue;
    sum.turns += row.turns;
    sum.calls += row.calls;
    sum.failedCalls += row.failedCalls;
    sum.promptTokens += row.promptTokens;
    sum.cachedTokens += row.cachedTokens;
    sum.completionTokens += row.completionTokens;
    if (row.turns === 0) continue;
    const attempt = unit?.attempts.find((one) => one.attempt === row.attempt) ?? null;
    const cost = facts.cost(row, attempt);
    sum.cost = sum.cost === null || cost === null ? null : sum.cost + cost;
  }
  return sum;
}
