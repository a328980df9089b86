/**
 * One run as a fold of its lifecycle events; the other views are computed from it. Pure.
 *
 * Unknown event types are ignored, so that logs of newer versions can be read.
 */

import type { RecordedEvent } from "../log/event-log.ts";
import {
  numberField,
  numberFieldOrNull,
  objectListField,
  textField,
  textFieldOrNull,
  textListField,
} from "./data.ts";
import { type ForeignCommitView, viewForeignCommits } from "./foreign-commits.ts";
import { type JudgeChangeView, viewJudgeChanges } from "./judge-changes.ts";
import {
  type SemanticFindingView,
  type SemanticNoteView,
  viewFinding,
  viewRejectingFindings,
  viewSemanticNotes,
} from "./semantic-notes.ts";
import { stateInRun, type UnitStateName } from "./unit-state.ts";
import { viewWiderClaims, type WiderClaimsView } from "./wider-claims.ts";

/** `running` until `run.finished` is recorded; see `shownPhase` for a run whose process has ended before. */
export type RunPhase = "running" | "complete" | "partial" | "failed" | "interrupted";

export interface RunView {
  run: string;
  plan: string;
  phase: RunPhase;
  /** The operator interrupted it. */
  interrupted: boolean;
  /** It had every unit of the plan, and not only some that were named. */
  whole: boolean;
  startedAt: string;
  finishedAt: string | null;
  durationMs: number | null;
  exitCode: number | null;
  target: string;
  /** Tip of the target before the run, and after it; that of the last landing when it crashed. */
  before: string;
  after: string | null;
  planPath: string;
  planDigest: string;
  degraded: boolean;
  warnings: string[];
  /** Confinement of the run's commands; null in runs of older versions. */
  sandbox: SandboxView | null;
  /** Result of the gates on the finished branch. */
  verification: { status: string; reason: string } | null;
  /** Where the plan was archived to. */
  archivedTo: string | null;
  /** The branch that has the archived plan; null when the checkout got it. */
  archivedOn: string | null;
  /** Changes of the state that workers share with the operator, after which nothing landed. */
  repositoryChanged: string | null;
  /** Commits that appeared on refs during the run and that dgov did not make. */
  foreignCommits: ForeignCommitView[];
  /** Gates that failed on the base, before any change. */
  redBase: GateView[];
  lastSeq: number;
  lastAt: string;
  /** In plan order. */
  units: UnitView[];
}

export interface SandboxView {
  /** `namespaces`, `landlock` or `off`. */
  level: string;
  reason: string;
  /** Commands that reach more, as text. */
  exceptions: string[];
}

export interface UnitView {
  unit: string;
  summary: string;
  role: string;
  digest: string;
  dependsOn: string[];
  /** A phase of the kernel (`pending`, `working`, ... `landed`), or `undone` after an undo. */
  phase: string;
  /** Reason of the phase, from the kernel. */
  reason: string;
  /** Start of the phase, RFC 3339. */
  since: string;
  /** Dependencies that are neither landed nor done. */
  waitingOn: string[];
  /** Landed or done before this run. */
  settled: boolean;
  landed: { commit: string; at: string } | null;
  /** Answer of a read-only unit. */
  result: string | null;
  /** Keep-ref of the last attempt with kept work. */
  keptRef: string | null;
  attempts: AttemptView[];
  changes: PhaseEntry[];
}

export interface PhaseEntry {
  at: string;
  from: string;
  to: string;
  reason: string;
}

export interface AttemptView {
  attempt: number;
  startedAt: string;
  base: string | null;
  model: string | null;
  provider: string | null;
  /** Outcome of the worker; null while it runs. */
  outcome: string | null;
  outcomeReason: string;
  kept: { ref: string; commit: string; path: string | null; omitted: string[] } | null;
  rejection: Rejection | null;
  /** In order of completion; a repeated gate appears again. */
  gates: GateView[];
  /** Names of gates that failed once and then passed. */
  flaky: string[];
  autofixed: string[];
  /** Changes of what judges the attempt. */
  judgeChanged: JudgeChangeView[];
  /** Findings of the last semantic gate that do not reject. */
  semanticNotes: SemanticNoteView[];
  /** Findings of the last semantic gate that reject. */
  semanticFindings: SemanticFindingView[];
  /** Findings that the operator accepted. */
  acceptedFindings: SemanticFindingView[];
  /** Claims that the operator added. */
  addedClaims: string[];
  /** Reasons why a landing was refused. */
  refusals: string[];
}

