/** The operator's working tree: its tree, uncommitted and ignored paths. The index is not written and no hook runs. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must, mustLine, nulJoin, nulSplit } from "./git.ts";
import type { Oid } from "./objects.ts";
import { cachedFilters, copySharedIndex, inPrivate, withPrivateGit } from "./private-dir.ts";
import { headOf } from "./refs.ts";
import type { Repository } from "./repository.ts";

/** Writes a tree of the tracked files as they are on disk and the untracked ones that are not ignored. */
export async function workingTree(r: Repository): Promise<Oid> {
  const head = (await headOf(r)).commit;
  const options = { near: tmpdir(), workTree: r.topLevel, filters: cachedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    if (head !== null) await must(inPrivate(g, ["read-tree", head]), "reading HEAD");
    const listed = await must(
      inPrivate(g, ["ls-files", "-z", "-m", "-d", "-o", "--exclude-standard"]),
      "listing changes",
    );
    const paths = [...new Set(nulSplit(listed).map(String))].filter((path) => !path.endsWith("/"));
    const update = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
    await must(
      inPrivate(g, update, { stdin: nulJoin(paths), objects: "shared" }),
      "reading the working tree",
    );
    return mustLine(inPrivate(g, ["write-tree"], { objects: "shared" }), "writing a tree");
  });
}

/** The ones of these repo-relative paths, existing or not, that `.gitignore` files ignore. */
export async function ignoredPaths(r: Repository, paths: readonly string[]): Promise<Set<string>> {
  if (paths.length === 0) return new Set();
  return withPrivateGit(r, { near: tmpdir(), workTree: r.topLevel }, async (g) => {
    const args = ["--no-literal-pathspecs", "check-ignore", "--no-index", "-z", "--stdin"];
    const output = await inPrivate(g, args, { stdin: nulJoin(paths) });
    // Exit code 1: no path is ignored.
    if (output.code === 1) return new Set();
    const found = await must(Promise.resolve(output), "looking for ignored paths");
    return new Set(nulSplit(found).map(String));
  });
}

/**
 * Uncommitted paths of the operator's checkout: staged, changed and untracked (not ignored), with git's
 * two status letters.
 */
export async function dirtyPaths(r: Repository): Promise<{ path: string; status: string }[]> {
  const head = await headOf(r);
  const index = join(r.gitDir, "index");
  const filters = r.settings?.filters ?? {};
  const at = head.commit === null ? {} : { head: head.commit };
  const o = { near: tmpdir(), workTree: r.topLevel, filters, ...at };
  const bytes = await withPrivateGit(r, o, (g) => {
    copySharedIndex(g, r.gitDir);
    const args = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"];
    return must(inPrivate(g, args, { index }), "looking for uncommitted changes");
  });
  return nulSplit(bytes).map((record) => {
    const text = record.toString();
    return { status: text.slice(0, 2), path: text.slice(3) };
  });
}
