/** Which actions of a run have no answer yet: what recovery has to look after. */
import { present } from "../std/assert.ts";
import type { Action } from "./action.ts";
import { runStatus } from "./run.ts";
import type { State } from "./state.ts";

/**
 * The actions whose answer the kernel still waits for, units in plan order, then the train.
 * Actions it gave up on (a cancelled gate run, a stopped worker) are not among them: their answers
 * are stale. Costs a walk over the units; for recovery and tests, not for every event.
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
    return [{ type: "gates.run", unit, attempt, car: null, commit, tree, onto: base }];
  });
}

function ofTrain({ train, units }: State): Action[] {
  return train.flatMap(({ phase, unit, attempt, car, onto, commit, tree }): Action[] => {
    if (phase === "building") {
      const reviewed = units[unit]?.commit ?? "";
      return [{ type: "candidate.build", unit, attempt, car, onto, commit: reviewed }];
    }
    if (commit === null || tree === null) return [];
    if (phase === "gating") {
      return [{ type: "gates.run", unit, attempt, car, commit, tree, onto }];
    }
    if (phase === "landing") {
      return [{ type: "landing.perform", unit, attempt, car, from: onto, to: commit, tree }];
    }
    return [];
  });
}

function ofRun(state: State): Action[] {
  if (!state.finishing || state.finished !== null) return [];
  return [{ type: "run.finish", status: runStatus(state) }];
}