export interface Rejection {
  at: string;
  verdict: string;
  reason: string;
  ref: string | null;
  /** The failed gates, with their output. */
  gates: GateView[];
  /** The change of the plan that would allow the paths, when wider claims would. */
  widerClaims: WiderClaimsView | null;
}

export interface GateView {
  gate: string;
  /** Car of the merge train; null for the attempt's own tree. */
  car: number | null;
  tree: string;
  status: string;
  reason: string;
  command: string | null;
  exit: string | null;
  durationMs: number;
  /** Blob id of the complete output. */
  output: string | null;
  tail: string;
  changedPaths: string[];
  cached: boolean;
}

/** Terminal phases, `undone` included. */
export const endedPhases: ReadonlySet<string> = new Set([
  "landed",
  "done",
  "failed",
  "timed_out",
  "skipped",
  "abandoned",
  "undone",
]);

const successfulPhases: ReadonlySet<string> = new Set(["landed", "done"]);

/** True when the phase is a successful end. */
export function isSuccessful(phase: string): boolean {
  return successfulPhases.has(phase);
}

/** The state of a unit by its record in a run; `live` says that a process still works on the run. */
export function stateOf(
  { phase, reason, attempts, changes }: UnitView,
  live: boolean,
): UnitStateName {
  const from = changes.at(-1)?.from ?? "";
  return stateInRun({ phase, from, reason, attempt: attempts.at(-1)?.attempt ?? 0 }, live);
}

/** Folds the lifecycle events of one run; null when they do not begin with `run.started`. */
export function viewRun(events: readonly RecordedEvent[]): RunView | null {
  const started = events.find((event) => event.type === "run.started");
  if (started === undefined) return null;
  const run = beginRun(started);
  const units = new Map(run.units.map((unit) => [unit.unit, unit]));
  for (const event of events) {
    run.lastSeq = event.seq;
    run.lastAt = event.ts;
    // The end of a recovered run names no tip.
    if (event.type === "landing.finished" && event.data["stale"] !== true) {
      run.after = textFieldOrNull(event.data, "commit");
    }
    if (event.unit === null) advanceRun(run, event);
    else {
      const unit = units.get(event.unit);
      if (unit !== undefined) advanceUnit(unit, event);
    }
  }
  for (const unit of run.units) {
    if (endedPhases.has(unit.phase)) continue;
    unit.waitingOn = unit.dependsOn.filter(
      (name) => !isSuccessful(units.get(name)?.phase ?? "landed"),
    );
  }
  return run;
}

function beginRun(event: RecordedEvent): RunView {
  const { data, ts, seq } = event;
  const settled = new Map(
    objectListField(data, "settled").map((one) => [textField(one, "unit"), textField(one, "as")]),
  );
  return {
    run: event.run,
    plan: event.plan,
    phase: "running",
    interrupted: false,
    whole: textListField(data, "only").length === 0,
    startedAt: ts,
    finishedAt: null,
    durationMs: null,
    exitCode: null,
    target: textField(data, "target"),
    before: textField(data, "before"),
    after: null,
    planPath: textField(data, "plan_path"),
    planDigest: textField(data, "plan_digest"),
    degraded: false,
    warnings: [],
    sandbox: viewSandbox(data["sandbox"]),
    verification: null,
    archivedTo: null,
    archivedOn: null,
    repositoryChanged: null,
    foreignCommits: [],
    redBase: [],
    lastSeq: seq,
    lastAt: ts,
    units: objectListField(data, "units").map((about) =>
      beginUnit(about, ts, settled.get(textField(about, "unit")) ?? null),
    ),
  };
}

