/**
 * The run kernel: (state, event) -> (state, actions), and nothing else.
 *
 * No clock, no randomness, no I/O. Time and failure arrive as events; everything the kernel wants
 * done leaves as an action. `apply` changes the state it is given, so that a run of 10,000 units
 * costs the same per event as one of ten; `transition` is the same over a copy.
 */
import { assert, present } from "../std/assert.ts";
import type { Action } from "./action.ts";
import type { UnitId } from "./dag.ts";
import { type Draft, draftOf, fail, type PhaseChange, reject, retry, setPhase } from "./draft.ts";
import type { Event } from "./event.ts";
import { finishWhenDone, schedule, settleDependents, stop } from "./schedule.ts";
import type { State, UnitState } from "./state.ts";
import * as train from "./train.ts";

export interface Step {
  actions: Action[];
  /** `stale`: late or repeated; nothing changed. */
  disposition: "applied" | "stale";
  /** Every change of a unit's phase, in order. */
  changes: PhaseChange[];
}

/** The state before `run.started`. */
export function initialState(): State {
  return {
    started: false,
    stopping: null,
    finishing: false,
    finished: null,
    dag: { units: [] },
    limits: {
      jobs: 1,
      rejectionRetries: 0,
      crashRetries: 0,
      timeoutRetries: 0,
      speculation: 1,
      maxGates: 1,
      rebuilds: 0,
    },
    order: "ready",
    gates: [],
    tip: "",
    units: {},
    retries: [],
    ready: [],
    queue: [],
    train: [],
    blocked: [],
    nextCar: 1,
    live: 0,
    open: 0,
    landed: 0,
    bad: 0,
  };
}

/** As `apply`, leaving the argument as it is. */
export function transition(state: State, event: Event): Step & { state: State } {
  const next = structuredClone(state);
  return { state: next, ...apply(next, event) };
}

/** Takes an event in: changes `state`, and says what to do and which units changed. */
export function apply(state: State, event: Event): Step {
  const d = draftOf(state);
  if (state.finished !== null || !takes(d, event)) {
    return { actions: [], disposition: "stale", changes: [] };
  }
  if (event.type !== "run.finished") {
    train.pump(d);
    schedule(d);
    finishWhenDone(d);
  }
  return { actions: d.actions, disposition: "applied", changes: d.changes };
}

/** Applies the event itself; false when it is late, repeated or about something that is over. */
function takes(d: Draft, event: Event): boolean {
  switch (event.type) {
    case "run.started":
      return started(d, event);
    case "attempt.prepared":
      return onUnit(d, event, ["preparing"], (id, unit) => {
        unit.base = event.base;
        setPhase(d, id, "working", `attempt ${unit.attempt}`);
        d.actions.push({ type: "worker.start", unit: id, attempt: unit.attempt, fork: 0 });
      });
    case "attempt.unprepared":
      return onUnit(d, event, ["preparing"], (id) => {
        if (event.retriable) retry(d, id, "crash", event.reason);
        else fail(d, id, event.reason);
      });
    case "worker.exited":
      return onUnit(d, event, ["working", "forking"], (id, unit) => {
        assert(event.fork === unit.fork, "forks run one after another");
        workerExited(d, id, unit, event);
      });
    case "self_review.finished":
      return onUnit(d, event, ["self_reviewing"], (id, unit) => {
        if (event.approved) review(d, id, unit);
        else reject(d, id, `self-review: ${event.reason}`);
      });
    case "review.finished":
      return onUnit(d, event, ["reviewing"], (id, unit) => {
        if (event.passed) {
          unit.commit = event.commit;
          unit.tree = event.tree;
          setPhase(d, id, "queued", "waits for a place in the merge train");
          d.state.queue.push(id);
        } else if (event.retriable) reject(d, id, `${event.verdict}: ${event.reason}`);
        else fail(d, id, `${event.verdict}: ${event.reason}`);
      });
    case "candidate.built":
      return train.built(d, event);
    case "candidate.conflicted":
      return train.conflicted(d, event);
    case "gates.finished":
      return train.gatesFinished(d, event);
    case "target.moved":
      return train.targetMoved(d, event.tip);
    case "checkout.changed":
      return train.checkoutChanged(d);
    case "landing.finished":
      return train.landingFinished(d, event);
    case "landing.refused":
      return train.landingRefused(d, event);
    case "run.interrupted":
      return stop(d, event);
    case "run.finished":
      d.state.finished = event.status;
      return true;
    default:
      return event satisfies never;
  }
}

