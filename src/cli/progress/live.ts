/**
 * The progress of a run on stderr: a log line for each record worth one, and on a terminal a row for
 * each active unit and a bar below them.
 */
import type { RecordedEvent } from "../../log/event-log.ts";
import { elapsed } from "../../std/text.ts";
import { endedPhases } from "../../views/run-view.ts";
import type { Output } from "../output.ts";
import { printable } from "../render/printable.ts";
import { progressLine } from "./lines.ts";

const redrawMs = 125;
const spinner = ["|", "/", "-", "\\"];

/** Shows records until it is disposed, which erases the rows below the log. */
interface ProgressView extends Disposable {
  onRecord(record: RecordedEvent): void;
}

/** The progress of one run. `stream` adds thoughts and tool calls. */
export function progressView(output: Output, stream: boolean): ProgressView {
  const progress = newProgress();
  let frame = 0;
  const footer = output.footer(() => {
    const { columns = 80, rows = 24 } = process.stderr;
    return liveRows(progress, Date.now(), { columns, rows, frame });
  });
  const timer =
    footer === null
      ? null
      : setInterval(() => {
          frame++;
          footer.redraw();
        }, redrawMs);
  return {
    onRecord(record) {
      advance(progress, record);
      const line = progressLine(record, stream);
      if (line !== null) output.log.info(line);
    },
    [Symbol.dispose]() {
      if (timer !== null) clearInterval(timer);
      footer?.[Symbol.dispose]();
    },
  };
}

/** The rows below the log: active units, as many as fit, and a bar. Pure. */
function liveRows(
  progress: Progress,
  now: number,
  screen: { columns: number; rows: number; frame: number },
): string[] {
  const units = [...progress.units.values()];
  if (units.length === 0) return [];
  const active = units.filter((unit) => !endedPhases.has(unit.phase) && unit.phase !== "pending");
  const room = Math.max(1, screen.rows - 3);
  const rows = active.slice(0, room).map((unit) => unitRow(unit, now, screen.frame));
  if (active.length > room) rows.push(`  and ${active.length - room} more`);
  rows.push(barRow(units, now - progress.startedAt));
  return rows.map((row) => oneRow(row, Math.max(1, screen.columns - 1)));
}

/** The text cut to one row of the screen: erasing counts rows. */
function oneRow(text: string, columns: number): string {
  const flat = printable(text).replace(/[\n\t]+/g, " ");
  let width = 0;
  let end = 0;
  for (const char of flat) {
    width += Bun.stringWidth(char);
    if (width > columns) break;
    end += char.length;
  }
  return flat.slice(0, end);
}

function unitRow(unit: UnitProgress, now: number, frame: number): string {
  const doing =
    unit.phase === "working"
      ? [
          unit.turnsMax > 0 ? `turn ${unit.turn}/${unit.turnsMax}` : "starting",
          unit.tool ?? "thinking",
          ...(unit.tokens === null ? [] : [`${unit.tokens} tokens`]),
        ].join("  ")
      : (unit.gate ?? unit.reason);
  const attempt = unit.attempt > 1 ? ` #${unit.attempt}` : "";
  return `${spinner[frame % spinner.length]} ${unit.unit}${attempt}  ${unit.phase}  ${elapsed(now - unit.since)}  ${doing}`;
}

function barRow(units: UnitProgress[], elapsedMs: number): string {
  const ended = units.filter((unit) => endedPhases.has(unit.phase)).length;
  const landed = units.filter((unit) => unit.phase === "landed" || unit.phase === "done").length;
  const width = 24;
  const filled = Math.round((ended / units.length) * width);
  const bad = ended - landed;
  return `[${"#".repeat(filled)}${".".repeat(width - filled)}] ${landed}/${units.length} landed${bad > 0 ? `, ${bad} not` : ""}  ${elapsed(elapsedMs)}`;
}

/** State of the rows, folded from the records of a run. */
interface Progress {
  units: Map<string, UnitProgress>;
  startedAt: number;
}

interface UnitProgress {
  unit: string;
  phase: string;
  reason: string;
  attempt: number;
  /** Epoch milliseconds of the last phase change. */
  since: number;
  turn: number;
  turnsMax: number;
  tool: string | null;
  /** Null until the endpoint reports some. */
  tokens: number | null;
  gate: string | null;
}

/** The empty progress of a run that has not started. */
function newProgress(): Progress {
  return { units: new Map(), startedAt: 0 };
}

/** Adds one record to `progress`. */
function advance(progress: Progress, record: RecordedEvent): void {
  const at = Date.parse(record.ts);
  if (record.type === "run.started") {
    progress.startedAt = at;
    for (const about of record.data["units"] as { unit: string }[]) {
      progress.units.set(about.unit, newUnit(about.unit, at));
    }
    return;
  }
  const unit = record.unit === null ? undefined : progress.units.get(record.unit);
  if (unit === undefined) return;
  if (record.attempt !== null && record.attempt > unit.attempt) unit.attempt = record.attempt;
  switch (record.type) {
    case "unit.changed":
      unit.phase = String(record.data["to"]);
      unit.reason = String(record.data["reason"] ?? "");
      unit.since = at;
      if (unit.phase !== "working") unit.tool = null;
      break;
    case "turn.started":
      unit.turn = Number(record.data["turn"]);
      unit.turnsMax = Number(record.data["turns_max"]);
      break;
    case "turn.finished": {
      const usage = record.data["usage"] as {
        prompt_tokens: number;
        completion_tokens: number;
      } | null;
      if (usage) {
        unit.tokens = (unit.tokens ?? 0) + usage.prompt_tokens + usage.completion_tokens;
      }
      break;
    }
    case "call":
      unit.tool = String(record.data["tool"]);
      break;
    case "result":
      unit.tool = null;
      break;
    case "gate.started":
      unit.gate = String(record.data["gate"]);
      break;
    case "gate.finished":
      unit.gate = null;
      break;
    default:
  }
}

function newUnit(unit: string, at: number): UnitProgress {
  return {
    unit,
    phase: "pending",
    reason: "",
    attempt: 0,
    since: at,
    turn: 0,
    turnsMax: 0,
    tool: null,
    tokens: null,
    gate: null,
  };
}