function viewSandbox(value: unknown): SandboxView | null {
  if (value === null || typeof value !== "object") return null;
  const data = value as Record<string, unknown>;
  return {
    level: textField(data, "level"),
    reason: textField(data, "reason"),
    exceptions: textListField(data, "exceptions"),
  };
}

/** `settled` is the terminal phase from an earlier run; null when the unit belongs to this run. */
function beginUnit(about: Record<string, unknown>, at: string, settled: string | null): UnitView {
  return {
    unit: textField(about, "unit"),
    summary: textField(about, "summary"),
    role: textField(about, "role") || "worker",
    digest: textField(about, "digest"),
    dependsOn: textListField(about, "depends_on"),
    phase: settled ?? "pending",
    reason: settled === null ? "" : "before this run",
    since: at,
    waitingOn: [],
    settled: settled !== null,
    landed: null,
    result: null,
    keptRef: null,
    attempts: [],
    changes: [],
  };
}

function advanceRun(run: RunView, { type, data, ts }: RecordedEvent): void {
  if (type === "repository.changed") run.repositoryChanged = textField(data, "diff");
  if (type === "commits.appeared") run.foreignCommits.push(...viewForeignCommits(data));
  if (type === "base.checked") {
    run.redBase = objectListField(data, "gates")
      .map(viewGate)
      .filter(({ status }) => status === "failed");
  }
  if (type === "run.interrupted") run.interrupted = true;
  // `dgov archive-plan` after the run, or a later `dgov run` that had nothing to do.
  if (type === "plan.archived") {
    run.archivedTo = textFieldOrNull(data, "to");
    run.archivedOn = textFieldOrNull(data, "on");
  }
  if (type !== "run.finished") return;
  const status = textField(data, "status");
  run.phase = isRunPhase(status) ? status : "interrupted";
  run.finishedAt = ts;
  run.durationMs = numberFieldOrNull(data, "duration_ms");
  run.exitCode = numberFieldOrNull(data, "exit_code");
  run.after = textFieldOrNull(data, "after") ?? run.after;
  run.degraded = data["degraded"] === true;
  run.warnings = textListField(data, "warnings");
  run.archivedTo = textFieldOrNull(data, "archived_to");
  run.archivedOn = textFieldOrNull(data, "archived_on");
  const verification = data["verification"];
  if (verification !== null && typeof verification === "object") {
    const found = verification as Record<string, unknown>;
    run.verification = { status: textField(found, "status"), reason: textField(found, "reason") };
  }
}

/**
 * The phase of a run, given whether a process runs it. One without a recorded end was interrupted when the
 * operator had asked for its end and did not wait for it; otherwise it crashed.
 */
export function shownPhase(
  run: Pick<RunView, "phase" | "interrupted">,
  live: boolean,
): RunPhase | "crashed" {
  if (run.phase !== "running" || live) return run.phase;
  return run.interrupted ? "interrupted" : "crashed";
}

/** True for a unit of an interrupted run that no attempt was started for. */
export function neverStarted(unit: { phase: string }, attempts: number): boolean {
  return unit.phase === "abandoned" && attempts === 0;
}

function isRunPhase(status: string): status is RunPhase {
  return ["complete", "partial", "failed", "interrupted"].includes(status);
}

function advanceUnit(unit: UnitView, event: RecordedEvent): void {
  const { type, data, ts } = event;
  switch (type) {
    case "unit.changed":
      unit.phase = textField(data, "to");
      unit.reason = textField(data, "reason");
      unit.since = ts;
      unit.changes.push({
        at: ts,
        from: textField(data, "from"),
        to: unit.phase,
        reason: unit.reason,
      });
      return;
    case "landing.finished":
    case "review.satisfied":
      if (data["stale"] !== true) unit.landed = { commit: textField(data, "commit"), at: ts };
      return;
    case "unit.undone": {
      const reason = `by ${textField(data, "commit").slice(0, 10)}`;
      unit.changes.push({ at: ts, from: unit.phase, to: "undone", reason });
      unit.phase = "undone";
      unit.reason = reason;
      unit.since = ts;
      return;
    }
    case "unit.result":
      unit.result = textFieldOrNull(data, "result");
      return;
    case "attempt.kept":
      unit.keptRef = textField(data, "ref");
      break;
    default:
  }
  // Attempt 0 holds the gates of the finished branch.
  if (event.attempt !== null && event.attempt > 0) {
    advanceAttempt(attemptOf(unit, event.attempt, ts), event);
  }
}