function started(d: Draft, event: Extract<Event, { type: "run.started" }>): boolean {
  const { state } = d;
  if (state.started) return false;
  const { dag, limits, order, tip, gates } = event;
  Object.assign(state, { started: true, dag, limits, order, tip, gates, open: dag.units.length });
  for (const { id } of dag.units) state.units[id] = newUnit();
  for (const { id, deps } of dag.units) {
    for (const dep of new Set(deps)) {
      present(state.units[dep], `${id} depends on ${dep}, which the dag lacks`).dependents.push(id);
      present(state.units[id], id).blockers++;
    }
  }
  for (const { unit, as } of event.settled) {
    setPhase(d, unit, as, as === "landed" ? "landed earlier" : "done earlier");
    state.landed++;
  }
  for (const { unit } of event.settled) settleDependents(d, unit);
  const ready = new Set(state.ready);
  for (const { id, deps } of dag.units) {
    const unit = present(state.units[id], id);
    if (unit.phase !== "pending") continue;
    if (unit.blockers === 0 && !ready.has(id)) state.ready.push(id);
    unit.reason = unit.blockers === 0 ? "waits for a free worker" : `waits for ${deps.join(", ")}`;
  }
  return true;
}

function newUnit(): UnitState {
  return {
    phase: "pending",
    reason: "",
    attempt: 0,
    fork: 0,
    rejections: 0,
    crashes: 0,
    timeouts: 0,
    commit: null,
    tree: null,
    base: null,
    lastTry: false,
    blockers: 0,
    dependents: [],
  };
}

function onUnit(
  d: Draft,
  of: { unit: UnitId; attempt: number },
  phases: readonly UnitState["phase"][],
  then: (id: UnitId, unit: UnitState) => void,
): boolean {
  const unit = present(d.state.units[of.unit], `the dag has ${of.unit}`);
  if (of.attempt !== unit.attempt || !phases.includes(unit.phase)) return false;
  then(of.unit, unit);
  return true;
}

function workerExited(
  d: Draft,
  id: UnitId,
  unit: UnitState,
  event: Extract<Event, { type: "worker.exited" }>,
): void {
  const { role, selfReview, forksMax } = present(d.about(id), id);
  const words = event.reason === "" ? event.outcome : `${event.outcome}: ${event.reason}`;
  switch (event.outcome) {
    case "complete":
      if (role !== "worker") {
        setPhase(d, id, "done", "its result is recorded");
        d.state.landed++;
        settleDependents(d, id);
      } else if (selfReview) {
        setPhase(d, id, "self_reviewing", "a reviewer reads the change");
        d.actions.push({ type: "self_review.start", unit: id, attempt: unit.attempt });
      } else review(d, id, unit);
      return;
    case "exhausted":
      if (unit.fork >= forksMax) {
        reject(d, id, words);
        return;
      }
      unit.fork++;
      setPhase(d, id, "forking", `continues in a fresh conversation (${unit.fork} of ${forksMax})`);
      d.actions.push({ type: "worker.start", unit: id, attempt: unit.attempt, fork: unit.fork });
      return;
    case "incomplete":
    case "no_progress":
      reject(d, id, words);
      return;
    case "blocked":
    case "refused_by_provider":
      fail(d, id, words);
      return;
    case "crashed":
    case "provider_failed":
      retry(d, id, "crash", words);
      return;
    case "timed_out":
      retry(d, id, "timeout", words);
      return;
    default:
      event.outcome satisfies never;
  }
}

function review(d: Draft, id: UnitId, unit: UnitState): void {
  setPhase(d, id, "reviewing", "its changes are compared with its claims");
  d.actions.push({ type: "attempt.review", unit: id, attempt: unit.attempt });
}
