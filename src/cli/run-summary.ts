/** The end of a run, as one document and as text: what landed, what did not and why, what to type next. */
import type { RecordedEvent } from "../log/event-log.ts";
import type { RunResult } from "../runner/execute.ts";
import { toSnakeCase } from "../runner/record.ts";
import { present } from "../std/assert.ts";
import { type RadarView, viewRadar } from "../views/radar.ts";
import { isGood, type RunView, type UnitView, viewRun } from "../views/run-view.ts";
import { duration } from "./progress/live.ts";

type Finished = Extract<RunResult, { kind: "finished" }>;

interface Spent {
  promptTokens: number;
  completionTokens: number;
  turns: number;
}

/** The `dgov.run/1` document and the text of `dgov run`. */
export function summarizeRun(
  result: Finished,
  options: { verbose: boolean },
): { document: { schema: string; [key: string]: unknown }; text: string } {
  const events: RecordedEvent[] = result.log.lifecycle({ run: result.run });
  const view = present(viewRun(events), "a finished run has events");
  const spent = spentBy(result);
  const radar = viewRadar(events);
  const total = [...spent.values()].reduce(add, { promptTokens: 0, completionTokens: 0, turns: 0 });
  return {
    document: {
      schema: "dgov.run/1",
      run: view.run,
      plan: view.plan,
      status: result.status,
      exit_code: result.end.exitCode,
      target: view.target,
      before: result.end.before,
      after: result.end.after,
      duration_ms: result.end.durationMs,
      prompt_tokens: total.promptTokens,
      completion_tokens: total.completionTokens,
      verification: result.end.verification,
      archived_to: result.end.archivedTo,
      degraded: view.degraded,
      structural: result.end.structural,
      warnings: result.end.warnings,
      repository_changed: view.repositoryChanged,
      radar: toSnakeCase(radar),
      units: view.units.map((unit) => unitDocument(unit, spent.get(unit.unit))),
    },
    text: textOf(view, result, { total, radar, spent: options.verbose ? spent : null }),
  };
}

function spentBy(result: Finished): Map<string, Spent> {
  const spent = new Map<string, Spent>();
  for (const count of result.log.counts(result.run)) {
    const { unit, promptTokens, completionTokens, turns } = count;
    if (unit === null) continue;
    const before = spent.get(unit) ?? { promptTokens: 0, completionTokens: 0, turns: 0 };
    spent.set(unit, add(before, { promptTokens, completionTokens, turns }));
  }
  return spent;
}

function add(a: Spent, b: Spent): Spent {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    turns: a.turns + b.turns,
  };
}

function unitDocument(unit: UnitView, spent: Spent | undefined): Record<string, unknown> {
  const last = unit.attempts.at(-1);
  return {
    unit: unit.unit,
    summary: unit.summary,
    phase: unit.phase,
    reason: unit.reason,
    settled: unit.settled,
    commit: unit.landed?.commit ?? null,
    attempts: unit.attempts.length,
    kept_ref: unit.keptRef,
    flaky: [...new Set(unit.attempts.flatMap((attempt) => attempt.flaky))],
    rejection: last?.rejection ? toSnakeCase(last.rejection) : null,
    rejections: unit.attempts.flatMap((a) => (a.rejection ? [toSnakeCase(a.rejection)] : [])),
    result: unit.result,
    turns: spent?.turns ?? 0,
    prompt_tokens: spent?.promptTokens ?? 0,
    completion_tokens: spent?.completionTokens ?? 0,
  };
}

function textOf(
  view: RunView,
  result: Finished,
  { total, radar, spent }: { total: Spent; radar: RadarView; spent: Map<string, Spent> | null },
): string {
  const landed = view.units.filter((unit) => isGood(unit.phase));
  const lines = [
    `${view.plan}: ${result.status}${view.degraded ? ", degraded" : ""}, ${landed.length} of ${view.units.length} units landed in ${duration(result.end.durationMs)}`,
    ...view.units.filter((unit) => !isGood(unit.phase)).map(badLine),
    ...view.units
      .filter((unit) => unit.attempts.some((attempt) => attempt.flaky.length > 0))
      .map((unit) => `  ${unit.unit}: flaky: ${unit.attempts.flatMap((a) => a.flaky).join(", ")}`),
    ...radarLine(radar),
    ...result.end.warnings.map((warning) => `warning: ${warning}`),
    ...(view.degraded ? offenderLines(result.end.structural) : []),
  ];
  if (spent !== null) {
    lines.push("");
    for (const unit of view.units) {
      const { promptTokens = 0, completionTokens = 0, turns = 0 } = spent.get(unit.unit) ?? {};
      lines.push(
        `  ${unit.unit}: ${unit.phase}, ${unit.attempts.length} attempts, ${turns} turns, ` +
          `${promptTokens} + ${completionTokens} tokens, ${workTime(unit)}`,
      );
    }
  }
  if (total.turns > 0) {
    lines.push(`tokens: ${total.promptTokens} prompt, ${total.completionTokens} completion`);
  }
  const names = { plan: view.plan, before: result.end.before, after: result.end.after };
  return [...lines, "", ...hints(result, names)].join("\n");
}

function radarLine({ predictions, cameTrue, missed }: RadarView): string[] {
  if (predictions.length === 0 && missed === 0) return [];
  const said = `${predictions.length} conflict${predictions.length === 1 ? "" : "s"} predicted`;
  return [`  radar: ${said}, ${cameTrue} came true, ${missed} not foreseen`];
}

/** The worst that the run brought, by place. */
function offenderLines(structural: Finished["end"]["structural"]): string[] {
  const offenders = structural?.offenders ?? [];
  const lines = offenders
    .slice(0, offendersShown)
    .map((o) => `  ${o.path}:${o.line}: ${[o.kind, o.name].filter(Boolean).join(" ")} ${o.value}`);
  const more = offenders.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

const offendersShown = 10;

function badLine(unit: UnitView): string {
  const kept = unit.keptRef === null ? "" : `\n    kept: dgov take ${unit.unit}`;
  return `  ${unit.unit}: ${unit.phase.replace("_", " ")}: ${unit.reason}${kept}`;
}

/** From the first attempt's start to the last change. */
function workTime(unit: UnitView): string {
  const [first] = unit.attempts;
  return first === undefined ? "-" : duration(Date.parse(unit.since) - Date.parse(first.startedAt));
}

function hints(result: Finished, o: { plan: string; before: string; after: string }): string[] {
  const again = result.status === "complete" ? [] : [`dgov run ${o.plan} --continue`];
  const moved =
    o.before === o.after ? [] : [`git diff ${o.before.slice(0, 12)}..${o.after.slice(0, 12)}`];
  return [`dgov plan review ${o.plan}`, ...again, ...moved];
}
