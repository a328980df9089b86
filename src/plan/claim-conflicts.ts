/**
 * Conflicts between claims: two tasks claim overlapping paths and neither precedes the other.
 *
 * Overlapping claims are found first, and precedence is checked only between their owners. The owners of a
 * claim are in rank order. When each of them precedes the next, they form a chain, and a task that follows
 * one owner follows all earlier ones. A chain of 10,000 tasks that claim one file thus takes 10,000
 * precedence checks, not 50 million.
 */
import { type ClaimGroup, type ClaimIndex, claimIndex } from "../claims/overlap.ts";
import type { Precedence } from "./dependency-order.ts";
import type { ClaimKind, PlanClaim, PlanTask } from "./plan.ts";

/** A claim and the task that makes it. */
export interface OwnedClaim {
  task: PlanTask;
  claim: PlanClaim;
}

/** A claim of a task and the conflicting claims of other tasks. */
export interface ClaimConflict {
  owned: OwnedClaim;
  /** At most `othersMax`, one per task. */
  others: OwnedClaim[];
  /** True when there are more than those. */
  more: boolean;
}

const othersMax = 4;
/**
 * Limit of the owners compared with each task when they do not form a chain, summed over all tasks. Plans of up
 * to 1,400 tasks are compared completely.
 */
const stepsMax = 2_000_000;

/** An index of the claims of the given kinds, with owners in rank order. */
export function claimsByOwner(
  tasks: readonly PlanTask[],
  kinds: readonly ClaimKind[],
  precedence: Precedence,
): ClaimIndex<OwnedClaim> {
  const ranked = [...tasks].sort((a, b) => precedence.rank(a.index) - precedence.rank(b.index));
  const index = claimIndex<OwnedClaim>();
  for (const task of ranked) {
    for (const claim of task.parsed) {
      if (kinds.includes(claim.kind)) index.add(claim.claim, { task, claim });
    }
  }
  return index;
}

/** For each write claim, the conflicting write claims of tasks with a lower rank. */
export function writeConflicts(
  tasks: readonly PlanTask[],
  writes: ClaimIndex<OwnedClaim>,
  precedence: Precedence,
): ClaimConflict[] {
  const conflicting = independentOwners(tasks.length, precedence);
  const found = new Conflicts();
  for (const group of writes.groups()) {
    for (const other of writes.overlapping(group.claim)) {
      if (!isFirst(group, other)) continue;
      for (const owned of group.owners) {
        for (const rival of conflicting(owned, other)) {
          const [earlier, later] =
            precedence.rank(rival.task.index) < precedence.rank(owned.task.index)
              ? [rival, owned]
              : [owned, rival];
          found.add(later, earlier);
        }
      }
    }
  }
  return found.list();
}

/** For each read claim, the conflicting write claims of other tasks. */
export function readConflicts(
  tasks: readonly PlanTask[],
  { reads, writes }: { reads: ClaimIndex<OwnedClaim>; writes: ClaimIndex<OwnedClaim> },
  precedence: Precedence,
): ClaimConflict[] {
  const conflicting = independentOwners(tasks.length, precedence);
  const found = new Conflicts();
  for (const readers of reads.groups()) {
    const owners = [...writes.overlapping(readers.claim)].flatMap((group) => group.owners);
    owners.sort((a, b) => precedence.rank(a.task.index) - precedence.rank(b.task.index));
    const writers = { claim: readers.claim, owners };
    for (const reader of readers.owners) {
      for (const writer of conflicting(reader, writers)) {
        found.add(reader, writer);
        if (found.isFull(reader)) break;
      }
    }
  }
  return found.list();
}

/** True for one of the two orders of a pair of groups: the smaller group comes first. */
function isFirst(a: ClaimGroup<OwnedClaim>, b: ClaimGroup<OwnedClaim>): boolean {
  if (a === b) return true;
  if (a.owners.length !== b.owners.length) return a.owners.length < b.owners.length;
  return a.claim.text < b.claim.text;
}

/** Collects conflicts, each pair of tasks once per claim. */
class Conflicts {
  readonly #byTask = new Map<PlanTask, Map<PlanClaim, ClaimConflict>>();

  add(owned: OwnedClaim, other: OwnedClaim): void {
    const conflict = this.#of(owned);
    if (conflict.others.some(({ task }) => task === other.task)) return;
    if (conflict.others.length < othersMax) conflict.others.push(other);
    else conflict.more = true;
  }

  isFull(owned: OwnedClaim): boolean {
    return this.#byTask.get(owned.task)?.get(owned.claim)?.more === true;
  }

  list(): ClaimConflict[] {
    return [...this.#byTask.values()].flatMap((claims) => [...claims.values()]);
  }

  #of(owned: OwnedClaim): ClaimConflict {
    const claims = this.#byTask.get(owned.task) ?? new Map<PlanClaim, ClaimConflict>();
    this.#byTask.set(owned.task, claims);
    const conflict = claims.get(owned.claim) ?? { owned, others: [], more: false };
    claims.set(owned.claim, conflict);
    return conflict;
  }
}

/** A function that yields the owners of a group that neither precede nor follow a task. */
function independentOwners(
  taskCount: number,
  precedence: Precedence,
): (from: OwnedClaim, group: ClaimGroup<OwnedClaim>) => Generator<OwnedClaim> {
  const steps = Math.max(64, Math.floor(stepsMax / Math.max(1, taskCount)));
  const chains = new Map<ClaimGroup<OwnedClaim>, boolean>();
  const isChain = (group: ClaimGroup<OwnedClaim>): boolean => {
    const known = chains.get(group);
    if (known !== undefined) return known;
    const chain = group.owners.every((owned, at) => {
      const next = group.owners[at + 1];
      if (next === undefined || next.task === owned.task) return true;
      return precedence.precedes(owned.task.index, next.task.index);
    });
    chains.set(group, chain);
    return chain;
  };
  return function* independent(from, group) {
    const { owners } = group;
    const chain = isChain(group);
    const middle = position(owners, precedence.rank(from.task.index), precedence);
    for (let step = 1; step <= steps; step++) {
      const owned = owners[middle - step];
      if (owned === undefined) break;
      if (owned.task === from.task) continue;
      if (!precedence.precedes(owned.task.index, from.task.index)) yield owned;
      else if (chain) break;
    }
    for (let step = 0; step < steps; step++) {
      const owned = owners[middle + step];
      if (owned === undefined) break;
      if (owned.task === from.task) continue;
      if (!precedence.precedes(from.task.index, owned.task.index)) yield owned;
      else if (chain) break;
    }
  };
}

/** Number of owners with a rank lower than `rank`. */
function position(owners: readonly OwnedClaim[], rank: number, precedence: Precedence): number {
  let low = 0;
  let high = owners.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const owned = owners[middle];
    if (owned !== undefined && precedence.rank(owned.task.index) < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
