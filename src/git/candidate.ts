/** Candidates: an attempt's change, made against one commit, put on top of another. */
import { faultPoint } from "../process/fault.ts";
import { treesOf, writeCommit } from "./commit.ts";
import type { Oid } from "./git.ts";
import { mergeTrees } from "./merge.ts";
import type { Identity } from "./objects.ts";
import { updateRef } from "./refs.ts";
import type { Repository } from "./repository.ts";

export type Candidate =
  | { kind: "built"; commit: Oid; tree: Oid }
  | { kind: "conflicted"; paths: { path: string; type: string }[]; text: string }
  /** The target has this change already. */
  | { kind: "empty" };

export interface CandidateOptions {
  /** What the attempt started from. */
  base: Oid;
  /** The attempt's commit. */
  commit: Oid;
  /** The commit the candidate stands on: its only parent. */
  onto: Oid;
  /** An existing folder for what is removed again. */
  scratch: string;
  message: string;
  identity: Identity;
  /** RFC 3339, from the recorded event, so that building twice gives the same commit. */
  date: string;
  /** The ref that keeps the candidate. */
  ref: string;
  sign?: boolean;
}

/**
 * Builds the candidate and points its ref at it. With `onto` equal to `base` its tree is the
 * attempt's own. The merge knows only text: the result has to be judged again.
 */
export async function buildCandidate(r: Repository, o: CandidateOptions): Promise<Candidate> {
  const [base = "", theirs = "", ours = ""] = await treesOf(r, [o.base, o.commit, o.onto]);
  const merge = await mergeTrees(r, { base, ours, theirs, scratch: o.scratch });
  if (merge.kind === "conflicted") {
    return { kind: "conflicted", paths: merge.paths, text: merge.text };
  }
  if (merge.tree === ours) return { kind: "empty" };
  const { message, identity, date, sign } = o;
  const fields = { tree: merge.tree, parents: [o.onto], message, identity, date };
  const commit = await writeCommit(r, fields, { sign });
  await updateRef(r, o.ref, commit);
  faultPoint("candidate.built");
  return { kind: "built", commit, tree: merge.tree };
}
