/**
 * The live view of a run on a terminal: one line per running task, a bar, and above them the lines
 * that stay. Redrawn on a timer and on every record; erased when the run is over.
 */
import type { RecordedEvent } from "../../log/event-log.ts";
import { printable } from "../render/printable.ts";
import { progressLine } from "./lines.ts";
import { advance, isEnded, newProgress, type Progress, type UnitProgress } from "./model.ts";

const redrawMs = 125;
const spinner = ["|", "/", "-", "\\"];

export interface ProgressView {
  onRecord(record: RecordedEvent): void;
  /** A line that stays, among the others. */
  say(text: string): void;
  close(): void;
}

/** The view for a stream that is no terminal: plain lines as things happen. */
export function plainView(write: (text: string) => void, stream: boolean): ProgressView {
  return {
    onRecord(record) {
      const line = progressLine(record, stream);
      if (line !== null) write(line);
    },
    say: write,
    close() {},
  };
}

/** The view for a terminal; `out` is stderr. */
export function liveView(out: NodeJS.WriteStream, stream: boolean): ProgressView {
  const progress = newProgress();
  let drawn = 0;
  let frame = 0;
  const erase = (): string => (drawn === 0 ? "" : `\x1b[${drawn}A\x1b[0J`);
  const draw = (above: string): void => {
    const rows = liveRows(progress, Date.now(), {
      columns: out.columns ?? 80,
      rows: out.rows ?? 24,
      frame,
    });
    out.write(`${erase()}${above}${rows.map((row) => `${row}\n`).join("")}`);
    drawn = rows.length;
  };
  const timer = setInterval(() => {
    frame++;
    draw("");
  }, redrawMs);
  return {
    onRecord(record) {
      advance(progress, record);
      const line = progressLine(record, stream);
      if (line !== null) draw(`${printable(line)}\n`);
    },
    say: (text) => draw(`${printable(text)}\n`),
    close() {
      clearInterval(timer);
      out.write(erase());
      drawn = 0;
    },
  };
}

/** The rows drawn below the lines that stay. Pure. */
export function liveRows(
  progress: Progress,
  now: number,
  screen: { columns: number; rows: number; frame: number },
): string[] {
  const units = [...progress.units.values()];
  if (units.length === 0) return [];
  const active = units.filter((unit) => !isEnded(unit.phase) && unit.phase !== "pending");
  const room = Math.max(1, screen.rows - 3);
  const rows = active.slice(0, room).map((unit) => unitRow(unit, now, screen.frame));
  if (active.length > room) rows.push(`  and ${active.length - room} more`);
  rows.push(barRow(units, now - progress.startedAt));
  return rows.map((row) => oneRow(row, Math.max(1, screen.columns - 1)));
}

/** Text that fills no more than a row, whatever it holds: what is erased later is counted in rows. */
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
          `${unit.tokens} tokens`,
        ].join("  ")
      : (unit.gate ?? unit.reason);
  const attempt = unit.attempt > 1 ? ` #${unit.attempt}` : "";
  return `${spinner[frame % spinner.length]} ${unit.unit}${attempt}  ${unit.phase}  ${duration(now - unit.since)}  ${doing}`;
}

function barRow(units: UnitProgress[], elapsedMs: number): string {
  const over = units.filter((unit) => isEnded(unit.phase)).length;
  const landed = units.filter((unit) => unit.phase === "landed" || unit.phase === "done").length;
  const width = 24;
  const filled = Math.round((over / units.length) * width);
  const bad = over - landed;
  return `[${"#".repeat(filled)}${".".repeat(width - filled)}] ${landed}/${units.length} landed${bad > 0 ? `, ${bad} not` : ""}  ${duration(elapsedMs)}`;
}

/** `7s`, `2m05s`, `1h02m`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}
