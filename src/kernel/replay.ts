/** A run's state from its events. */
import type { Event } from "./event.ts";
import type { State } from "./state.ts";
import { apply, initialState } from "./transition.ts";

/** Folds events, oldest first; stale ones change nothing, as they did when they happened. */
export function replay(events: Iterable<Event>): State {
  const state = initialState();
  for (const event of events) apply(state, event);
  return state;
}
