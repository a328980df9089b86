/**
 * `dgov diagnose`: matches recorded events and a few facts of the repository against the catalog of
 * known failures. Each diagnosis has the event that proves it and the next command. Pure.
 *
 * Failures that were resolved later are left out: the unit landed, the gate passed in a newer run, or
 * the plan was deleted.
 */
import {
  dependencyLost,
  emptyCandidateReasons,
  noBookkeepingCommit,
  notArchived,
  setupFailed,
} from "../kernel/reasons.ts";
import type { RecordedEvent } from "../log/event-log.ts";
import {
  type AdviceContext,
  type FailureEntry,
  type Intent,
  type ProjectFailure,
  projectFailures,
  type RunFailure,
  runFailures,
  type UnitFailure,
  unitFailures,
} from "./catalog/failures.ts";
import { objectListField, textField, textListField } from "./data.ts";
import {
  endedPhases,
  isSuccessful,
  type RunView,
  shownPhase,
  type UnitView,
  viewRun,
} from "./run-view.ts";

/** A recorded event, or a fact of the repository, that proves a diagnosis. */
export interface Evidence {
  /** Sequence number in the event log; null for a fact of the repository. */
  seq: number | null;
  at: string | null;
  /** Quotation of the event, or the fact. */
  text: string;
}

export interface Diagnosis {
  name: UnitFailure | RunFailure | ProjectFailure;
  intentClass: Intent;
  run: string | null;
  plan: string | null;
  unit: string | null;
  attempt: number | null;
  evidence: Evidence[];
  /** The cause or a manual step, to read before `nextAction`; "" when the command is enough. */
  first: string;
  nextAction: string;
  doNot: string;
}

export interface DiagnoseFacts {
  /** Lifecycle events of runs, newest run first. Includes every run of a plan that may still matter. */
  runs: readonly (readonly RecordedEvent[])[];
  /** Id of the live run, or null. */
  liveRun: string | null;
  /** Names of plans on disk, archived ones excluded. */
  plans: ReadonlySet<string>;
  /** `landedKey` of every unit that git finds landed. */
  landed: ReadonlySet<string>;
  /** Paths that must be tracked but are ignored, and paths of dgov's state that are not ignored. */
  ignoredHistory: readonly string[];
  unignoredState: readonly string[];
  /** Unreadable lines of the ledger, as `file:line: problem`. */
  brokenLedger: readonly string[];
  /** Existing keep-refs. */
  keepRefs: ReadonlySet<string>;
}

/** Key of a landed unit: plan, unit id and digest of its text. */
export function landedKey(of: { plan: string; unit: string; digest: string }): string {
  return [of.plan, of.unit, of.digest].join("\n");
}

interface Run {
  view: RunView;
  events: readonly RecordedEvent[];
  /** The run included the whole plan, without `--only`. */
  whole: boolean;
}

/** All current failures: runs newest first, then units, then the repository. */
export function diagnose(facts: DiagnoseFacts): Diagnosis[] {
  const runs = facts.runs.flatMap((events): Run[] => {
    const view = viewRun(events);
    if (view === null) return [];
    const started = events.find(({ type }) => type === "run.started");
    return [{ view, events, whole: textListField(started?.data ?? {}, "only").length === 0 }];
  });
  const plans = Map.groupBy(runs, ({ view }) => view.plan);
  return [
    ...runDiagnoses(runs, facts),
    ...[...plans.values()].flatMap((of) =>
      currentUnits(of, facts.liveRun).flatMap(({ run, unit }) => unitDiagnoses(run, unit, facts)),
    ),
    ...projectDiagnoses(facts),
  ];
}

/** Each unit of a plan, with the newest run that attempted or settled it. */
function currentUnits(
  runs: readonly Run[],
  liveRun: string | null,
): { run: Run; unit: UnitView }[] {
  const found = new Map<string, { run: Run; unit: UnitView }>();
  // A unit missing from the newest whole run is no longer in the plan.
  const newest = runs.findIndex(({ whole }) => whole);
  const planned = new Set(runs[newest]?.view.units.map(({ unit }) => unit));
  for (const [at, run] of runs.entries()) {
    for (const unit of run.view.units) {
      const says = isSuccessful(unit.phase) || unit.phase === "undone" || unit.attempts.length > 0;
      const gone = newest >= 0 && at > newest && !planned.has(unit.unit);
      if (gone || found.has(unit.unit) || !(says || run.view.run === liveRun)) continue;
      found.set(unit.unit, { run, unit });
    }
  }
  return [...found.values()];
}

