/**
 * The states of a unit: one vocabulary for every command. Pure.
 *
 * A phase is what the kernel records; a state answers the question of the operator, and also takes into account
 * that the run's process has ended, and that a landing is no longer on the target.
 */
import { alreadySatisfied } from "../kernel/reasons.ts";
import type { Phase } from "../kernel/state.ts";

/** Every state with its meaning; docs/verdicts.md lists them with what to do. */
export const unitStates = {
  waiting: "It waits for a dependency, a worker, another attempt after a crash, or another review.",
  working: "Its worktree is prepared, or its worker works.",
  checking: "Its change is reviewed, or its candidate is built.",
  testing: "Gates run on its candidate, or on its change alone.",
  queued: "It waits for its turn in the merge train.",
  landing: "The target is being moved to its candidate.",
  landed: "Its commit is on the target.",
  done: "A researcher or reviewer returned its result.",
  rejected: "Its last attempt was rejected, and another one follows.",
  failed: "It did not land, and no attempt is left or would help.",
  timed_out: "It did not land: its attempts reached their time limit.",
  skipped: "A unit that it depends on did not land.",
  not_started: "No attempt at its text as it is now was made, and no run works on it.",
  paused: "Reserved for a run that waits until a set time; no run does yet.",
  blocked: "A file or an unfinished merge in the checkout is in the way of its landing.",
  already_satisfied:
    "Its last attempt changed nothing: an earlier commit of the unit does the task.",
  interrupted: "Its attempt was stopped with the run, or the run crashed. Its work is kept.",
  undone: "It landed, and an undo, a revert or a reset took its commit from the target.",
} as const;

export type UnitStateName = keyof typeof unitStates;

/** The part of a unit's record that determines its state. */
export interface PhaseFacts {
  /** A phase of the kernel, or `undone`. */
  phase: string;
  /** The phase before it, "" when it is the first. */
  from: string;
  reason: string;
  /** Number of the last attempt; 0 before the first. */
  attempt: number;
}

const successful: ReadonlySet<string> = new Set(["landed", "done", "already_satisfied"]);

/** True for the states that count as landed. */
export function isFinished(state: UnitStateName): boolean {
  return successful.has(state);
}

const running: ReadonlySet<string> = new Set([
  ...["waiting", "working", "checking", "testing", "queued"],
  ...["landing", "rejected", "paused", "blocked"],
]);

/** True for the states that only a later run changes. */
export function isEnded(state: UnitStateName): boolean {
  return !running.has(state);
}

/** The state of a unit in a run; `live` says that a process still runs it. */
export function stateInRun(of: PhaseFacts, live: boolean): UnitStateName {
  const { phase } = of;
  if (!isKnown(phase)) return live ? "working" : stopped(of);
  const state = states[phase];
  if (typeof state === "function") return state(of, live);
  return live || isEnded(state) ? state : stopped(of);
}

type Rule = UnitStateName | ((of: PhaseFacts, live: boolean) => UnitStateName);

/** The state of each phase. A phase that is no end belongs to a run that ended before it when it is not live. */
const states: Record<Phase | "undone", Rule> = {
  pending: "waiting",
  preparing: "working",
  working: "working",
  forking: "working",
  self_reviewing: "checking",
  reviewing: "checking",
  queued: "queued",
  integrating: "checking",
  validating: "testing",
  landing: "landing",
  waiting: (of, live) => (live ? cause(of) : stopped(of)),
  landed: ({ reason }) => (reason.startsWith(alreadySatisfied) ? "already_satisfied" : "landed"),
  done: "done",
  failed: "failed",
  timed_out: "timed_out",
  skipped: "skipped",
  abandoned: stopped,
  undone: "undone",
};

function isKnown(phase: string): phase is keyof typeof states {
  return Object.hasOwn(states, phase);
}

function stopped({ attempt }: PhaseFacts): UnitStateName {
  return attempt === 0 ? "not_started" : "interrupted";
}

/** Outcomes of a worker that say nothing about its work. */
const withoutVerdict = /^retry \d+ of \d+: (crashed|provider_failed|timed_out)\b/;

/** The cause for which a unit between two attempts waits, by the step that ended and the kernel's reason. */
function cause({ from, reason }: PhaseFacts): UnitStateName {
  if (!reason.startsWith("retry ")) {
    // A fix of a reviewer has landed, or is about to start; otherwise the landing was refused, or still waits.
    const refused = from === "landing" || from === "waiting";
    return refused && !reason.startsWith("fix ") ? "blocked" : "waiting";
  }
  return from === "preparing" || withoutVerdict.test(reason) ? "waiting" : "rejected";
}
