/** `dgov preflight`: runs the gates on the working tree, against HEAD or the merge base of a pull request. */
import { DgovError } from "../error.ts";
import { treeOfCommit, writeCommit } from "../git/commit.ts";
import { mergeBase, parentsOf } from "../git/merge-base.ts";
import type { Oid } from "../git/objects.ts";
import { resolveCommit } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { workingTree } from "../git/working-tree.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { coverageBaselineAt } from "../settlement/coverage/baseline.ts";
import type { GateRequest } from "../settlement/gates/gate.ts";
import { type GatesResult, runGates } from "../settlement/gates/run-gates.ts";
import { rejectionText } from "../settlement/rejection.ts";
import { holdBaseline } from "../settlement/structure/held-baseline.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { listed, short } from "../std/text.ts";
import { type AdHocRequest, withSettlement } from "./ad-hoc-settlement.ts";

export interface Preflight extends Pick<GatesResult, "passed" | "verdicts"> {
  /** The commit checked out, and the one that the working tree is compared with. */
  head: Oid;
  base: Oid;
  /** Text that a worker would get; "" when the gates pass. */
  rejection: string;
  /** Says that the gates which judge changes had none to judge; null when they had. */
  unchanged: string | null;
}

/**
 * Runs the gates on the working tree. It is compared with HEAD, or with the merge base of HEAD and `since`, a branch or
 * another revision; in a tree without changes every source file is checked. Throws ENVIRONMENT when there is no such
 * revision or its history is incomplete.
 */
export function judgeWorkingTree(
  request: Omit<AdHocRequest, "name"> & { since: string | null },
): Promise<Preflight> {
  const { since, signal } = request;
  return withSettlement({ ...request, name: "preflight" }, async ({ c: opened, head }) => {
    const base = since === null ? head : await baseOf(opened.repository, { head, since });
    if (since !== null) request.status(`comparing with ${mergeBaseText({ base, since })}`);
    const c = base === head ? opened : await withBaselineOf(opened, base);
    const tree = await workingTree(c.repository);
    const commit = await commitOf(c, { tree, head });
    const marker = `preflight/${process.pid}`;
    await holdBaseline(c, { commit: head, checkedOut: true, marker, now: systemClock.now() });
    const change = base === head || commit !== head ? null : await mergedChange(c, { head, base });
    const { passed, verdicts } = await runGates(c, {
      unit: null,
      attempt: 0,
      car: null,
      tree,
      commit,
      base,
      ...(change !== null && { change }),
      testCmd: null,
      marker,
      signal,
      files: "all",
    });
    const isSame = tree === (await treeOfCommit(c.repository, base));
    return {
      passed,
      verdicts,
      head,
      base,
      rejection: passed ? "" : rejectionText(verdicts),
      unchanged: isSame ? unchangedText(verdicts, { base, since }) : null,
    };
  });
}

/** HEAD or, with uncommitted changes, a commit of the working tree on top of it. */
async function commitOf(c: SettlementContext, o: { tree: Oid; head: Oid }): Promise<Oid> {
  const { tree, head } = o;
  if (tree === (await treeOfCommit(c.repository, head))) return head;
  const { identity } = c;
  const fields = { tree, parents: [head], message: "uncommitted changes", identity };
  return writeCommit(c.repository, { ...fields, date: isoTime(systemClock.now()) });
}

/** The context with the coverage baseline of a commit: a change does not choose the figures it is judged by. */
async function withBaselineOf(c: SettlementContext, commit: Oid): Promise<SettlementContext> {
  const { repository, projectPrefix } = c;
  const coverageBaseline = await coverageBaselineAt(repository, { commit, projectPrefix });
  return coverageBaseline.ok && coverageBaseline.baseline === null ? c : { ...c, coverageBaseline };
}

/** Remedy for history that a clone lacks. */
const fetchHistory =
  "fetch the history: `fetch-depth: 0` for actions/checkout, or git fetch --unshallow";

/** The merge base of HEAD and a revision, or the branch `origin/<revision>` where only that exists. */
async function baseOf(r: Repository, o: { head: Oid; since: string }): Promise<Oid> {
  const { head, since } = o;
  const other =
    (await resolveCommit(r, since)) ?? (await resolveCommit(r, `refs/remotes/origin/${since}`));
  if (other === null) {
    const hint = r.shallow
      ? fetchHistory
      : `git fetch origin ${since}, then dgov preflight --base FETCH_HEAD`;
    const clone = r.shallow ? " in this shallow clone" : "";
    throw new DgovError("ENVIRONMENT", `there is no commit ${since}${clone} to compare with`, {
      hint,
    });
  }
  const found = await mergeBase(r, head, other);
  if (found.kind === "found") return found.commit;
  const problem =
    found.kind === "none"
      ? `HEAD and ${since} have no common commit, so there is nothing to compare with`
      : `shallow clone: the merge base of HEAD and ${since} cannot be determined`;
  const hint = found.kind === "none" ? "name the branch that HEAD was made from" : fetchHistory;
  throw new DgovError("ENVIRONMENT", problem, { hint });
}

/**
 * The change in a HEAD that merges it with the base, as the checkout of a pull request does: the semantic gate then
 * compares both sides of the merge. Null when HEAD is no such merge.
 */
async function mergedChange(
  { repository }: SettlementContext,
  { head, base }: { head: Oid; base: Oid },
): Promise<NonNullable<GateRequest["change"]> | null> {
  const parents = await parentsOf(repository, head);
  const commit = parents.find((one) => one !== base);
  if (parents.length !== 2 || !parents.includes(base) || commit === undefined) return null;
  const left = await mergeBase(repository, base, commit);
  return left.kind === "found" ? { base: left.commit, commit } : null;
}

/** Gates that judge the difference to the base. */
const comparing: readonly string[] = ["semantic", "structure", "coverage"];

function unchangedText(
  verdicts: GatesResult["verdicts"],
  { base, since }: { base: Oid; since: string | null },
): string {
  const gates = verdicts.map(({ gate }) => gate).filter((gate) => comparing.includes(gate));
  const judged = `${listed(gates, comparing.length)} had no change to judge`;
  return since === null
    ? `the working tree is the same as HEAD: ${judged}; to judge commits, name the branch they are for with dgov preflight --base`
    : `the working tree is the same as ${mergeBaseText({ base, since })}: ${judged}`;
}

function mergeBaseText({ base, since }: { base: Oid; since: string }): string {
  return `${short(base)}, the merge base of HEAD and ${since}`;
}
