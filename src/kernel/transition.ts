/**
 * The run kernel: (state, event) -> (state, actions), and nothing else.
 *
 * No clock, no randomness, no I/O. Time and failure arrive as events; everything the kernel wants
 * done leaves as an action. State is plain JSON, so a run is its event list.
 *
 * There are two doors. `transition` leaves its argument as it is and costs a copy of the state.
 * `apply` changes the state it is given, for the one owner who does not need the old one: an event
 * then costs what it touches, on 10,000 units as on ten.
 */
import { assert } from "../std/assert.ts";
import type { Action } from "./action.ts";
import * as attempt from "./attempt.ts";
import type { Draft, PhaseChange } from "./draft.ts";
import type { Event } from "./event.ts";
import * as landing from "./landing.ts";
import * as run from "./run.ts";
import { schedule } from "./schedule.ts";
import type { State } from "./state.ts";
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
    planAt: 0,
    train: [],
    judging: [],
    blocked: [],
    nextCar: 1,
    live: 0,
    reviewing: 0,
    open: 0,
    landed: 0,
  };
}

/** As `apply`, leaving the argument as it is. */
export function transition(state: State, event: Event): Step & { state: State } {
  // The dag never changes, and what is looked up in it hangs on its identity.
  const { dag: _, ...rest } = state;
  const next = { ...state, ...structuredClone(rest) };
  return { state: next, ...apply(next, event) };
}

/**
 * Takes an event in: changes `state`, and says what to do and which units changed. A late or
 * repeated event is stale and changes nothing; one that cannot happen throws INTERNAL.
 */
export function apply(state: State, event: Event): Step {
  const d: Draft = { state, actions: [], changes: [] };
  if (state.finished !== null || !takes(d, event)) {
    return { actions: [], disposition: "stale", changes: [] };
  }
  if (state.finished === null) {
    train.pump(d);
    schedule(d);
    run.finishWhenDone(d);
  }
  return { actions: d.actions, disposition: "applied", changes: d.changes };
}

/** Applies the event itself; false when it is late, repeated or about something that is over. */
function takes(d: Draft, event: Event): boolean {
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
    case "candidate.built":
      return train.built(d, event);
    case "candidate.conflicted":
      return train.conflicted(d, event);
    case "gates.finished":
      return train.gatesFinished(d, event);
    case "target.moved":
      return landing.targetMoved(d, event);
    case "checkout.changed":
      return landing.checkoutChanged(d);
    case "landing.finished":
      return landing.landingFinished(d, event);
    case "landing.refused":
      return landing.landingRefused(d, event);
    case "run.interrupted":
      return run.interrupted(d, event);
    case "run.finished":
      // Recovery records the end of a crashed run without having been asked.
      d.state.finished = event.status;
      return true;
    default:
      return event satisfies never;
  }
}
