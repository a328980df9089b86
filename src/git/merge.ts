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
import { inPrivate, nulSplit, type Oid } from "./git.ts";
import { commitBytes, writeObject } from "./objects.ts";
import { freshPath, withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";

export type Merge =
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
): Promise<Merge> {
  if (o.base === o.theirs || o.ours === o.theirs) return { kind: "clean", tree: o.ours };
  if (o.base === o.ours) return { kind: "clean", tree: o.theirs };
  const empty = freshPath(o.scratch, "empty");
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
export function parseMerge(output: { code: number; stdout: Buffer; stderr: string }): Merge {
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
