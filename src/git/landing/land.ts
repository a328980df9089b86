/**
 * Landing: moves the target branch to a candidate, together with every checkout of the branch, or changes
 * nothing.
 *
 * The candidate is verified again from git, independent of earlier steps. The move is a compare-and-swap
 * that holds the branch's lock while the checkouts are updated, so that a commit, an edit or a switch of
 * branch by the operator happens either before or after it.
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultPoint } from "../../process/fault-injection.ts";
import { killTree } from "../../process/tree.ts";
import type { Oid } from "../objects.ts";
import { branchTip, isAncestor } from "../refs.ts";
import type { Repository } from "../repository.ts";
import { type DiffEntry, diffTrees } from "../trees.ts";
import {
  type Checkout,
  type CheckoutBlocker,
  checkoutsOf,
  findBlocker,
  findRebase,
  landingMarker,
  moveCheckout,
  removeStaleIndexLock,
  undoMove,
} from "./checkouts.ts";
import { type LandingScope, proveLanding } from "./proof.ts";
import { moveRef } from "./ref-transaction.ts";

export type LandingResult =
  | { kind: "landed" }
  /** The target is not at `from`; `tip` is null when it no longer exists. */
  | { kind: "target_moved"; tip: Oid | null }
  | ({ kind: "blocked_by_checkout" } & CheckoutBlocker)
  | { kind: "proof_failed"; reason: string };

/** Reason of a blocked landing, with the paths in the way when they are known. */
export function blockedText({ reason, paths }: { reason: string; paths: string[] }): string {
  return paths.length === 0 ? reason : `${reason}: ${paths.join(", ")}`;
}

interface LandOptions {
  /** Short name of the target branch. */
  target: string;
  /** Expected tip of the target, and the candidate's only parent. */
  from: Oid;
  /** The candidate. */
  to: Oid;
  /** The paths that the unit may write. */
  allowed: LandingScope;
  /** An existing folder for temporary files. */
  scratch: string;
  /** Message of the reflog entry. */
  message: string;
  /** Called with the pid of the git process that will hold the branch's lock, before it takes the lock. */
  onLock?(pid: number): void;
}

/** Lands a candidate. Nothing has changed unless the result is `landed`. */
export async function landCandidate(r: Repository, o: LandOptions): Promise<LandingResult> {
  const proof = await proveLanding(r, o);
  if (!proof.ok) return { kind: "proof_failed", reason: proof.reason };
  const { changes } = proof;
  const moved: Checkout[] = [];
  const undo = async (): Promise<void> => {
    for (const c of moved) await undoMove(r, c, { ...o, changes });
  };
  return land(r, o, { during: () => moveCheckouts(r, o, changes, moved), undo });
}

/**
 * Moves the target from `from` (null: it must not exist) to `to`, running `during` under the branch's lock
 * and `undo` when the move fails after it. Tries up to five times while another process holds the lock.
 */
export async function land(
  r: Repository,
  o: {
    target: string;
    from: Oid | null;
    to: Oid;
    message: string;
    onLock?(pid: number): void;
  },
  steps: { during(): Promise<CheckoutBlocker | null>; undo(): Promise<void> },
): Promise<LandingResult> {
  const { from, to, message } = o;
  faultPoint("land.before_prepare");
  for (let tries = 1; ; tries++) {
    const move = { ref: `refs/heads/${o.target}`, from, to, message };
    const during = async (): Promise<CheckoutBlocker | null> =>
      (await findRebase(r, o.target)) ?? steps.during();
    const done = await moveRef(r, move, { ...steps, during, onLock: o.onLock });
    if (done.kind === "committed") {
      faultPoint("land.committed");
      return { kind: "landed" };
    }
    if (done.kind === "aborted") return { kind: "blocked_by_checkout", ...done.reason };
    const tip = await branchTip(r, o.target);
    if (tip !== from) return { kind: "target_moved", tip };
    if (tries === 5) {
      const watch = [`refs/heads/${o.target}.lock`, "HEAD.lock", "packed-refs.lock"]
        .map((name) => join(r.commonDir, name))
        .filter((path) => existsSync(path));
      return { kind: "blocked_by_checkout", paths: [], reason: done.message, watch };
    }
    await Bun.sleep(20 * tries);
  }
}

/** Moves every checkout of the target, or none; runs while the branch is locked. */
async function moveCheckouts(
  r: Repository,
  o: LandOptions,
  changes: DiffEntry[],
  moved: Checkout[],
): Promise<CheckoutBlocker | null> {
  faultPoint("land.prepared");
  const checkouts = await checkoutsOf(r, o.target);
  for (const c of checkouts) {
    const blocker = findBlocker(c, changes);
    if (blocker !== null) return blocker;
  }
  // With several checkouts, a dry run of all comes before the first move.
  for (const c of checkouts.length > 1 ? checkouts : []) {
    const blocker = await moveCheckout(r, c, { ...o, dryRun: true });
    if (blocker !== null) return blocker;
  }
  for (const c of checkouts) {
    const blocker = await moveCheckout(r, c, o);
    if (blocker !== null) {
      for (const done of moved) await undoMove(r, done, { ...o, changes });
      return blocker;
    }
    moved.push(c);
  }
  faultPoint("land.checkout_updated");
  return null;
}

/**
 * Recovers from a crash between `landing.started` and `landing.finished`: kills processes of the landing,
 * removes its locks and tells whether it has landed. If not, the checkouts are restored so that the
 * landing can be repeated; later changes of the operator stay.
 */
export async function reconcileLanding(
  r: Repository,
  o: { target: string; from: Oid; to: Oid; lockPid?: number },
): Promise<"landed" | "not_landed"> {
  await killTree({ marker: landingMarker(r, o.to) });
  await removeStaleRefLocks(r, o);
  const tip = await branchTip(r, o.target);
  const checkouts = await checkoutsOf(r, o.target);
  const found = checkouts.map((c) => ({ c, cutShort: removeStaleIndexLock(c, o.to) }));
  if (tip !== null && (await isAncestor(r, o.to, tip))) return "landed";
  // The operator has moved the target since, so the checkouts are the operator's.
  if (tip !== o.from) return "not_landed";
  const changes = await diffTrees(r, o.from, o.to);
  const undo = { to: o.to, scratch: tmpdir(), changes };
  for (const { c, cutShort } of found) await undoMove(r, c, { ...undo, cutShort });
  return "not_landed";
}

/**
 * Removes locks of a killed `update-ref`. The branch's lock file contains the new commit, which tells it
 * from that of another process. HEAD's lock file is empty; it is stale when the branch's lock was, or when
 * it stays the same for 500 ms and a lock pid was recorded.
 */
async function removeStaleRefLocks(
  r: Repository,
  o: { target: string; to: Oid; lockPid?: number },
): Promise<void> {
  const branch = join(r.commonDir, "refs", "heads", `${o.target}.lock`);
  const head = join(r.commonDir, "HEAD.lock");
  const ours = existsSync(branch) && readFileSync(branch, "utf8").trim() === o.to;
  if (ours) rmSync(branch, { force: true });
  if (!existsSync(head) || statSync(head).size > 0) return;
  if (!ours) {
    if (o.lockPid === undefined) return;
    const before = statSync(head).ino;
    await Bun.sleep(500);
    if (!existsSync(head) || statSync(head).ino !== before) return;
  }
  rmSync(head, { force: true });
}
