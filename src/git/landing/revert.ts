/** Reverts of commits: the tree without their changes, and a message that git tools recognise. */
import { treesOfCommits } from "../commit.ts";
import { inRepository, must } from "../git.ts";
import type { Oid } from "../objects.ts";
import type { Repository } from "../repository.ts";
import { diffTrees } from "../trees.ts";
import { mergeTrees } from "./merge.ts";
import { logWithNotes, messageAndNote } from "./notes.ts";

export interface RevertedCommit {
  commit: Oid;
  parents: Oid[];
  subject: string;
  /** Values of its `Dgov-Unit` trailers. */
  units: string[];
}

type Reversal =
  | {
      kind: "built";
      tree: Oid;
      /** Every path that the reverted commits changed. */
      paths: Set<string>;
    }
  | { kind: "conflicted"; commit: Oid; paths: string[]; text: string }
  /** The tree no longer contains any of the changes. */
  | { kind: "empty" };

/** Reads what a revert needs of commits, in the given order. */
export async function readCommits(
  r: Repository,
  commits: readonly Oid[],
): Promise<RevertedCommit[]> {
  const args = [...logWithNotes, "--no-walk=unsorted"];
  const format = `--format=%x00%x00%H%x00%P%x00%s%x00${messageAndNote}`;
  const output = await must(
    inRepository(r, [...args, format, ...commits, "--"]),
    "reading commits",
  );
  return output
    .toString()
    .split("\0\0")
    .slice(1)
    .map((record) => {
      const [commit = "", parents = "", subject = "", message = ""] = record.split("\0");
      const units = [...message.matchAll(/^Dgov-Unit: *(.*?) *$/gm)].map((match) => match[1] ?? "");
      return { commit, parents: parents.split(" ").filter(Boolean), subject, units };
    });
}

/** Reverts commits, in the given order, on the tree of `onto`. `scratch` is an existing folder. */
export async function revertOnto(
  r: Repository,
  o: { commits: readonly RevertedCommit[]; onto: Oid; scratch: string },
): Promise<Reversal> {
  const [start = ""] = await treesOfCommits(r, [o.onto]);
  const paths = new Set<string>();
  let tree = start;
  for (const { commit, parents } of o.commits) {
    const [base = "", theirs = ""] = await treesOfCommits(r, [commit, parents[0] ?? ""]);
    for (const { path } of await diffTrees(r, theirs, base)) paths.add(path);
    const merge = await mergeTrees(r, { base, theirs, ours: tree, scratch: o.scratch });
    if (merge.kind === "conflicted") {
      const conflicted = merge.paths.map(({ path }) => path);
      return { kind: "conflicted", commit, paths: conflicted, text: merge.text };
    }
    tree = merge.tree;
  }
  return tree === start ? { kind: "empty" } : { kind: "built", tree, paths };
}

/** A message that `scanLanded` and git tools read as a revert of every commit. `title` is used for several. */
export function revertMessage(commits: readonly RevertedCommit[], title: string): string {
  const [first] = commits;
  const parts = commits.map(
    ({ commit, subject }) => `Revert "${subject}"\n\nThis reverts commit ${commit}.`,
  );
  if (commits.length === 1 && first !== undefined) return `${parts[0]}\n`;
  return `${title}\n\n${parts.join("\n\n")}\n`;
}
