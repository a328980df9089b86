/** When a worker hears of its budget, and when it must hand over. Scaled to the budget. Pure. */

export interface BudgetPlan {
  /** The turns before which a note is given. */
  warnAt: number;
  finishAt: number;
  /** The last turns in which only `done` may be called. */
  forcedTurns: number;
}

/** The plan for a budget of `turnsMax` turns. */
export function budgetPlan(turnsMax: number): BudgetPlan {
  const finishing = Math.min(8, Math.max(2, Math.ceil(turnsMax * 0.15)));
  return {
    warnAt: Math.ceil(turnsMax * 0.7) + 1,
    finishAt: turnsMax - finishing + 1,
    forcedTurns: turnsMax >= 10 ? 2 : turnsMax >= 4 ? 1 : 0,
  };
}

/** What to say before this turn, or null. */
export function budgetNote(turn: number, turnsMax: number): string | null {
  if (turnsMax < 4) return null;
  const plan = budgetPlan(turnsMax);
  const left = turnsMax - turn + 1;
  if (turn === turnsMax - plan.forcedTurns + 1) {
    return (
      `Last ${left === 1 ? "turn" : `${left} turns`}. Call done now: status complete only if the task is ` +
      "done and checked, else incomplete with what is missing."
    );
  }
  if (turn === plan.finishAt) {
    return `${left} turns are left. Stop exploring: finish the change, check it, and call done.`;
  }
  if (turn === plan.warnAt) {
    return `${turn - 1} of ${turnsMax} turns are used, ${left} are left. Plan the rest to end with done.`;
  }
  return null;
}