function unitDiagnoses({ view, events }: Run, unit: UnitView, facts: DiagnoseFacts): Diagnosis[] {
  const { plan } = view;
  const failed = endedPhases.has(unit.phase) && !isSuccessful(unit.phase);
  if (!failed || unit.phase === "undone" || unit.phase === "skipped") return [];
  if (facts.landed.has(landedKey({ plan, unit: unit.unit, digest: unit.digest }))) return [];
  const own = events.filter((event) => event.unit === unit.unit);
  const kept = own.findLast(({ type }) => type === "attempt.kept");
  const finding = (name: UnitFailure | RunFailure | ProjectFailure, proof: Evidence): Diagnosis =>
    diagnosis(name, { view, unit, evidence: [proof] });
  if (!facts.plans.has(plan)) {
    const { keptRef: ref } = unit;
    const exists = ref !== null && facts.keepRefs.has(ref);
    return exists ? [finding("forgotten_work", evidenceOf(kept, ref))] : [];
  }
  const { name, proof } = failureOf(unit, own);
  const omitted = textListField(kept?.data ?? {}, "omitted").join(", ");
  return [
    finding(name, evidenceOf(proof, unit.reason)),
    ...(omitted === "" ? [] : [finding("work_omitted", evidenceOf(kept, omitted))]),
  ];
}

/** Event types with the reason why an attempt ended without landing. */
const reasons = new Set([
  "attempt.rejected",
  "attempt.unprepared",
  "review.finished",
  "worker.exited",
  "landing.refused",
]);

/** The failure of a unit, and the event that proves it. */
function failureOf(
  unit: UnitView,
  own: readonly RecordedEvent[],
): { name: UnitFailure; proof: RecordedEvent | undefined } {
  const ended = own.findLast(({ type }) => type === "unit.changed");
  if (unit.phase === "abandoned") return { name: "abandoned", proof: ended };
  const proof = own.findLast(
    ({ type, data }) =>
      reasons.has(type) &&
      data["stale"] !== true &&
      data["passed"] !== true &&
      textField(data, "outcome") !== "complete",
  );
  return proof === undefined ? { name: "unknown", proof: ended } : { name: nameOf(proof), proof };
}

function nameOf({ type, data }: RecordedEvent): UnitFailure {
  const reason = textField(data, "reason");
  switch (type) {
    case "attempt.unprepared":
      if (reason.startsWith(dependencyLost)) return "dependency_lost";
      return reason.startsWith(setupFailed) ? "setup_failed" : "unprepared";
    case "landing.refused":
      return catalogued(textField(data, "cause"));
    case "worker.exited":
      return catalogued(textField(data, "outcome"));
    default: {
      const verdict = textField(data, "verdict");
      if (verdict === "gate_failed") return gateFailure(data);
      return emptyCandidateReasons.has(reason) ? "empty_diff" : catalogued(verdict);
    }
  }
}

function gateFailure(data: Record<string, unknown>): UnitFailure {
  const blames = objectListField(data, "gates").map((gate) => textField(gate, "blame"));
  const errored = objectListField(data, "gates").some(
    (gate) => textField(gate, "status") === "errored",
  );
  if (blames.includes("base")) return "base_red";
  if (errored || blames.includes("environment")) return "gate_unrunnable";
  return blames.includes("integration") ? "integration_failed" : "gate_failed";
}

function catalogued(name: string): UnitFailure {
  return Object.hasOwn(unitFailures, name) ? (name as UnitFailure) : "unknown";
}

/** Failures of whole runs. A newer run onto the same branch, of any plan, supersedes them. */
function runDiagnoses(runs: readonly Run[], facts: DiagnoseFacts): Diagnosis[] {
  const found: Diagnosis[] = [];
  const add = (
    name: RunFailure | "base_red",
    { view, events }: Run,
    type: string,
    note: string,
  ): void => {
    const proof = events.findLast((event) => event.type === type) ?? events.at(-1);
    found.push(diagnosis(name, { view, unit: null, evidence: [evidenceOf(proof, note)] }));
  };
  for (const run of runs) {
    const { run: id, plan } = run.view;
    const phase = shownPhase(run.view, id === facts.liveRun);
    if (phase !== "crashed" || !facts.plans.has(plan)) continue;
    add("crashed_run", run, "", `the last recorded event is ${run.events.at(-1)?.type}`);
  }
  const [newest] = runs;
  const changed = newest?.view.repositoryChanged ?? null;
  if (newest && changed !== null) add("repository_changed", newest, "repository.changed", changed);
  const verified = newestBy(runs, ({ view }) =>
    view.verification === null || view.verification.status === "skipped" ? null : view.target,
  );
  for (const run of verified) {
    const { verification, degraded } = run.view;
    if (verification?.status === "failed") {
      add("red_branch", run, "run.finished", verification.reason);
    }
    if (degraded) add("degraded", run, "run.finished", "the run is recorded as degraded");
  }
  for (const run of newestBy(runs, ({ view }) => view.target)) {
    const { redBase, verification } = run.view;
    const since = verification?.status ?? "";
    // A later verification of the branch supersedes the check of the base.
    if (since === "failed" || (since === "passed" && verification?.reason === "")) continue;
    const note = redBase.map(
      ({ gate, command, reason }) => `${gate} (${command ?? ""}): ${reason}`,
    );
    if (note.length > 0) add("base_red", run, "base.checked", note.join("; "));
  }
  const finished = runs.find(({ view }) => view.phase === "complete" || view.phase === "partial");
  const unrecorded = finished?.view.warnings.find((note) =>
    [noBookkeepingCommit, notArchived].some((text) => note.startsWith(text)),
  );
  if (finished && unrecorded) add("not_recorded", finished, "run.finished", unrecorded);
  return [...found, ...flakyGates(runs)];
}

