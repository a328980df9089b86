/**
 * Landing: moves the target branch to a candidate, together with every checkout of the branch, or changes
 * nothing.
 *
 * The candidate is verified again from git, independent of earlier steps. The move is a compare-and-swap
 * that holds the branch's lock while the checkouts are updated, so that a commit, an edit or a switch of
 * branch by the operator happens either before or after it.
 *
 * A record, `dgov/landing.json` in the git dir, is written before the first lock and removed after the last. The locks of
 * the checkouts are links to it, and stay until branch, index and files agree. So whatever ends a landing between two
 * steps, a crash, a killed git or a full disk, the record tells what to undo and which locks are dgov's. Callers hold the
 * run lock: a record that they find is of a process that has ended, or of a landing that could not be undone.
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultPoint } from "../../process/fault-injection.ts";
import { killTree } from "../../process/tree.ts";
import { readText, replaceFile } from "../../std/files.ts";
import type { Oid } from "../objects.ts";
import { userFilters } from "../private-dir.ts";
import { branchTip, isAncestor, resolveCommit } from "../refs.ts";
import type { Repository } from "../repository.ts";
import { type DiffEntry, diffTrees } from "../trees.ts";
import {
  isLockedBy,
  landingMarker,
  lockCheckout,
  moveCheckouts,
  undoMove,
  unlockCheckouts,
  writtenCheckouts,
} from "./checkout-moves.ts";
import { type CheckoutBlocker, checkoutsOf, findBlocker, findRebase } from "./checkouts.ts";
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
  return land(r, o, (record) => moveTarget(r, o, proof.changes, record));
}

/** Move of a branch by dgov; `from` is null when the branch must not exist. */
interface Move {
  target: string;
  from: Oid | null;
  to: Oid;
}

/**
 * Moves the target from `from` to `to`, running `during` under the branch's lock with the path of the landing's record,
 * for the locks of checkouts. When the move fails, what `during` did is undone. Tries up to five times while another
 * process holds the lock. Throws when it cannot be undone either; the next landing or run does so.
 */
export async function land(
  r: Repository,
  o: Move & { message: string; onLock?(pid: number): void },
  during: (record: string) => Promise<CheckoutBlocker | null>,
): Promise<LandingResult> {
  const { target, from, to, message } = o;
  faultPoint("land.before_prepare");
  await recoverLanding(r);
  const record = recordOf(r);
  for (let tries = 1; ; tries++) {
    replaceFile(record, recordText({ target, from, to }), { durable: true });
    const move = { ref: `refs/heads/${target}`, from, to, message };
    const step = async (): Promise<CheckoutBlocker | null> =>
      (await findRebase(r, target)) ?? during(record);
    let done: Awaited<ReturnType<typeof moveRef<CheckoutBlocker>>>;
    try {
      done = await moveRef(r, move, { during: step, onLock: o.onLock });
    } catch (error) {
      await settle(r, { target, from, to }).catch(() => {});
      throw error;
    }
    if (done.kind === "committed") faultPoint("land.committed");
    // A git that was killed may have moved the branch, and has not said so.
    if ((await settle(r, { target, from, to })) === "landed") return { kind: "landed" };
    if (done.kind === "aborted") return { kind: "blocked_by_checkout", ...done.reason };
    const tip = await branchTip(r, target);
    if (tip !== from) return { kind: "target_moved", tip };
    if (tries === 5) {
      const watch = [`refs/heads/${target}.lock`, "HEAD.lock", "packed-refs.lock"]
        .map((name) => join(r.commonDir, name))
        .filter((path) => existsSync(path));
      const reason = done.kind === "refused" ? done.message : `${target} could not be moved`;
      return { kind: "blocked_by_checkout", paths: [], reason, watch };
    }
    await Bun.sleep(20 * tries);
  }
}

/** Moves every checkout of the target, or reports what blocks one; runs while the branch is locked. */
async function moveTarget(
  r: Repository,
  o: LandOptions,
  changes: DiffEntry[],
  record: string,
): Promise<CheckoutBlocker | null> {
  faultPoint("land.prepared");
  const checkouts = await checkoutsOf(r, o.target);
  for (const c of checkouts) {
    const blocker = findBlocker(c, changes) ?? lockCheckout(c, record);
    if (blocker !== null) return blocker;
  }
  const blocker = await moveCheckouts(r, checkouts, { ...o, record });
  if (blocker === null) faultPoint("land.checkout_updated");
  return blocker;
}

