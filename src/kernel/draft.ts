/** One event's work in progress: the state being changed, and what comes of it. */
import { assert, present } from "../std/assert.ts";
import type { Action } from "./action.ts";
import type { UnitId } from "./dag.ts";
import { livePhases, type Phase, type State, terminalPhases, type UnitState } from "./state.ts";

/** A unit's change of phase and why, in words for a person. */
export interface PhaseChange {
  unit: UnitId;
  from: Phase;
  to: Phase;
  reason: string;
}

export interface Draft {
  state: State;
  actions: Action[];
  changes: PhaseChange[];
}

/** The unit's state; asking for one the dag lacks is a bug. */
export function unitOf(d: Draft, id: UnitId): UnitState {
  return present(d.state.units[id], `the dag has ${id}`);
}

/** Moves a unit to a phase; terminal phases are for ever. */
export function setPhase(d: Draft, id: UnitId, to: Phase, reason: string): void {
  const { state } = d;
  const unit = unitOf(d, id);
  const from = unit.phase;
  assert(!terminalPhases.has(from), `${id} is ${from} and stays so`);
  unit.reason = reason;
  if (from === to) return;
  unit.phase = to;
  state.live += Number(livePhases.has(to)) - Number(livePhases.has(from));
  state.reviewing += Number(to === "reviewing") - Number(from === "reviewing");
  if (terminalPhases.has(to)) state.open--;
  d.changes.push({ unit: id, from, to, reason });
}
