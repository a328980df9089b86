/** The end of a run for GitHub Actions: annotations of failures, and a step summary. Pure. */
import type { RecordedEvent } from "../../log/event-log.ts";
import type { RunEnd } from "../../runner/finish.ts";
import { failureExcerpt } from "../../std/failure-excerpt.ts";
import { duration, short, words } from "../../std/text.ts";
import { isSuccessful, type RunView, stateOf, type UnitView } from "../../views/run-view.ts";
import { type Annotation, escapeCell, markdownTable } from "./workflow.ts";

export interface RunReport {
  view: RunView;
  /** Lifecycle events of the run. */
  events: readonly RecordedEvent[];
  end: RunEnd;
  /** Commands to type next. */
  hints: readonly string[];
}

/** Errors for units that did not land, at the lines their gates name; notices for retried units; warnings. */
export function runAnnotations({ view, events, end }: RunReport): Annotation[] {
  return [
    ...view.units.flatMap((unit) =>
      isSuccessful(unit.phase) ? retried(unit) : unitAnnotations(unit, events),
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
  const gates = (rejected?.data["gates"] ?? []) as GateOutcome[];
  const message = `${words(stateOf(unit, false))}: ${unit.reason ?? ""}`;
  return [plain("error", unit.unit, message), ...gateAnnotations(gates, unit.unit)];
}

/** A notice of a landed unit's rejections. It has no lines: they are lines of rejected trees. */
function retried(unit: UnitView): Annotation[] {
  const rejections = unit.attempts.flatMap(({ rejection }) => rejection ?? []);
  const lines = rejections.map(({ reason }, at) => `attempt ${at + 1} was rejected: ${reason}`);
  return lines.length === 0 ? [] : [plain("notice", unit.unit, lines.join("\n"))];
}

/** Markdown: a table of units with gates and commits, failures, and commands to type next. */
export function runSummary({ view, end, hints }: RunReport): string {
  const rows = view.units.map((unit) => [
    unit.unit,
    words(stateOf(unit, false)),
    String(unit.attempts.length),
    gatesOf(unit),
    unit.landed === null ? "" : short(unit.landed.commit),
    isSuccessful(unit.phase) ? "" : (unit.reason ?? ""),
  ]);
  const landed = view.units.filter((unit) => isSuccessful(unit.phase)).length;
  const { status, reason } = end.verification;
  return [
    `## dgov: ${escapeCell(view.plan)}`,
    `${landed} of ${view.units.length} units landed on ${escapeCell(view.target)} in ${duration(end.durationMs)}.`,
    markdownTable(["unit", "result", "attempts", "gates", "commit", "why"], rows),
    ...(status === "failed" ? [`The branch is red: ${escapeCell(reason)}`] : []),
    ...sandboxParagraphs(view),
    ...end.warnings.map((warning) => `Warning: ${escapeCell(warning)}`),
    ...(hints.length === 0 ? [] : [`\`\`\`sh\n${hints.join("\n")}\n\`\`\``]),
  ].join("\n\n");
}

/** The confinement of the run's commands, where something was open. */
function sandboxParagraphs({ sandbox }: RunReport["view"]): string[] {
  if (sandbox === null || (sandbox.level === "namespaces" && sandbox.exceptions.length === 0)) {
    return [];
  }
  const parts = [`${sandbox.level} (${sandbox.reason})`, ...sandbox.exceptions];
  return [`Sandbox: ${escapeCell(parts.join("; "))}`];
}

/** The last status of each gate in the last attempt. */
function gatesOf(unit: UnitView): string {
  const last = new Map(unit.attempts.at(-1)?.gates.map((gate) => [gate.gate, gate.status]));
  return [...last].map(([gate, status]) => `${gate} ${words(status)}`).join(", ");
}

/** The parts of a gate verdict that annotations show. */
interface GateOutcome {
  gate: string;
  status?: string;
  reason: string;
  tail: string;
  diagnostics: readonly {
    file: string;
    line: number | null;
    column: number | null;
    code: string;
    message: string;
    severity?: string;
  }[];
}

/** Bytes of a gate's output in an annotation without a place. */
const outputBytesMax = 2000;

/** One for each new diagnostic; for a failing gate without any, one with the end of its output. */
export function gateAnnotations(gates: readonly GateOutcome[], of: string | null): Annotation[] {
  const failed = gates.filter(
    ({ status = "failed" }) => status === "failed" || status === "errored",
  );
  return failed.flatMap(({ gate, reason, tail, diagnostics }): Annotation[] => {
    const title = of === null ? gate : `${gate}: ${of}`;
    if (diagnostics.length === 0) {
      const message = [reason, failureExcerpt(tail.trim(), { bytes: outputBytesMax })]
        .filter(Boolean)
        .join("\n");
      return [{ level: "error", file: null, line: null, column: null, title, message }];
    }
    return diagnostics.map(({ file, line, column, code, message, severity }) => ({
      level: severity === "warning" ? "warning" : "error",
      file: file === "" ? null : file,
      line,
      column,
      title,
      message: code === "" || message.includes(code) ? message : `${message} [${code}]`,
    }));
  });
}
