/**
 * A plan as its text, its runs and git have it: the state of each unit, and counts. Pure.
 *
 * `status`, `plan list`, `plan status`, `plan review` and `explain` all show this fold, so that they agree. Git says
 * what has landed; the log says everything else, and all of it where git was not asked.
 */
import { short, words } from "../std/text.ts";
import { type RunView, shownPhase, stateOf, type UnitView } from "./run-view.ts";
import { isFinished, type UnitStateName } from "./unit-state.ts";

export type PlanStatus =
  | "uncompiled"
  | "ready"
  | "running"
  | "crashed"
  | "interrupted"
  | "failed"
  | "partial"
  | "degraded"
  | "landed";

/** A unit of the plan's text. */
export interface PlannedUnit {
  unit: string;
  summary: string;
  role: string;
  dependsOn: string[];
  /** "" when the text was not compiled: it counts as the text of the last run, or else of the last landing. */
  digest: string;
}

/** A landing on the target, as git has it. */
export interface LandedFact {
  unit: string;
  digest: string;
  commit: string;
  at: string;
  /** The run that landed it; null for work of the Python program. */
  run: string | null;
}

export interface PlanFacts {
  /** Null when the plan has no text any more. */
  planned: readonly PlannedUnit[] | null;
  /** Newest first, back to one of the whole plan. */
  runs: readonly RunView[];
  /** The run that a process works on. */
  live: string | null;
  /** Null when git was not asked: the log is then believed. Oldest first. */
  git: { branch: string | null; landed: readonly LandedFact[] } | null;
}

/** One unit of a plan. */
export interface PlanUnit extends Omit<PlannedUnit, "digest"> {
  digest: string;
  state: UnitStateName;
  /** Its phase in the last run that had this text of it; null without one. */
  phase: string | null;
  reason: string;
  /** The run that landed it, else the last one that worked on it; attempts and gates are those of this run. */
  run: string | null;
  /** The commit that landed it, also when it is `undone`. */
  commit: string | null;
  /** Time of the landing, else of the start of the phase. */
  at: string | null;
  attempts: number;
  /** Dependencies that have not succeeded. */
  waitingOn: string[];
  /** Its text changed since it landed or last ran. */
  changed: boolean;
  keptRef: string | null;
  flaky: string[];
}

/** A unit's record in one run. */
interface Appearance {
  run: RunView;
  unit: UnitView;
}

/** The units of a plan: those of its text, or of its runs while one is live or the text is gone. */
export function viewPlanUnits(facts: PlanFacts): PlanUnit[] {
  const appearances = new Map<string, Appearance[]>();
  for (const run of facts.runs) {
    for (const unit of run.units) {
      const known = appearances.get(unit.unit);
      if (known === undefined) appearances.set(unit.unit, [{ run, unit }]);
      else known.push({ run, unit });
    }
  }
  const isLive = facts.runs[0] !== undefined && facts.runs[0].run === facts.live;
  const texts = isLive || facts.planned === null ? unitsOfRuns(facts.runs) : facts.planned;
  const units = texts.map((text) => viewUnit(text, appearances.get(text.unit) ?? [], facts));
  return withDependencies(units);
}

/**
 * One run with its units as it left them. `older` are the runs before it, newest first; landings of the `newer` ones do
 * not count.
 */
export function viewOneRun(
  run: RunView,
  o: { older: readonly RunView[]; newer: ReadonlySet<string> } & Pick<PlanFacts, "live" | "git">,
): Pick<PlanView, "status" | "landed" | "total" | "units"> {
  const worked = new Map(run.units.flatMap((unit) => (unit.settled ? [] : [[unit.unit, unit]])));
  const landed = o.git?.landed.filter((fact) => {
    const own = worked.get(fact.unit);
    if (own === undefined) return fact.run === null || !o.newer.has(fact.run);
    return fact.run === run.run || fact.commit === own.landed?.commit;
  });
  const git = o.git === null ? null : { branch: o.git.branch, landed: landed ?? [] };
  const { live } = o;
  const facts = { planned: run.units, runs: [run, ...o.older], live, git };
  // A live run of some units of the plan has only these.
  const names = new Set(run.units.map(({ unit }) => unit));
  const units = viewPlanUnits(facts).filter(({ unit }) => names.has(unit));
  const counts = { landed: finishedCount(units), total: units.length };
  return { status: planStatus({ run, live, ...counts, compiled: true }), ...counts, units };
}

/** A unit as a review shows it: its state in the plan, and its record in the run that landed it or had it last. */
export interface ShownUnit extends UnitView {
  state: UnitStateName;
  /** The run of its attempts; null when no run of this log has it. */
  run: string | null;
}

export interface ShownRun extends RunView {
  units: ShownUnit[];
}

/** A run with the units of its plan. `recordOf` finds a unit in a run with all details. */
export function showUnits(
  run: RunView,
  units: readonly PlanUnit[],
  recordOf: (run: string, unit: string) => UnitView | null,
): ShownRun {
  return { ...run, units: units.map((unit) => showUnit(unit, recordOf)) };
}