/** The newest run of each key; runs are ordered newest first. */
function newestBy(runs: readonly Run[], keyOf: (run: Run) => string | null): Run[] {
  const found = new Map<string, Run>();
  for (const run of runs) {
    const key = keyOf(run);
    if (key !== null && !found.has(key)) found.set(key, run);
  }
  return [...found.values()];
}

/** Gates that failed and then passed on the same tree, in the newest run of each gate. */
function flakyGates(runs: readonly Run[]): Diagnosis[] {
  const judged = new Set<string>();
  const found: Diagnosis[] = [];
  for (const { view, events } of runs) {
    const last = new Map<string, RecordedEvent>();
    for (const event of events) {
      if (event.type !== "gate.finished" || event.data["cached"] === true) continue;
      const key = `${textField(event.data, "gate")}\n${textField(event.data, "command")}`;
      const flaky = textField(event.data, "status") === "flaky";
      if (!judged.has(key) && (flaky || !last.has(key))) last.set(key, event);
    }
    for (const [key, event] of last) {
      judged.add(key);
      if (textField(event.data, "status") !== "flaky") continue;
      const unit = view.units.find((one) => one.unit === event.unit) ?? null;
      const note = `${textField(event.data, "gate")} failed, then passed`;
      found.push(diagnosis("flaky_gate", { view, unit, evidence: [evidenceOf(event, note)] }));
    }
  }
  return found;
}

function projectDiagnoses(facts: DiagnoseFacts): Diagnosis[] {
  const found = (name: ProjectFailure, path: string, note: string): Diagnosis => ({
    ...advice(name, { plan: "", unit: "", ref: null, target: path }),
    run: null,
    plan: null,
    unit: null,
    attempt: null,
    evidence: [{ seq: null, at: null, text: note }],
  });
  return [
    ...facts.ignoredHistory.map((path) => {
      const name = path.includes("/plans/archive/") ? "archive_policy_drift" : "history_ignored";
      return found(name, path, `${path} is ignored by git`);
    }),
    ...(facts.unignoredState.length === 0
      ? []
      : [found("state_not_ignored", "", `not ignored by git: ${facts.unignoredState.join(", ")}`)]),
    ...facts.brokenLedger.map((line) => found("ledger_broken", "", line)),
  ];
}

function diagnosis(
  name: Diagnosis["name"],
  o: { view: RunView; unit: UnitView | null; evidence: Evidence[] },
): Diagnosis {
  const { view, unit, evidence } = o;
  const { run, plan, target } = view;
  const place = { plan, unit: unit?.unit ?? "", ref: unit?.keptRef ?? null, target };
  return {
    ...advice(name, place),
    run,
    plan,
    unit: unit?.unit ?? null,
    attempt: unit?.attempts.at(-1)?.attempt ?? null,
    evidence,
  };
}

function advice(
  name: Diagnosis["name"],
  place: AdviceContext,
): Pick<Diagnosis, "name" | "intentClass" | "first" | "nextAction" | "doNot"> {
  const all: Record<string, FailureEntry> = { ...unitFailures, ...runFailures, ...projectFailures };
  const { intent, first, next, doNot } = all[name] ?? unitFailures.unknown;
  return { name, intentClass: intent, first: first(place), nextAction: next(place), doNot };
}

const quoteCharsMax = 500;

/** Quotes an event: its own reason, or the given text when it has none. */
function evidenceOf(event: RecordedEvent | undefined, note: string): Evidence {
  const own = event === undefined ? "" : textField(event.data, "reason");
  const quoted = (own === "" ? note : own).trim();
  const cut = quoted.length > quoteCharsMax ? `${quoted.slice(0, quoteCharsMax)}...` : quoted;
  return { seq: event?.seq ?? null, at: event?.ts ?? null, text: cut };
}
