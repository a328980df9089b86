/** The end of a run as a document and as text: landed units, failures with reasons, commands to type next. */

import type { RecordedEvent } from "../../../log/event-log.ts";
import type { RunResult } from "../../../runner/run.ts";
import { present } from "../../../std/assert.ts";
import { snakeCase } from "../../../std/case.ts";
import { duration, listed, plural, short, words } from "../../../std/text.ts";
import { foreignCommitLines } from "../../../views/foreign-commits.ts";
import { judgeChangeText } from "../../../views/judge-changes.ts";
import { type RadarView, viewRadar } from "../../../views/radar.ts";
import { type ReviewFacts, runSpending, type Spending, spendingOf } from "../../../views/review.ts";
import {
  isSuccessful,
  neverStarted,
  type RunView,
  stateOf,
  type UnitView,
  viewRun,
} from "../../../views/run-view.ts";
import type { RunReport } from "../../github/run-report.ts";
import { costText, tokenCount } from "../../render/spending.ts";

type Finished = Extract<RunResult, { kind: "finished" }>;

/** The `dgov.run/1` document, the text of `dgov run`, and the report for GitHub Actions. */
export function summarizeRun(
  result: Finished,
  options: { verbose: boolean; cost: ReviewFacts["cost"] },
): { document: { schema: string; [key: string]: unknown }; text: string; report: RunReport } {
  const events: RecordedEvent[] = result.log.lifecycle({ run: result.run });
  const view = present(viewRun(events), "a finished run has events");
  const counts = result.log.counts(result.run);
  const byUnit = Map.groupBy(counts, (row) => row.unit ?? "");
  const spent = new Map(
    view.units.map((unit) => {
      const facts = { counts: byUnit.get(unit.unit) ?? [], cost: options.cost };
      return [unit.unit, spendingOf([unit], facts)];
    }),
  );
  const radar = viewRadar(events);
  const total = runSpending(view, { counts, cost: options.cost });
  const { before, after } = result.end;
  const next = hints(result, { plan: view.plan, before, after });
  return {
    report: { view, events, end: result.end, hints: next },
    document: {
      schema: "dgov.run/1",
      run: view.run,
      plan: view.plan,
      status: result.end.status,
      exit_code: result.end.exitCode,
      target: view.target,
      before: result.end.before,
      after: result.end.after,
      duration_ms: result.end.durationMs,
      ...spendingDocument(total),
      verification: result.end.verification,
      archived_to: result.end.archivedTo,
      archived_on: result.end.archivedOn,
      degraded: view.degraded,
      structural: result.end.structural,
      warnings: result.end.warnings,
      problems: result.end.problems,
      repository_changed: view.repositoryChanged,
      foreign_commits: view.foreignCommits.map((one) => snakeCase(one)),
      red_base: view.redBase.map((one) => snakeCase(one)),
      radar: snakeCase(radar),
      units: view.units.map((unit) => unitDocument(unit, present(spent.get(unit.unit), unit.unit))),
    },
    text: textOf(view, result, { total, radar, next, spent: options.verbose ? spent : null }),
  };
}

/** Tokens and cost. An unknown cost is left out, never 0; `cost_at_least` is there if any part of it is known. */
function spendingDocument(of: Spending): object {
  return {
    prompt_tokens: of.promptTokens,
    completion_tokens: of.completionTokens,
    ...(of.unmeteredTurns === 0 ? {} : { unmetered_turns: of.unmeteredTurns }),
    ...(of.cost === null ? {} : { cost: of.cost }),
    ...(of.cost !== null || of.costAtLeast === null ? {} : { cost_at_least: of.costAtLeast }),
  };
}

function unitDocument(unit: UnitView, spent: Spending): Record<string, unknown> {
  const last = unit.attempts.at(-1);
  return {
    unit: unit.unit,
    summary: unit.summary,
    state: stateOf(unit, false),
    phase: unit.phase,
    reason: unit.reason,
    settled: unit.settled,
    commit: unit.landed?.commit ?? null,
    attempts: unit.attempts.length,
    kept_ref: unit.keptRef,
    flaky: [...new Set(unit.attempts.flatMap((attempt) => attempt.flaky))],
    judge_changed: last?.judgeChanged ?? [],
    rejection: last?.rejection ? snakeCase(last.rejection) : null,
    rejections: unit.attempts.flatMap((a) => (a.rejection ? [snakeCase(a.rejection)] : [])),
    result: unit.result,
    turns: spent.turns,
    ...spendingDocument(spent),
  };
}

