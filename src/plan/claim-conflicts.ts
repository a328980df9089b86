/**
 * Which tasks would touch the same paths at the same time: their claims overlap and neither comes
 * before the other.
 *
 * Overlapping claims are found first; order is asked about only for their owners. Owners of one claim
 * are kept in rank order: when each of them comes before the next, they are a line, and whoever comes
 * after one of the line comes after all before it. A chain of 10,000 tasks that all claim one file
 * takes 10,000 questions, not 50 million.
 */
import { type ClaimGroup, type ClaimIndex, claimIndex } from "../claims/overlap.ts";
import type { Precedence } from "./dependency-order.ts";
import type { ClaimKind, PlanClaim, PlanTask } from "./plan.ts";

export interface OwnedClaim {
  task: PlanTask;
  claim: PlanClaim;
}

/** Others that share a claim of a task: the first few, and whether that is all of them. */
export interface ClaimConflict {
  owned: OwnedClaim;
  others: OwnedClaim[];
  more: boolean;
}

const othersMax = 4;
/**
 * Owners looked at on each side of a task, all tasks together, when they do not form a line: enough to
 * see all of them in a plan of 1,400 tasks.
 */
const stepsMax = 2_000_000;

/** Claims of the given kinds, with their owners in rank order. */
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

/** For each task and claim, the earlier tasks that write there too and are independent of it. */
export function writeConflicts(
  tasks: readonly PlanTask[],
  writes: ClaimIndex<OwnedClaim>,
  precedence: Precedence,
): ClaimConflict[] {
  const walk = walker(tasks.length, precedence);
  const found = new Findings();
  for (const group of writes.groups()) {
    for (const other of writes.overlapping(group.claim)) {
      if (!isFirst(group, other)) continue;
      for (const owned of group.owners) {
        for (const rival of walk(owned, other)) {
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

/** For each claim to read, the tasks that write there and are independent of the reader. */
export function readConflicts(
  tasks: readonly PlanTask[],
  { reads, writes }: { reads: ClaimIndex<OwnedClaim>; writes: ClaimIndex<OwnedClaim> },
  precedence: Precedence,
): ClaimConflict[] {
  const walk = walker(tasks.length, precedence);
  const found = new Findings();
  for (const readers of reads.groups()) {
    const owners = [...writes.overlapping(readers.claim)].flatMap((group) => group.owners);
    owners.sort((a, b) => precedence.rank(a.task.index) - precedence.rank(b.task.index));
    const writers = { claim: readers.claim, owners };
    for (const reader of readers.owners) {
      for (const writer of walk(reader, writers)) {
        found.add(reader, writer);
        if (found.isFull(reader)) break;
      }
    }
  }
  return found.list();
}

/** One of the two orders of a pair of groups: the smaller one asks. */
function isFirst(a: ClaimGroup<OwnedClaim>, b: ClaimGroup<OwnedClaim>): boolean {
  if (a === b) return true;
  if (a.owners.length !== b.owners.length) return a.owners.length < b.owners.length;
  return a.claim.text < b.claim.text;
}

/** Collects what is shared, each pair of tasks once for a claim. */
class Findings {
  readonly #byTask = new Map<PlanTask, Map<PlanClaim, ClaimConflict>>();

  add(owned: OwnedClaim, other: OwnedClaim): void {
    const shared = this.#of(owned);
    if (shared.others.some(({ task }) => task === other.task)) return;
    if (shared.others.length < othersMax) shared.others.push(other);
    else shared.more = true;
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
    const shared = claims.get(owned.claim) ?? { owned, others: [], more: false };
    claims.set(owned.claim, shared);
    return shared;
  }
}

/** Finds the owners of a group that are independent of a task. */
function walker(
  taskCount: number,
  precedence: Precedence,
): (from: OwnedClaim, group: ClaimGroup<OwnedClaim>) => Generator<OwnedClaim> {
  const steps = Math.max(64, Math.floor(stepsMax / Math.max(1, taskCount)));
  const lines = new Map<ClaimGroup<OwnedClaim>, boolean>();
  const isLine = (group: ClaimGroup<OwnedClaim>): boolean => {
    const known = lines.get(group);
    if (known !== undefined) return known;
    const line = group.owners.every((owned, at) => {
      const next = group.owners[at + 1];
      if (next === undefined || next.task === owned.task) return true;
      return precedence.precedes(owned.task.index, next.task.index);
    });
    lines.set(group, line);
    return line;
  };
  return function* independent(from, group) {
    const { owners } = group;
    const line = isLine(group);
    const middle = position(owners, precedence.rank(from.task.index), precedence);
    for (let step = 1; step <= steps; step++) {
      const owned = owners[middle - step];
      if (owned === undefined) break;
      if (owned.task === from.task) continue;
      if (!precedence.precedes(owned.task.index, from.task.index)) yield owned;
      else if (line) break;
    }
    for (let step = 0; step < steps; step++) {
      const owned = owners[middle + step];
      if (owned === undefined) break;
      if (owned.task === from.task) continue;
      if (!precedence.precedes(from.task.index, owned.task.index)) yield owned;
      else if (line) break;
    }
  };
}

/** How many owners have a lower rank. */
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