function attemptOf(unit: UnitView, attempt: number, ts: string): AttemptView {
  const known = unit.attempts.find((one) => one.attempt === attempt);
  if (known !== undefined) return known;
  const made: AttemptView = {
    attempt,
    startedAt: ts,
    base: null,
    model: null,
    provider: null,
    outcome: null,
    outcomeReason: "",
    kept: null,
    rejection: null,
    gates: [],
    flaky: [],
    autofixed: [],
    judgeChanged: [],
    semanticNotes: [],
    semanticFindings: [],
    acceptedFindings: [],
    addedClaims: [],
    refusals: [],
  };
  unit.attempts.push(made);
  return made;
}

function advanceAttempt(attempt: AttemptView, { type, data, ts }: RecordedEvent): void {
  switch (type) {
    case "attempt.prepared":
      attempt.base = textField(data, "base");
      break;
    case "worker.started":
      attempt.model = textFieldOrNull(data, "model");
      attempt.provider = textFieldOrNull(data, "provider");
      break;
    case "worker.exited":
      attempt.outcome = textField(data, "outcome");
      attempt.outcomeReason = textField(data, "reason");
      break;
    case "attempt.autofixed":
      attempt.autofixed = textListField(data, "paths");
      break;
    case "attempt.judge_changed":
      attempt.judgeChanged = viewJudgeChanges(data);
      break;
    case "claims.widened":
      attempt.addedClaims.push(...textListField(data, "claims"));
      break;
    case "finding.accepted":
      attempt.acceptedFindings.push(viewFinding(data));
      break;
    case "attempt.kept":
      attempt.kept = {
        ref: textField(data, "ref"),
        commit: textField(data, "commit"),
        path: textFieldOrNull(data, "path"),
        omitted: textListField(data, "omitted"),
      };
      break;
    case "gate.finished": {
      const gate = viewGate(data);
      attempt.gates.push(gate);
      // A later verdict on the attempt's own tree says nothing of the merge.
      if (gate.gate === "semantic" && gate.car !== null) {
        attempt.semanticNotes = viewSemanticNotes(data);
        attempt.semanticFindings = viewRejectingFindings(data);
      }
      if (gate.status === "flaky" && !attempt.flaky.includes(gate.gate)) {
        attempt.flaky.push(gate.gate);
      }
      break;
    }
    case "attempt.unprepared":
      attempt.outcome = "unprepared";
      attempt.outcomeReason = textField(data, "reason");
      break;
    case "attempt.rejected":
      attempt.rejection = viewRejection(data, ts);
      break;
    case "review.finished":
      if (data["passed"] === false) attempt.rejection ??= viewRejection(data, ts);
      break;
    case "landing.refused":
      if (data["stale"] !== true) attempt.refusals.push(textField(data, "reason"));
      break;
    default:
  }
}

function viewRejection(data: Record<string, unknown>, at: string): Rejection {
  return {
    at,
    verdict: textField(data, "verdict"),
    reason: textField(data, "reason"),
    ref: textFieldOrNull(data, "ref"),
    gates: objectListField(data, "gates").map(viewGate).filter(isFailing),
    widerClaims: viewWiderClaims(data),
  };
}

function isFailing(gate: GateView): boolean {
  return gate.status === "failed" || gate.status === "errored";
}

function viewGate(data: Record<string, unknown>): GateView {
  return {
    gate: textField(data, "gate"),
    car: numberFieldOrNull(data, "car"),
    tree: textField(data, "tree"),
    status: textField(data, "status"),
    reason: textField(data, "reason"),
    command: textFieldOrNull(data, "command"),
    exit: textFieldOrNull(data, "exit"),
    durationMs: numberField(data, "duration_ms"),
    output: textFieldOrNull(data, "output"),
    tail: textField(data, "tail"),
    changedPaths: textListField(data, "changed_paths"),
    cached: data["cached"] === true,
  };
}
