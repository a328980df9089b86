/**
 * The run kernel: (state, event) -> (state, actions).
 *
 * No clock, no randomness, no I/O. Time and failure arrive as events; every effect leaves as an
 * action. State is plain JSON, so the list of events determines a run.
 *
 * `transition` copies the state. `apply` changes it in place, for the run loop, which does not need the
 * old state: the cost of an event then depends on the units it touches, not on the size of the plan.
 */
import { assert } from "../std/assert.ts";
import type { Action } from "./action.ts";
import * as attempt from "./attempt.ts";
import type { Event } from "./event.ts";
import * as landing from "./landing.ts";
import * as run from "./run.ts";
import type { Draft, PhaseChange, State } from "./state.ts";
import * as train from "./train.ts";
import { schedule } from "./units.ts";

export interface Step {
  actions: Action[];
  /** `stale`: the event was late or repeated, and nothing changed. */
  disposition: "applied" | "stale";
  /** Phase changes in order. */
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
    screening: false,
    tip: "",
    units: {},
    retries: [],
    ready: [],
    queue: [],
    planCursor: 0,
    train: [],
    judging: [],
    blocked: [],
    awaiting: false,
    waits: 0,
    nextCar: 1,
    live: 0,
    reviewing: 0,
    open: 0,
    landed: 0,
  };
}

/** Like `apply`, on a copy of the state. */
export function transition(state: State, event: Event): Step & { state: State } {
  // The dag never changes, and `dagIndex` is keyed by its identity.
  const { dag: _, ...rest } = state;
  const next = { ...state, ...structuredClone(rest) };
  return { state: next, ...apply(next, event) };
}

/**
 * Applies an event to `state` in place; returns the actions to perform and the phase changes. A late
 * or repeated event is stale and changes nothing; an impossible one throws INTERNAL.
 */
export function apply(state: State, event: Event): Step {
  const d: Draft = { state, actions: [], changes: [] };
  if (state.finished !== null || !applyEvent(d, event)) {
    return { actions: [], disposition: "stale", changes: [] };
  }
  if (state.finished === null) {
    train.advanceTrain(d);
    schedule(d);
    run.finishWhenDone(d);
  }
  return { actions: d.actions, disposition: "applied", changes: d.changes };
}

/** Applies the event without its consequences for the train and the schedule; false when it is stale. */
function applyEvent(d: Draft, event: Event): boolean {
  assert(d.state.started || event.type === "run.started", "a run begins with run.started");
  switch (event.type) {
    case "run.started":
      return run.started(d, event);
    case "attempt.prepared":
      return attempt.prepared(d, event);
    case "attempt.unprepared":
      return attempt.unprepared(d, event);
    case "worker.exited":
      return attempt.workerExited(d, event);
    case "self_review.finished":
      return attempt.selfReviewed(d, event);
    case "review.finished":
      return attempt.reviewed(d, event);
    case "review.satisfied":
      return attempt.satisfied(d, event);
    case "candidate.built":
      return train.built(d, event);
    case "candidate.screened":
      return train.screened(d, event);
    case "candidate.conflicted":
      return train.conflicted(d, event);
    case "candidate.failed":
      return train.unbuilt(d, event);
    case "gates.finished":
      return train.gatesFinished(d, event);
    case "target.moved":
      return landing.targetMoved(d, event);
    case "checkout.changed":
      return landing.checkoutChanged(d);
    case "checkout.waited":
      return landing.checkoutWaited(d, event);
    case "landing.finished":
      return landing.landingFinished(d, event);
    case "landing.refused":
      return landing.landingRefused(d, event);
    case "run.interrupted":
      return run.interrupted(d, event);
    case "run.finished":
      // Recovery records the end of a crashed run without a `run.finish` action.
      d.state.finished = event.status;
      return true;
    default:
      return event satisfies never;
  }
}

/** The state of a run from its events, oldest first. Stale events change nothing. */
export function replay(events: Iterable<Event>): State {
  const state = initialState();
  for (const event of events) apply(state, event);
  return state;
}
