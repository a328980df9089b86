/** The actions of a run that have no answer yet, derived from the state alone. */

import type { Action } from "../../src/kernel/action.ts";
import { runStatus } from "../../src/kernel/run.ts";
import type { State } from "../../src/kernel/state.ts";
import { present } from "../../src/std/assert.ts";

/**
 * The actions whose answer the kernel still waits for: units in plan order, then attempts' own trees,
 * then the train. Cancelled gate runs and stopped workers are left out, because their answers are stale.
 */
export function outstanding(state: State): Action[] {
  const actions: Action[] = [];
  for (const { id: unit } of state.dag.units) {
    const { phase, attempt, fork, fixing } = present(state.units[unit], unit);
    if (phase === "preparing") {
      const retryOf = attempt === 1 ? null : attempt - 1;
      actions.push({ type: "attempt.prepare", unit, attempt, retryOf, fixing });
    } else if (phase === "working" || phase === "forking") {
      actions.push({ type: "worker.start", unit, attempt, fork });
    } else if (phase === "self_reviewing") {
      actions.push({ type: "self_review.start", unit, attempt });
    } else if (phase === "reviewing") {
      actions.push({ type: "attempt.review", unit, attempt });
    }
  }
  return [...actions, ...ofOwnTrees(state), ...ofTrain(state), ...ofRun(state)];
}

function ofOwnTrees({ judging, units }: State): Action[] {
  return judging.flatMap(({ unit, attempt, running }) => {
    const { commit, tree, base } = units[unit] ?? { commit: null, tree: null, base: null };
    if (!running || commit === null || tree === null || base === null) return [];
    const own = { commit, tree, onto: base, behind: null };
    return [{ type: "gates.run", unit, attempt, car: null, ...own }];
  });
}

function ofTrain({ train, units }: State): Action[] {
  return train.flatMap(({ phase, unit, attempt, car, onto, behind, commit, tree }): Action[] => {
    if (phase === "building") {
      const reviewed = units[unit]?.commit ?? "";
      return [{ type: "candidate.build", unit, attempt, car, onto, commit: reviewed }];
    }
    if (commit === null || tree === null) return [];
    if (phase === "gating") {
      return [{ type: "gates.run", unit, attempt, car, commit, tree, onto, behind }];
    }
    if (phase === "landing") {
      return [{ type: "landing.perform", unit, attempt, car, from: onto, to: commit, tree }];
    }
    return [];
  });
}

function ofRun(state: State): Action[] {
  if (state.awaiting) return [{ type: "checkout.await", wait: state.waits }];
  if (!state.finishing || state.finished !== null) return [];
  return [{ type: "run.finish", status: runStatus(state) }];
}