/** A unit with its record. */
export function showUnit(
  of: PlanUnit,
  recordOf: (run: string, unit: string) => UnitView | null,
): ShownUnit {
  const { unit, summary, role, digest, dependsOn, waitingOn, state, run, reason, commit, at } = of;
  const record = run === null ? null : recordOf(run, unit);
  const { attempts = [], changes = [], result = null } = record ?? {};
  const landedAt = state === "undone" ? (record?.landed?.at ?? at) : at;
  return {
    ...{ unit, summary, role, digest, dependsOn, waitingOn, state, reason, attempts, changes },
    phase: of.phase ?? (isFinished(state) ? state : "pending"),
    since: record?.since ?? at ?? "",
    settled: record === null && isFinished(state),
    landed: commit === null ? null : { commit, at: landedAt ?? "" },
    ...{ result, keptRef: of.keptRef, run },
  };
}

/** Units that landed or are done, by state. */
function finishedCount(units: readonly { state: UnitStateName }[]): number {
  return units.filter(({ state }) => isFinished(state)).length;
}

/** Counts of units by state, in order of appearance. */
export function stateCounts(
  units: readonly { state: UnitStateName }[],
): { state: UnitStateName; count: number }[] {
  const counts = new Map<UnitStateName, number>();
  for (const { state } of units) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => ({ state, count }));
}

/** True when the runs, newest first, say what became of every unit: an older one adds nothing. */
export function isWholeHistory(runs: readonly RunView[]): boolean {
  if (!runs.some(({ whole }) => whole)) return false;
  const worked = new Set(
    runs.flatMap(({ units }) => units.flatMap(({ unit, settled }) => (settled ? [] : [unit]))),
  );
  return runs.every(({ units }) => units.every(({ unit }) => worked.has(unit)));
}

/** The units of the newest run of the whole plan, and those of later runs of some units. */
function unitsOfRuns(runs: readonly RunView[]): PlannedUnit[] {
  const whole = runs.findIndex((run) => run.whole);
  const recent = whole < 0 ? runs : runs.slice(0, whole + 1);
  const units = new Map<string, PlannedUnit>();
  for (const run of recent.toReversed()) for (const unit of run.units) units.set(unit.unit, unit);
  return [...units.values()];
}

function viewUnit(
  text: PlannedUnit,
  seen: readonly Appearance[],
  { runs, live, git }: PlanFacts,
): PlanUnit {
  const [newest] = seen;
  const own = seen.find(({ unit }) => !unit.settled);
  const landedLast = git?.landed.findLast((one) => one.unit === text.unit);
  const digest = text.digest || newest?.unit.digest || landedLast?.digest || "";
  const same = own !== undefined && own.unit.digest === digest;
  const { unit, summary, role, dependsOn } = text;
  const base: PlanUnit = {
    ...{ unit, summary, role, dependsOn, digest },
    state: "not_started",
    phase: null,
    reason: "",
    ...{ run: null, commit: null, at: null, attempts: 0 },
    ...{ waitingOn: [], changed: false, keptRef: null, flaky: [] },
  };
  if (own !== undefined && own.run.run === live && own.run === runs[0])
    return asRun(base, own, true);
  const landed = same ? (seen.find((one) => one.unit.landed !== null) ?? null) : null;
  const fact = landingOf({ unit, digest }, landed, git);
  if (fact !== null && (role === "worker" || fact.run === null)) {
    return asLanded(base, fact, { own: same ? own : undefined, seen });
  }
  const known = same ? asRun(base, own, false) : null;
  const believed = git === null && newest?.unit.settled === true;
  if (known !== null && (isFinished(known.state) || !believed)) {
    // Git takes precedence over the log.
    if (
      git !== null &&
      own !== undefined &&
      landed === own &&
      isFinished(known.state) &&
      known.commit !== null
    ) {
      const reason = `landed in run ${own.run.run} as ${short(known.commit)}, which is not on ${branchName(git)} any more`;
      return { ...known, state: "undone", reason };
    }
    return known;
  }
  if (newest?.unit.settled && newest.unit.digest === digest) {
    const { phase, since } = newest.unit;
    if (git === null || phase === "done") {
      return { ...base, state: phase === "done" ? "done" : "landed", phase, at: since };
    }
    const reason = `landed before run ${newest.run.run}, and is not on ${branchName(git)} any more`;
    return { ...base, state: "undone", phase, reason, at: since };
  }
  return { ...base, changed: landedLast !== undefined || own !== undefined };
}

/** The landing of a unit's current text: the commit that its run made, or one with the same digest. */
function landingOf(
  { unit, digest }: Pick<PlannedUnit, "unit" | "digest">,
  landed: Appearance | null,
  git: PlanFacts["git"],
): LandedFact | null {
  const commit = landed?.unit.landed?.commit;
  return (
    git?.landed.findLast(
      (one) => one.unit === unit && (one.commit === commit || one.digest === digest),
    ) ?? null
  );
}

