/** `dgov plan list` and `dgov plan status` as text. */
import { moment, short, words } from "../../std/text.ts";
import type { PlanRow, UnitPlanStatus } from "../../views/plan-view.ts";
import { clip, table } from "./table.ts";

export function renderPlanList(rows: readonly PlanRow[], archived: number): string {
  if (rows.length === 0) {
    return archived === 0
      ? "no plans"
      : `no live plans; ${archived} archived: dgov plan list --all`;
  }
  return table(
    rows.map((row) => [
      row.name,
      `${row.landed}/${row.total}`,
      row.status,
      [
        row.kind === "fix" ? "fix" : "",
        row.archived ? "archived" : "",
        row.changedSinceCompile ? "changed since compile" : "",
        row.lastRunAt === null ? "" : `last run ${moment(row.lastRunAt)}`,
      ]
        .filter((note) => note !== "")
        .join(", "),
    ]),
    "",
  ).join("\n");
}

export interface PlanStatusView {
  plan: string;
  path: string;
  status: string;
  landed: number;
  total: number;
  run: string | null;
  changedSinceCompile: boolean;
  /** The target branch; null when git could not be asked for landings. */
  target: string | null;
  units: UnitPlanStatus[];
}

export function renderPlanStatus(view: PlanStatusView, verbose: boolean): string {
  const run = view.run === null ? "never run" : `last run ${view.run}`;
  const changed = view.changedSinceCompile ? ", changed since compile" : "";
  return [
    `${view.plan}: ${view.landed}/${view.total} landed, ${view.status}, ${run}${changed}`,
    ...table(view.units.map((unit) => row(unit, verbose))),
  ].join("\n");
}

function row(unit: UnitPlanStatus, verbose: boolean): string[] {
  const phase = unit.state === "running" && unit.phase !== null ? unit.phase : unit.state;
  const notes = [about(unit)];
  if (unit.changed) notes.push("changed since");
  if (verbose && unit.attempts > 0) notes.push(`attempts: ${unit.attempts}`);
  if (verbose && unit.keptRef !== null) notes.push(`kept: ${unit.keptRef}`);
  return [words(phase), unit.unit, notes.filter((note) => note !== "").join("; ")];
}

function about(unit: UnitPlanStatus): string {
  if (unit.commit !== null) return `${short(unit.commit)} ${moment(unit.at ?? "")}`;
  if (unit.reason !== "") return clip(unit.reason);
  if (unit.waitingOn.length > 0) return `waiting for ${unit.waitingOn.join(", ")}`;
  return unit.summary;
}