function recordOf(r: Repository): string {
  return join(r.commonDir, "dgov", "landing.json");
}

function recordText(move: Move): string {
  return `${JSON.stringify(move)}\n`;
}

/** The move of a record; null when it is not one. */
function moveOf(text: string): Move | null {
  try {
    const { target, from, to } = JSON.parse(text) as Partial<Move>;
    return target === undefined || from === undefined || to === undefined
      ? null
      : { target, from, to };
  } catch {
    return null;
  }
}

/**
 * Settles a landing that was cut short: kills its processes, removes its locks, and restores the checkouts unless it has
 * landed. Later changes of the operator stay. Returns its target, or null when there is none; `dry` changes nothing.
 */
export async function recoverLanding(
  r: Repository,
  o: { dry: boolean } = { dry: false },
): Promise<string | null> {
  const text = readText(recordOf(r));
  const move = text === null ? null : moveOf(text);
  if (move === null || o.dry) return move?.target ?? null;
  await killTree({ marker: landingMarker(r, move.to) });
  await removeStaleHeadLock(r, move);
  await userFilters(r);
  await settle(r, move);
  return move.target;
}

/**
 * As `recoverLanding`, and tells whether a landing that the log has a start of, and no end, has reached the target. If
 * not, it can be repeated.
 */
export async function reconcileLanding(
  r: Repository,
  o: { target: string; to: Oid },
): Promise<"landed" | "not_landed"> {
  await recoverLanding(r);
  return (await hasLanded(r, o)) ? "landed" : "not_landed";
}

async function hasLanded(r: Repository, o: { target: string; to: Oid }): Promise<boolean> {
  const tip = await branchTip(r, o.target);
  return tip !== null && (tip === o.to || (await isAncestor(r, o.to, tip)));
}

/** Ends a landing whose processes have ended: undoes the checkouts unless it has landed, then removes locks and record. */
async function settle(r: Repository, move: Move): Promise<"landed" | "not_landed"> {
  const { target, from, to } = move;
  const text = recordText(move);
  removeStaleBranchLock(r, move);
  const landed = await hasLanded(r, move);
  if (!landed && from !== null) await undoCheckouts(r, { target, from, to });
  unlockCheckouts(r, text);
  rmSync(recordOf(r), { force: true });
  return landed ? "landed" : "not_landed";
}

async function undoCheckouts(
  r: Repository,
  o: { target: string; from: Oid; to: Oid },
): Promise<void> {
  const written = await writtenCheckouts(r);
  if (written.length === 0) return;
  // Without the commits there is nothing to restore from.
  for (const commit of [o.from, o.to]) if ((await resolveCommit(r, commit)) === null) return;
  const changes = await diffTrees(r, o.from, o.to);
  // A person may have removed the lock and gone on to work.
  const untouched = (await branchTip(r, o.target)) === o.from;
  for (const c of written) {
    const locked = isLockedBy(c, recordText(o));
    if (locked || untouched) await undoMove(r, c, { scratch: tmpdir(), changes, written: locked });
  }
}

function branchLock(r: Repository, target: string): string {
  return join(r.commonDir, "refs", "heads", `${target}.lock`);
}

/**
 * Removes the locks that a killed `update-ref` left: the branch's contains the new commit, which tells it from that of
 * another process. HEAD's lock file is empty, and was taken with the branch's.
 */
function removeStaleBranchLock(r: Repository, o: Move): void {
  const branch = branchLock(r, o.target);
  const head = join(r.commonDir, "HEAD.lock");
  if (!existsSync(branch) || readFileSync(branch, "utf8").trim() !== o.to) return;
  rmSync(branch, { force: true });
  if (existsSync(head) && statSync(head).size === 0) rmSync(head);
}

/** Removes an empty HEAD.lock that is left without the branch's: one that stays the same for 500 ms. */
async function removeStaleHeadLock(r: Repository, o: Move): Promise<void> {
  const head = join(r.commonDir, "HEAD.lock");
  if (existsSync(branchLock(r, o.target))) return;
  if (!existsSync(head) || statSync(head).size > 0) return;
  const before = statSync(head).ino;
  await Bun.sleep(500);
  if (existsSync(head) && statSync(head).ino === before) rmSync(head);
}
