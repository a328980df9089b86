/**
 * `dgov status`: one word (running, needs attention, idle) and one line. Pure.
 *
 * An unfinished run whose process no longer holds the run lock is shown as crashed.
 */
import { plural } from "../std/text.ts";
import {
  endedPhases,
  isSuccessful,
  neverStarted,
  type RunView,
  shownPhase,
  type UnitView,
} from "./run-view.ts";

export type StatusWord = "running" | "needs_attention" | "idle";

export interface StatusView {
  status: StatusWord;
  /** The one-line summary. */
  summary: string;
  /** The command to type next, when there is one. */
  next: string | null;
  runs: RunStatusView[];
}

export interface RunStatusView {
  run: string;
  plan: string;
  /** The run's phase; `crashed` when it has not finished and no process runs it. */
  phase: string;
  startedAt: string;
  finishedAt: string | null;
  target: string;
  degraded: boolean;
  /** Gates that failed on the base. */
  redBase: { gate: string; command: string | null; reason: string }[];
  /** Number of units by phase, in order of appearance. */
  phases: { phase: string; count: number }[];
  units: UnitStatusView[];
}

export interface UnitStatusView {
  unit: string;
  summary: string;
  phase: string;
  reason: string;
  attempt: number;
  since: string;
  waitingOn: string[];
  commit: string | null;
  keptRef: string | null;
  flaky: string[];
}

/** The run that holds the run lock; it may not be in the log yet. */
export interface LiveRun {
  run: string;
  plan: string;
}

/**
 * The status of some runs, newest first. `adopted` is the number of units that the history of the Python program
 * lists; it matters where there is no run.
 */
export function viewStatus(
  runs: readonly RunView[],
  holder: LiveRun | null,
  adopted = 0,
): StatusView {
  const views = runs.map((run) => viewRunStatus(run, holder?.run ?? null));
  if (holder !== null && !views.some((run) => run.run === holder.run)) {
    const summary = `running: ${holder.plan}: starting`;
    return { status: "running", summary, next: "dgov watch", runs: views };
  }
  const live = views.find((run) => run.phase === "running");
  const bad = views.find((run) => run.phase !== "complete");
  if (live !== undefined) {
    return { status: "running", summary: liveLine(live), next: "dgov watch", runs: views };
  }
  if (bad !== undefined) {
    const next = `dgov plan review ${bad.plan}`;
    return { status: "needs_attention", summary: endLine(bad), next, runs: views };
  }
  const [newest] = views;
  if (newest === undefined && adopted > 0) {
    const summary = `idle: no runs of dgov yet; ${plural(adopted, "unit")} landed with the Python program`;
    return { status: "idle", summary, next: "dgov plan list --all", runs: [] };
  }
  const summary = newest === undefined ? "idle: no runs yet" : endLine(newest);
  return { status: "idle", summary, next: null, runs: views };
}

function viewRunStatus(run: RunView, liveRun: string | null): RunStatusView {
  const units = run.units.map(viewUnitStatus);
  const counts = new Map<string, number>();
  for (const { phase } of units) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return {
    run: run.run,
    plan: run.plan,
    phase: shownPhase(run, run.run === liveRun),
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    target: run.target,
    degraded: run.degraded,
    redBase: run.redBase.map(({ gate, command, reason }) => ({ gate, command, reason })),
    phases: [...counts].map(([phase, count]) => ({ phase, count })),
    units,
  };
}

function viewUnitStatus(unit: UnitView): UnitStatusView {
  return {
    unit: unit.unit,
    summary: unit.summary,
    phase: unit.phase,
    reason: unit.reason,
    attempt: unit.attempts.at(-1)?.attempt ?? 0,
    since: unit.since,
    waitingOn: unit.waitingOn,
    commit: unit.landed?.commit ?? null,
    keptRef: unit.keptRef,
    flaky: unit.attempts.at(-1)?.flaky ?? [],
  };
}

function liveLine(run: RunStatusView): string {
  const active = run.units.filter((u) => !endedPhases.has(u.phase) && u.phase !== "pending");
  const waiting = run.units.filter((unit) => unit.phase === "pending").length;
  const parts = [`${goodCount(run)}/${run.units.length} landed`, `${active.length} active`];
  if (waiting > 0) parts.push(`${waiting} pending`);
  parts.push(...failureCounts(run));
  return `running: ${run.plan}: ${parts.join(", ")}`;
}

function endLine(run: RunStatusView): string {
  const word = run.phase === "complete" ? "idle" : "needs attention";
  const parts = [`${goodCount(run)}/${run.units.length} landed`, ...failureCounts(run)];
  return `${word}: ${run.plan}: last run ${run.phase}${run.degraded ? ", degraded" : ""}: ${parts.join(", ")}`;
}

function goodCount(run: RunStatusView): number {
  return run.units.filter((unit) => isSuccessful(unit.phase)).length;
}

function failureCounts(run: RunStatusView): string[] {
  const notStarted = run.units.filter((unit) => neverStarted(unit, unit.attempt)).length;
  const counts = run.phases.map(({ phase, count }) => {
    return { phase, count: phase === "abandoned" ? count - notStarted : count };
  });
  return [...counts, { phase: "not started", count: notStarted }]
    .filter(({ phase, count }) => badPhases.has(phase) && count > 0)
    .map(({ phase, count }) => `${count} ${phase.replace("_", " ")}`);
}

const badPhases: ReadonlySet<string> = new Set([
  "failed",
  "timed_out",
  "abandoned",
  "skipped",
  "not started",
]);
