/** `dgov status` as text: a summary line, then each run and its units. */
import { moment, short, words } from "../../std/text.ts";
import type { RunStatusView, StatusView, UnitStatusView } from "../../views/status.ts";
import { isFinished } from "../../views/unit-state.ts";
import { clip, textTable } from "./table.ts";

export function renderStatus(view: StatusView): string {
  const lines = [view.summary];
  for (const run of view.runs) lines.push("", ...renderRun(run));
  if (view.next !== null) lines.push("", `next: ${view.next}`);
  return lines.join("\n");
}

function renderRun(run: RunStatusView): string[] {
  const counts = run.states.map(({ state, count }) => `${count} ${words(state)}`).join(", ");
  const degraded = run.degraded ? " (degraded)" : "";
  const ended = run.finishedAt === null ? "" : `, ended ${moment(run.finishedAt)}`;
  return [
    `${run.plan}  run ${run.run}  ${run.phase}${degraded} onto ${run.target}: ${counts}`,
    `  started ${moment(run.startedAt)} UTC${ended}`,
    ...run.redBase.map(({ gate, reason }) => `  base was red: ${gate}: ${clip(reason)}`),
    ...textTable(run.units.map(unitRow)),
  ];
}

function unitRow(unit: UnitStatusView): string[] {
  return [
    words(unit.state),
    unit.unit,
    unit.attempt > 1 ? `attempt ${unit.attempt}` : "",
    about(unit),
  ];
}

function about(unit: UnitStatusView): string {
  const parts: string[] = [];
  const finished = isFinished(unit.state);
  if (finished && unit.commit !== null) parts.push(short(unit.commit));
  else if (unit.reason !== "") parts.push(clip(unit.reason));
  else if (unit.waitingOn.length > 0) parts.push(`waiting for ${unit.waitingOn.join(", ")}`);
  if (unit.flaky.length > 0) parts.push(`flaky: ${unit.flaky.join(", ")}`);
  if (unit.keptRef !== null && !finished && unit.state !== "undone") {
    parts.push(`kept: ${unit.keptRef}`);
  }
  return parts.join("; ") || unit.summary;
}
