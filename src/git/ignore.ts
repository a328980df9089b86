/** What a repository ignores, and where its submodules are. */
import { tmpdir } from "node:os";
import { listTree } from "./diff.ts";
import { inPrivate, nulJoin, nulSplit } from "./git.ts";
import { withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";

/** Which of these paths (repo-relative, existing or not) its `.gitignore` files ignore. */
export async function ignoredPaths(r: Repository, paths: readonly string[]): Promise<Set<string>> {
  if (paths.length === 0) return new Set();
  return withPrivateGit(r, { near: tmpdir(), workTree: r.topLevel }, async (g) => {
    const output = await inPrivate(
      g,
      ["--no-literal-pathspecs", "check-ignore", "--no-index", "-z", "--stdin"],
      {
        stdin: nulJoin(paths),
      },
    );
    // 1 says that none is.
    if (output.code > 1) throw new Error(output.stderr);
    return new Set(nulSplit(output.stdout).map(String));
  });
}

/** Folders of the submodules of a commit. */
export async function submodulePaths(r: Repository, commit: string | null): Promise<string[]> {
  if (commit === null) return [];
  const tree = await listTree(r, commit);
  return tree.filter((entry) => entry.mode === "160000").map((entry) => entry.path);
}
