/**
 * Three-way merges of trees, without a work tree, refs, attributes or configuration; and candidates, which
 * are an attempt's change merged onto another commit.
 *
 * `git merge-tree` (2.38) takes commits and computes their merge base, so the trees are wrapped in three
 * temporary commits: the base, and the two sides on top of it. Only the three trees count, not their
 * history, so commits that the operator removed from the target do not come back.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../../error.ts";
import { faultPoint } from "../../process/fault-injection.ts";
import { type CommitPolicy, treesOfCommits, writeCommit } from "../commit.ts";
import { nulSplit } from "../git.ts";
import { commitBytes, type Identity, type Oid, writeObject } from "../objects.ts";
import { inPrivate, randomPath, withPrivateGit } from "../private-dir.ts";
import { updateRef } from "../refs.ts";
import type { Repository } from "../repository.ts";

type MergeResult =
  | { kind: "clean"; tree: Oid }
  | {
      kind: "conflicted";
      /** The merge with conflict markers; for reports, never for landing. */
      tree: Oid;
      paths: { path: string; type: string }[];
      /** Git's messages, one line per conflict. */
      text: string;
    };

/** Applies the difference from `base` to `theirs` to `ours`; all three are trees. `scratch` is an existing folder. */
export async function mergeTrees(
  r: Repository,
  o: { base: Oid; ours: Oid; theirs: Oid; scratch: string },
): Promise<MergeResult> {
  if (o.base === o.theirs || o.ours === o.theirs) return { kind: "clean", tree: o.ours };
  if (o.base === o.ours) return { kind: "clean", tree: o.theirs };
  const empty = randomPath(o.scratch, "empty");
  mkdirSync(empty, { recursive: true });
  try {
    return await withPrivateGit(r, { near: o.scratch, workTree: empty }, async (g) => {
      const temporaryCommit = (tree: Oid, parents: Oid[]): Oid => {
        const identity = { name: "dgov", email: "dgov@localhost" };
        const fields = { tree, parents, message: "", identity, date: "2000-01-01T00:00:00Z" };
        const objects = join(g.dir, "objects");
        return writeObject(objects, r.objectFormat, "commit", commitBytes(fields));
      };
      const base = temporaryCommit(o.base, []);
      const sides = [temporaryCommit(o.ours, [base]), temporaryCommit(o.theirs, [base])];
      const args = ["-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "-z"];
      const output = await inPrivate(g, [...args, "--messages", ...sides], { objects: "shared" });
      return parseMerge(output);
    });
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

/**
 * Parses the output of `merge-tree -z --messages`: `<tree>\0`, then for a conflict records
 * `<mode> <oid> <stage>\t<path>\0`, an empty record, and messages `<n>\0<path>\0...<type>\0<text>\0`.
 * Exit code 1 means a conflict only when stdout has a tree; otherwise ENVIRONMENT is thrown.
 */
export function parseMerge(output: { code: number; stdout: Buffer; stderr: string }): MergeResult {
  const fields = nulSplit(output.stdout).map((field) => field.toString());
  const tree = fields[0] ?? "";
  if (output.code > 1 || !/^[0-9a-f]{40,64}$/.test(tree)) {
    const cause = output.stderr.trim() || `exit code ${output.code}`;
    throw new DgovError("ENVIRONMENT", `git merge-tree failed: ${cause}`);
  }
  if (output.code === 0) return { kind: "clean", tree };

  const end = fields.indexOf("", 1);
  const types = new Map<string, string>();
  for (const entry of fields.slice(1, end)) types.set(entry.slice(entry.indexOf("\t") + 1), "");
  const lines: string[] = [];
  for (let i = end + 1; i < fields.length; ) {
    const count = Number(fields[i]);
    const [type = "", text = ""] = fields.slice(i + 1 + count, i + 3 + count);
    if (type.startsWith("CONFLICT")) {
      lines.push(text.trim());
      for (const path of fields.slice(i + 1, i + 1 + count)) {
        if (types.has(path)) types.set(path, type);
      }
    }
    i += count + 3;
  }
  const paths = [...types].map(([path, type]) => ({ path, type: type || "CONFLICT" }));
  return { kind: "conflicted", tree, paths, text: lines.join("\n") };
}

export type CandidateResult =
  | { kind: "built"; commit: Oid; tree: Oid }
  | { kind: "conflicted"; paths: { path: string; type: string }[]; text: string }
  /** The commit below already has this change. */
  | { kind: "empty" };

interface CandidateOptions {
  /** The commit that the attempt started from. */
  base: Oid;
  /** The attempt's commit. */
  commit: Oid;
  /** The only parent of the candidate. */
  onto: Oid;
  /** An existing folder for temporary files. */
  scratch: string;
  message: string;
  identity: Identity;
  /** RFC 3339, from the recorded event, so that building the candidate twice gives the same commit. */
  date: string;
  /** The ref to point at the candidate. */
  ref: string;
  policy?: CommitPolicy;
  /** Ends signing. */
  signal?: AbortSignal;
}

/**
 * Builds a candidate and points `ref` at it. When `onto` equals `base`, its tree is the attempt's own;
 * otherwise it is a textual merge, which the gates have to judge again.
 */
export async function buildCandidate(r: Repository, o: CandidateOptions): Promise<CandidateResult> {
  const [base = "", theirs = "", ours = ""] = await treesOfCommits(r, [o.base, o.commit, o.onto]);
  const merge = await mergeTrees(r, { base, ours, theirs, scratch: o.scratch });
  if (merge.kind === "conflicted") {
    return { kind: "conflicted", paths: merge.paths, text: merge.text };
  }
  if (merge.tree === ours) return { kind: "empty" };
  const { message, identity, date, policy, signal } = o;
  const fields = { tree: merge.tree, parents: [o.onto], message, identity, date };
  const commit = await writeCommit(r, fields, { ...policy, signal });
  await updateRef(r, o.ref, commit);
  faultPoint("candidate.built");
  return { kind: "built", commit, tree: merge.tree };
}
