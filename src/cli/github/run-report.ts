/** The end of a run, for GitHub: annotations of what did not land, and a summary of everything. Pure. */
import type { RecordedEvent } from "../../log/event-log.ts";
import type { RunEnd } from "../../runner/finish.ts";
import { isGood, type RunView, type UnitView } from "../../views/run-view.ts";
import { duration } from "../progress/live.ts";
import { gateAnnotations, type ToldGate } from "./gates.ts";
import { type Annotation, escapeCell, markdownTable } from "./workflow.ts";

export interface RunReport {
  view: RunView;
  /** Lifecycle events of the run. */
  events: readonly RecordedEvent[];
  end: RunEnd;
  /** What to type next. */
  hints: readonly string[];
}

/** Units that did not land are errors, at the lines their gates name; the rest is said as well. */
export function runAnnotations({ view, events, end }: RunReport): Annotation[] {
  return [
    ...view.units.flatMap((unit) =>
      isGood(unit.phase) ? retried(unit) : unitAnnotations(unit, events),
    ),
    ...gateAnnotations(end.verification.gates ?? [], view.target),
    ...end.warnings.map((warning) => plain("warning", "dgov", warning)),
  ];
}

function plain(level: Annotation["level"], title: string, message: string): Annotation {
  return { level, file: null, line: null, column: null, title, message };
}

function unitAnnotations(unit: UnitView, events: readonly RecordedEvent[]): Annotation[] {
  const rejected = events.findLast(
    (event) => event.type === "attempt.rejected" && event.unit === unit.unit,
  );
  const gates = (rejected?.data["gates"] ?? []) as ToldGate[];
  const words = `${unit.phase.replace("_", " ")}: ${unit.reason ?? ""}`;
  return [plain("error", unit.unit, words), ...gateAnnotations(gates, unit.unit)];
}

/** What landed after all: its gates' lines are of a tree nobody will see. */
function retried(unit: UnitView): Annotation[] {
  const rejections = unit.attempts.flatMap(({ rejection }) => rejection ?? []);
  const words = rejections.map(({ reason }, at) => `attempt ${at + 1} was rejected: ${reason}`);
  return words.length === 0 ? [] : [plain("notice", unit.unit, words.join("\n"))];
}

/** Units with their gates and commits, what went wrong, and what to type next, as Markdown. */
export function runSummary({ view, end, hints }: RunReport): string {
  const rows = view.units.map((unit) => [
    unit.unit,
    unit.phase.replace("_", " "),
    String(unit.attempts.length),
    gatesOf(unit),
    unit.landed?.commit.slice(0, 12) ?? "",
    isGood(unit.phase) ? "" : (unit.reason ?? ""),
  ]);
  const landed = view.units.filter((unit) => isGood(unit.phase)).length;
  const { status, reason } = end.verification;
  return [
    `## dgov: ${escapeCell(view.plan)}`,
    `${landed} of ${view.units.length} units landed on ${escapeCell(view.target)} in ${duration(end.durationMs)}.`,
    markdownTable(["unit", "result", "attempts", "gates", "commit", "why"], rows),
    ...(status === "failed" ? [`The branch is red: ${escapeCell(reason)}`] : []),
    ...end.warnings.map((warning) => `Warning: ${escapeCell(warning)}`),
    ...(hints.length === 0 ? [] : [`\`\`\`sh\n${hints.join("\n")}\n\`\`\``]),
  ].join("\n\n");
}

/** The last word of each gate on the last attempt. */
function gatesOf(unit: UnitView): string {
  const last = new Map(unit.attempts.at(-1)?.gates.map((gate) => [gate.gate, gate.status]));
  return [...last].map(([gate, status]) => `${gate} ${status.replace("_", " ")}`).join(", ");
}
