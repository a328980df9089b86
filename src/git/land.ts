/**
 * Landing: moving the target branch to a candidate, and every checkout of it along, all or nothing.
 *
 * Whatever earlier steps said, the proof is made again from git at this moment. The move itself is
 * a compare-and-swap with the branch's lock held around the update of the checkouts, so that an
 * operator who switches branch, commits or edits meanwhile is either before it or after it.
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultPoint } from "../process/fault-injection.ts";
import { killTree } from "../process/tree.ts";
import {
  type Checkout,
  type CheckoutBlocker,
  checkoutsOf,
  findBlocker,
  landingMarker,
  moveCheckout,
  removeStaleIndexLock,
  undoMove,
} from "./checkouts.ts";
import type { Oid } from "./objects.ts";
import { proveLanding } from "./proof.ts";
import { moveRef } from "./ref-transaction.ts";
import { branchTip, isAncestor } from "./refs.ts";
import type { Repository } from "./repository.ts";
import { type DiffEntry, diffTrees } from "./trees.ts";

export type LandingResult =
  | { kind: "landed" }
  /** The target is not at `from`; null: it is gone. */
  | { kind: "target_moved"; tip: Oid | null }
  | { kind: "blocked_by_checkout"; paths: string[]; reason: string }
  | { kind: "proof_failed"; reason: string };

export interface LandOptions {
  /** Short name of the target branch. */
  target: string;
  /** Its tip, and the candidate's only parent. */
  from: Oid;
  /** The candidate. */
  to: Oid;
  /** Whether the unit may write a path (repo-relative). */
  allowed(path: string): boolean;
  /** An existing folder for what is removed again. */
  scratch: string;
  /** For the reflog. */
  message: string;
  /** Hears the pid of the git process that will hold the branch's lock, before it does. */
  onLock?(pid: number): void;
}

/** Lands a candidate, or says why not; then nothing has changed. */
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

/** The compare-and-swap, tried again while somebody else holds the branch's lock for a moment. */
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
    const done = await moveRef(r, move, { ...steps, onLock: o.onLock });
    if (done.kind === "committed") {
      faultPoint("land.committed");
      return { kind: "landed" };
    }
    if (done.kind === "aborted") return { kind: "blocked_by_checkout", ...done.why };
    const tip = await branchTip(r, o.target);
    if (tip !== from) return { kind: "target_moved", tip };
    if (tries === 5) return { kind: "blocked_by_checkout", paths: [], reason: done.words };
    await Bun.sleep(20 * tries);
  }
}

/** With the branch locked: moves every checkout of it, or none. */
async function moveCheckouts(
  r: Repository,
  o: LandOptions,
  changes: DiffEntry[],
  moved: Checkout[],
): Promise<CheckoutBlocker | null> {
  faultPoint("land.prepared");
  const checkouts = await checkoutsOf(r, o.target);
  for (const c of checkouts) {
    const hindrance = findBlocker(c, changes);
    if (hindrance !== null) return hindrance;
  }
  // With several, ask all before moving one.
  for (const c of checkouts.length > 1 ? checkouts : []) {
    const hindrance = await moveCheckout(r, c, { ...o, dryRun: true });
    if (hindrance !== null) return hindrance;
  }
  for (const c of checkouts) {
    const hindrance = await moveCheckout(r, c, o);
    if (hindrance !== null) {
      for (const done of moved) await undoMove(r, done, { ...o, changes });
      return hindrance;
    }
    moved.push(c);
  }
  faultPoint("land.checkout_updated");
  return null;
}

/**
 * After a crash between `landing.started` and `landing.finished`: ends what is left of the landing,
 * removes its locks, and says whether it happened. When it did not, the checkouts are as before it,
 * so that it can be performed again; what the operator did meanwhile stays.
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
  // Once the operator has moved on, the checkout is as they left it.
  if (tip !== o.from) return "not_landed";
  const changes = await diffTrees(r, o.from, o.to);
  const undo = { to: o.to, scratch: tmpdir(), changes };
  for (const { c, cutShort } of found) await undoMove(r, c, { ...undo, cutShort });
  return "not_landed";
}

/**
 * Locks of an `update-ref` that was killed. The branch's lock file holds the new commit, which tells
 * it from anybody else's; HEAD's is empty, and ours when the branch's was, or when it does not move.
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