function textOf(
  view: RunView,
  result: Finished,
  of: {
    total: Spending;
    radar: RadarView;
    next: readonly string[];
    spent: Map<string, Spending> | null;
  },
): string {
  const { total, radar, next, spent } = of;
  const landed = view.units.filter((unit) => isSuccessful(unit.phase));
  const idle = (unit: UnitView): boolean => neverStarted(unit, unit.attempts.length);
  const unstarted = view.units.filter(idle).length;
  const lines = [
    `${view.plan}: ${result.end.status}${view.degraded ? ", degraded" : ""}, ${landed.length} of ${view.units.length} units landed in ${duration(result.end.durationMs)}`,
    ...view.units.filter((unit) => !isSuccessful(unit.phase) && !idle(unit)).map(badLine),
    ...(unstarted > 0 ? [`  ${plural(unstarted, "unit")} not started`] : []),
    ...view.units
      .filter((unit) => unit.attempts.some((attempt) => attempt.flaky.length > 0))
      .map((unit) => `  ${unit.unit}: flaky: ${unit.attempts.flatMap((a) => a.flaky).join(", ")}`),
    ...view.units.flatMap((unit) => {
      const changes = unit.attempts.at(-1)?.judgeChanged ?? [];
      return changes.length === 0 ? [] : [`  ${unit.unit}: ${judgeChangeText(changes)}`];
    }),
    ...radarLine(radar),
    ...foreignCommitLines(view.foreignCommits).map((line) => `  ${line}`),
    ...result.end.warnings.map(
      (text) => `${result.end.problems.includes(text) ? "error" : "warning"}: ${text}`,
    ),
    ...(view.degraded ? offenderLines(result.end.structural) : []),
  ];
  if (spent !== null) {
    lines.push("");
    for (const unit of view.units) {
      const of = present(spent.get(unit.unit), unit.unit);
      lines.push(
        `  ${unit.unit}: ${words(stateOf(unit, false))}, ${unit.attempts.length} attempts, ${of.turns} turns, ` +
          `${tokenCount(of.promptTokens)} + ${tokenCount(of.completionTokens)} tokens, ${workTime(unit)}`,
      );
    }
  }
  if (total.turns > 0) {
    const tokens = `${tokenCount(total.promptTokens)} prompt, ${tokenCount(total.completionTokens)} completion`;
    lines.push(`tokens: ${tokens}${costText(total)}`);
  }
  return [...lines, "", ...next].join("\n");
}

function radarLine({ predictions, cameTrue, missed }: RadarView): string[] {
  if (predictions.length === 0 && missed === 0) return [];
  const predicted = plural(predictions.length, "conflict");
  return [`  radar: ${predicted} predicted, ${cameTrue} came true, ${missed} not predicted`];
}

/** The worst offenders against structural limits that the run added, by place. */
function offenderLines(structural: Finished["end"]["structural"]): string[] {
  const offenders = structural?.offenders ?? [];
  const lines = offenders
    .slice(0, offendersMax)
    .map((o) => `  ${o.path}:${o.line}: ${[o.kind, o.name].filter(Boolean).join(" ")} ${o.value}`);
  const more = offenders.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

const offendersMax = 10;

function badLine(unit: UnitView): string {
  const kept =
    unit.keptRef === null ? "" : `\n    kept${withoutText(unit)}: dgov take ${unit.unit}`;
  return `  ${unit.unit}: ${words(stateOf(unit, false))}: ${unit.reason}${kept}`;
}

/** The files that the kept work of a unit lacks. */
function withoutText({ attempts, keptRef }: UnitView): string {
  const omitted = attempts.findLast(({ kept }) => kept?.ref === keptRef)?.kept?.omitted ?? [];
  return omitted.length === 0
    ? ""
    : ` without ${listed(omitted, 3)}, too large or not a file that git stores`;
}

/** Time from the start of the first attempt to the last change of phase. */
function workTime(unit: UnitView): string {
  const [first] = unit.attempts;
  return first === undefined ? "-" : duration(Date.parse(unit.since) - Date.parse(first.startedAt));
}

function hints(result: Finished, o: { plan: string; before: string; after: string }): string[] {
  const complete = result.end.status === "complete";
  const unfinished = result.end.problems.length > 0 ? [`dgov run ${o.plan}`] : [];
  const again = complete ? unfinished : [`dgov run ${o.plan} --continue`];
  const moved = o.before === o.after ? [] : [`git diff ${short(o.before)}..${short(o.after)}`];
  return [`dgov plan review ${o.plan}`, ...again, ...moved];
}
