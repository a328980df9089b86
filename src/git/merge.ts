/**
 * Three-way merges of trees, without a work tree, refs, attributes or configuration.
 *
 * `merge-tree` of git 2.38 wants commits and finds their base itself, so three throw-away commits
 * with fixed dates stand for the trees: base, and the two sides on top of it. That also keeps
 * commits the operator dropped dropped: history plays no part, only the three trees do.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { treesOfCommits, writeCommit } from "./commit.ts";
import { nulSplit } from "./git.ts";
import { commitBytes, type Identity, type Oid, writeObject } from "./objects.ts";
import { inPrivate, randomPath, withPrivateGit } from "./private-dir.ts";
import { updateRef } from "./refs.ts";
import type { Repository } from "./repository.ts";
export type MergeResult =
  | { kind: "clean"; tree: Oid }
  | {
      kind: "conflicted";
      /** Holds the merge with conflict markers; for reports, never for landing. */
      tree: Oid;
      paths: { path: string; type: string }[];
      /** What git says, a line per conflict. */
      text: string;
    };

/** Merges what changed from `base` to `theirs` into `ours`; all are trees. */
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
      const standIn = (tree: Oid, parents: Oid[]): Oid => {
        const identity = { name: "dgov", email: "dgov@localhost" };
        const fields = { tree, parents, message: "", identity, date: "2000-01-01T00:00:00Z" };
        const objects = join(g.dir, "objects");
        return writeObject(objects, r.objectFormat, "commit", commitBytes(fields));
      };
      const base = standIn(o.base, []);
      const sides = [standIn(o.ours, [base]), standIn(o.theirs, [base])];
      const args = ["-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "-z"];
      const output = await inPrivate(g, [...args, "--messages", ...sides], { objects: "shared" });
      return parseMerge(output);
    });
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

/**
 * `<tree>\0`, then for a conflict `<mode> <oid> <stage>\t<path>\0`..., an empty record, and messages
 * `<n>\0<path>\0...<type>\0<text>\0`. Exit code 1 means a conflict only with a tree on stdout.
 */
export function parseMerge(output: { code: number; stdout: Buffer; stderr: string }): MergeResult {
  const fields = nulSplit(output.stdout).map((field) => field.toString());
  const tree = fields[0] ?? "";
  if (output.code > 1 || !/^[0-9a-f]{40,64}$/.test(tree)) {
    const words = output.stderr.trim() || `exit code ${output.code}`;
    throw new DgovError("ENVIRONMENT", `git could not merge: ${words}`);
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

// ------------------------------------------------------------
// Candidates: an attempt's change, made against one commit, put on top of another.

export type CandidateResult =
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
export async function buildCandidate(r: Repository, o: CandidateOptions): Promise<CandidateResult> {
  const [base = "", theirs = "", ours = ""] = await treesOfCommits(r, [o.base, o.commit, o.onto]);
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
