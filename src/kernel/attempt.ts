/** Phases of an attempt, from its worktree to a reviewed commit. */
import { assert, present } from "../std/assert.ts";
import { dagIndex, type UnitId } from "./dag.ts";
import type { Event } from "./event.ts";
import { alreadySatisfied } from "./reasons.ts";
import {
  type Draft,
  type Phase,
  setPhase,
  terminalPhases,
  type UnitState,
  unitOf,
} from "./state.ts";
import { enqueue } from "./train.ts";
import { fail, fix, reject, retry, settleDependents } from "./units.ts";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** Progress of an attempt: answers of later steps cannot arrive before those of earlier ones. */
const steps: Partial<Record<Phase, number>> = {
  pending: 0,
  preparing: 1,
  working: 2,
  forking: 2,
  self_reviewing: 3,
  reviewing: 4,
};
const reviewedStep = 5;

/** The unit when it is in the phase the event belongs to; null when it is already past it (stale). */
function unitAt(
  d: Draft,
  of: { unit: UnitId; attempt: number },
  phase: "preparing" | "working" | "self_reviewing" | "reviewing",
): UnitState | null {
  const unit = unitOf(d, of.unit);
  assert(of.attempt <= unit.attempt, `attempt ${of.attempt} of ${of.unit} has started`);
  if (of.attempt < unit.attempt || terminalPhases.has(unit.phase)) return null;
  const isAt = steps[unit.phase] ?? reviewedStep;
  const expected = steps[phase] ?? reviewedStep;
  assert(isAt >= expected, `${of.unit}, which is ${unit.phase}, has reached the phase ${phase}`);
  return isAt === expected ? unit : null;
}

/** The worktree was created; starts the worker. */
export function prepared(d: Draft, event: Of<"attempt.prepared">): boolean {
  const unit = unitAt(d, event, "preparing");
  if (unit === null) return false;
  unit.base = event.base;
  setPhase(d, event.unit, "working", `attempt ${unit.attempt}`);
  d.actions.push({ type: "worker.start", unit: event.unit, attempt: unit.attempt, fork: 0 });
  return true;
}

/** The worktree could not be created. */
export function unprepared(d: Draft, event: Of<"attempt.unprepared">): boolean {
  if (unitAt(d, event, "preparing") === null) return false;
  if (event.retriable) retry(d, event.unit, "crash", event.reason);
  else fail(d, event.unit, event.reason);
  return true;
}

/** The worker, or one of its forks, exited. */
export function workerExited(d: Draft, event: Of<"worker.exited">): boolean {
  const unit = unitAt(d, event, "working");
  if (unit === null) return false;
  assert(event.fork <= unit.fork, `fork ${event.fork} of ${event.unit} has started`);
  if (event.fork < unit.fork) return false;
  exited(d, unit, event);
  return true;
}

function exited(d: Draft, unit: UnitState, event: Of<"worker.exited">): void {
  const { unit: id, outcome } = event;
  const { role, selfReview, forksMax, fixesMax } = present(dagIndex(d.state.dag).byId.get(id), id);
  const writes = role === "worker" || unit.fixing;
  const words = event.reason === "" ? outcome : `${outcome}: ${event.reason}`;
  switch (outcome) {
    case "complete":
      if (!writes) {
        setPhase(d, id, "done", "result recorded");
        settleDependents(d, id);
      } else if (selfReview) {
        setPhase(d, id, "self_reviewing", "a reviewer reads the change");
        d.actions.push({ type: "self_review.start", unit: id, attempt: unit.attempt });
      } else review(d, id, unit);
      return;
    case "exhausted":
      if (unit.fork < forksMax) {
        unit.fork++;
        const which = `fork ${unit.fork} of ${forksMax}`;
        setPhase(d, id, "forking", `${which}: continuing in a new conversation`);
        d.actions.push({ type: "worker.start", unit: id, attempt: unit.attempt, fork: unit.fork });
        return;
      }
      rejectWork(d, id, writes, words);
      return;
    case "incomplete":
    case "no_progress":
      rejectWork(d, id, writes, words);
      return;
    case "disapproved":
      if (unit.fixes < fixesMax) fix(d, id, fixesMax, words);
      else fail(d, id, words);
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
      outcome satisfies never;
  }
}

/** Rejects unfinished work, which the next attempt continues; fails a read-only unit, which has none. */
function rejectWork(d: Draft, id: UnitId, writes: boolean, words: string): void {
  if (writes) reject(d, id, words);
  else fail(d, id, words);
}

/** The self-review finished. */
export function selfReviewed(d: Draft, event: Of<"self_review.finished">): boolean {
  const unit = unitAt(d, event, "self_reviewing");
  if (unit === null) return false;
  if (event.approved) review(d, event.unit, unit);
  else reject(d, event.unit, `self-review: ${event.reason}`);
  return true;
}

function review(d: Draft, id: UnitId, unit: UnitState): void {
  setPhase(d, id, "reviewing", "comparing its changes with its claims");
  d.actions.push({ type: "attempt.review", unit: id, attempt: unit.attempt });
}

/** An attempt without changes is satisfied by an earlier commit of its unit: the unit landed as that commit. */
export function satisfied(d: Draft, event: Of<"review.satisfied">): boolean {
  const unit = unitAt(d, event, "reviewing");
  if (unit === null) return false;
  assert(!unit.fixing, "no earlier commit satisfies a fix");
  const as = event.commit.slice(0, 10);
  setPhase(d, event.unit, "landed", `${alreadySatisfied}: landed earlier as ${as}`);
  settleDependents(d, event.unit);
  return true;
}

/** The claims review finished; an accepted attempt is queued for the merge train. */
export function reviewed(d: Draft, event: Of<"review.finished">): boolean {
  const unit = unitAt(d, event, "reviewing");
  if (unit === null) return false;
  if (event.passed) {
    unit.commit = event.commit;
    unit.tree = event.tree;
    enqueue(d, event.unit, "waiting for a place in the merge train");
  } else {
    const words = `${event.verdict}: ${event.reason}`;
    if (event.retriable) reject(d, event.unit, words);
    else fail(d, event.unit, words);
  }
  return true;
}