function asRun(base: PlanUnit, { run, unit }: Appearance, live: boolean): PlanUnit {
  const { phase, reason, keptRef } = unit;
  const attempts = unit.attempts.at(-1)?.attempt ?? 0;
  const state = stateOf(unit, live);
  return {
    ...base,
    ...{ state, phase, reason, keptRef, attempts },
    run: run.run,
    commit: unit.landed?.commit ?? null,
    at: isFinished(state) ? (unit.landed?.at ?? unit.since) : unit.since,
    flaky: unit.attempts.at(-1)?.flaky ?? [],
  };
}

/** A unit with a landing on the target, which its last run need not have made. */
function asLanded(
  base: PlanUnit,
  fact: LandedFact,
  { own, seen }: { own: Appearance | undefined; seen: readonly Appearance[] },
): PlanUnit {
  const last = own === undefined ? base : asRun(base, own, false);
  const by = seen.find(({ run, unit }) => run.run === fact.run && !unit.settled);
  const details = by === undefined ? base : asRun(base, by, false);
  const at = by?.unit.landed?.commit === fact.commit ? by.unit.landed.at : fact.at;
  // The Python program lists read-only units among its landings.
  const plain = base.role === "worker" ? "landed" : "done";
  const state = isFinished(last.state) ? last.state : plain;
  return {
    ...details,
    ...{ state, phase: last.phase ?? seen[0]?.unit.phase ?? null },
    reason: landedReason(last, fact),
    run: fact.run ?? last.run,
    commit: base.role === "worker" ? fact.commit : null,
    at,
  };
}

function landedReason(last: PlanUnit, { run }: LandedFact): string {
  if (last.run === null || isFinished(last.state)) return last.reason;
  if (last.state === "undone") return "landed; its undo is no longer on the target";
  if (last.run === run) return "landed; the run ended before that was recorded";
  return `run ${last.run} ran it again: ${words(last.state)}: ${last.reason}`;
}

/** Units with what they wait for. A unit that was skipped is open again when no dependency is in its way any more. */
function withDependencies(units: readonly PlanUnit[]): PlanUnit[] {
  const byName = new Map(units.map((unit) => [unit.unit, unit]));
  const known = new Map<string, boolean>();
  const isOpenAgain = (unit: PlanUnit): boolean => {
    const found = known.get(unit.unit);
    if (found !== undefined) return found;
    known.set(unit.unit, false);
    const open = unit.dependsOn.every((name) => {
      const on = byName.get(name);
      if (on === undefined) return true;
      if (on.state === "skipped") return isOpenAgain(on);
      return isFinished(on.state) || on.state === "not_started" || on.state === "undone";
    });
    known.set(unit.unit, open);
    return open;
  };
  return units.map((unit) => {
    const open = unit.state === "skipped" && isOpenAgain(unit);
    const shown: PlanUnit = open ? { ...unit, state: "not_started", reason: "" } : unit;
    if (shown.state !== "waiting" && shown.state !== "not_started") return shown;
    const waitingOn = unit.dependsOn.filter((name) => {
      const on = byName.get(name);
      return on !== undefined && !isFinished(on.state);
    });
    return { ...shown, waitingOn };
  });
}

function branchName({ branch }: { branch: string | null }): string {
  return branch ?? "the checkout";
}

/** A plan with its units. */
export interface PlanView {
  plan: string;
  status: PlanStatus;
  landed: number;
  total: number;
  /** Its newest run. */
  run: RunView | null;
  units: PlanUnit[];
  /** Units of the newest run that the text of the plan no longer has. */
  dropped: PlanUnit[];
}

/** Folds the facts of a plan. */
export function viewPlan(plan: string, facts: PlanFacts, compiled: boolean): PlanView {
  const units = viewPlanUnits(facts);
  const run = facts.runs[0] ?? null;
  const names = new Set(units.map(({ unit }) => unit));
  const others = run?.units.filter(({ unit }) => !names.has(unit)) ?? [];
  const dropped = others.length === 0 ? [] : viewPlanUnits({ ...facts, planned: others });
  const landed = finishedCount(units);
  const total = units.length;
  const status = planStatus({ run, live: facts.live, landed, total, compiled });
  return { plan, status, landed, total, run, units, dropped };
}

function planStatus(of: {
  run: RunView | null;
  live: string | null;
  landed: number;
  total: number;
  compiled: boolean;
}): PlanStatus {
  const { run, landed, total } = of;
  const phase = run === null ? null : shownPhase(run, run.run === of.live);
  if (phase === "running" || phase === "crashed") return phase;
  if (total > 0 && landed === total) return run?.degraded ? "degraded" : "landed";
  if (landed > 0) return "partial";
  if (phase === "interrupted") return "interrupted";
  if (phase !== null && phase !== "complete") return "failed";
  return of.compiled ? "ready" : "uncompiled";
}

/** One row of `plan list`. */
export interface PlanRow {
  name: string;
  path: string;
  kind: "plan" | "fix";
  archived: boolean;
  status: PlanStatus;
  landed: number;
  total: number;
  changedSinceCompile: boolean;
  lastRun: string | null;
  lastRunAt: string | null;
  units: { unit: string; phase: string | null; state: UnitStateName }[];
}
