/**
 * `dgov status`: one word (running, needs attention, idle) and one line. Pure.
 *
 * An unfinished run whose process no longer holds the run lock is shown as crashed.
 */
import { plural, words } from "../std/text.ts";
import { type PlanUnit, type PlanView, stateCounts } from "./plan-view.ts";
import { type RunView, shownPhase } from "./run-view.ts";
import { isEnded, isFinished, type UnitStateName } from "./unit-state.ts";

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
  /** The state of the whole plan, as `plan list` shows it. */
  planStatus: string;
  /** Units of the plan that landed or are done, and all of them. */
  landed: number;
  total: number;
  startedAt: string;
  finishedAt: string | null;
  target: string;
  degraded: boolean;
  /** Gates that failed on the base. */
  redBase: { gate: string; command: string | null; reason: string }[];
  /** Number of units by phase, and by state, in order of appearance. */
  phases: { phase: string; count: number }[];
  states: { state: UnitStateName; count: number }[];
  units: UnitStatusView[];
}

export interface UnitStatusView {
  unit: string;
  summary: string;
  state: UnitStateName;
  phase: string;
  reason: string;
  attempt: number;
  since: string;
  waitingOn: string[];
  /** The commit that landed it, also when it is `undone`. */
  commit: string | null;
  /** Time of the landing, else of the start of the phase; null for a unit that no run has had. */
  at: string | null;
  /** The run that landed it, else the last one that worked on it. */
  run: string | null;
  keptRef: string | null;
  flaky: string[];
}

/** The run that holds the run lock; it may not be in the log yet. */
export interface LiveRun {
  run: string;
  plan: string;
}

/** A plan and its newest run. */
export interface RanPlan extends Omit<PlanView, "run" | "dropped"> {
  run: RunView;
}

/**
 * The status of some plans, the one that ran last first. `adopted` is the number of units that the history of the
 * Python program lists; it matters where there is no run.
 */
export function viewStatus(
  plans: readonly RanPlan[],
  holder: LiveRun | null,
  adopted = 0,
): StatusView {
  const views = plans.map((plan) => viewRunStatus(plan, holder?.run ?? null));
  if (holder !== null && !views.some((run) => run.run === holder.run)) {
    const summary = `running: ${holder.plan}: starting`;
    return { status: "running", summary, next: "dgov watch", runs: views };
  }
  const live = views.find((run) => run.phase === "running");
  if (live !== undefined) {
    return { status: "running", summary: liveLine(live), next: "dgov watch", runs: views };
  }
  const bad = views.find(needsAttention);
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
  const next = newest?.states.some(({ state }) => state === "undone")
    ? `dgov run ${newest.plan}`
    : null;
  return { status: "idle", summary, next, runs: views };
}

/** True when the last run did not complete, or an earlier one left units that did not land. */
function needsAttention({ phase, units }: RunStatusView): boolean {
  const left = units.some(
    (unit) => !isFinished(unit.state) && unit.state !== "undone" && unfinished.has(unit.phase),
  );
  return phase !== "complete" || left;
}

/** Phases in which a run leaves a unit that did not succeed. */
const unfinished: ReadonlySet<string> = new Set(["failed", "timed_out", "abandoned", "skipped"]);

function viewRunStatus(of: RanPlan, liveRun: string | null): RunStatusView {
  const { plan, run, status, landed, total } = of;
  const units = of.units.map(viewUnitStatus);
  const counts = new Map<string, number>();
  for (const { phase } of units) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return {
    run: run.run,
    plan,
    phase: shownPhase(run, run.run === liveRun),
    planStatus: status,
    ...{ landed, total },
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    target: run.target,
    degraded: run.degraded,
    redBase: run.redBase.map(({ gate, command, reason }) => ({ gate, command, reason })),
    phases: [...counts].map(([phase, count]) => ({ phase, count })),
    states: stateCounts(units),
    units,
  };
}

function viewUnitStatus(of: PlanUnit): UnitStatusView {
  const { unit, summary, state, phase, reason, attempts, at, waitingOn, commit } = of;
  const { run, keptRef, flaky } = of;
  return {
    ...{ unit, summary, state, reason, waitingOn, commit, at, run, keptRef, flaky },
    phase: phase ?? "pending",
    attempt: attempts,
    since: at ?? "",
  };
}

function liveLine(run: RunStatusView): string {
  return `running: ${run.plan}: ${countsText(run)}`;
}

function endLine(run: RunStatusView): string {
  const word = needsAttention(run) ? "needs attention" : "idle";
  const degraded = run.degraded ? ", degraded" : "";
  return `${word}: ${run.plan}: last run ${run.phase}${degraded}: ${countsText(run)}`;
}

/** The landed units of all, and the number of the others by state; those at work are one number. */
function countsText({ landed, total, units }: RunStatusView): string {
  const open = units.filter(({ state }) => !isFinished(state));
  const active = open.filter(({ state }) => !isEnded(state) && state !== "waiting");
  const others = stateCounts(open.filter((unit) => !active.includes(unit)));
  return [
    `${landed}/${total} landed`,
    ...(active.length > 0 ? [`${active.length} active`] : []),
    ...others.map(({ state, count }) => `${count} ${words(state)}`),
  ].join(", ");
}
