/**
 * The commit dgov makes of an attempt, and its difference as text. With what `changes.ts`, `keep.ts`,
 * `refs.ts` and `diff.ts` offer, this is all the other rooms need to know of a worktree.
 */
import { faultPoint } from "../process/fault.ts";
import type { AttemptTree } from "./attempt-tree.ts";
import { changesOf } from "./changes.ts";
import { writeCommit } from "./commit.ts";
import { cutText } from "./diff.ts";
import { inPrivate, must, type Oid } from "./git.ts";
import type { Identity } from "./objects.ts";
import { rememberedFilters, withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";
import { stage, treeWith } from "./staging.ts";

export { type Change, type ChangeStatus, changesOf, tampering } from "./changes.ts";
export { commitStats, listTree, patchBetween, readBlobAt } from "./diff.ts";
export { keepWork } from "./keep.ts";
export {
  baseRef,
  beforeRef,
  candidateRef,
  deleteRef,
  encodeRefPart,
  keepRef,
  listRefs,
  updateRef,
} from "./refs.ts";

/**
 * Commits exactly these paths of the worktree on top of its base; everything else stays as the base
 * has it. Same files and arguments, same commit (unless signed).
 */
export async function commitChanges(
  r: Repository,
  t: AttemptTree,
  o: { paths: string[]; message: string; identity: Identity; date: string; sign?: boolean },
): Promise<{ commit: Oid; tree: Oid }> {
  const tree = await treeWith(r, t, o.paths);
  const { message, identity, date, sign } = o;
  const fields = { tree, parents: [t.base], message, identity, date };
  const commit = await writeCommit(r, fields, { sign });
  faultPoint("commit.built");
  return { commit, tree };
}

/** The difference between base and worktree as a patch, untracked files included. */
export async function diffText(
  r: Repository,
  t: AttemptTree,
  o: { paths?: string[]; bytesMax: number },
): Promise<string> {
  const wanted = (path: string): boolean =>
    o.paths?.some((p) => p === "" || p === path || path.startsWith(`${p}/`)) ?? true;
  const changes = (await changesOf(r, t)).filter((change) => wanted(change.path));
  const paths = changes.filter(({ kind }) => kind === "file" || kind === "symlink");
  const options = { near: t.meta, workTree: t.path, filters: rememberedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    const names = paths.map(({ path }) => path);
    const index = await stage(g, t, names, "own");
    const args = ["diff-index", "--cached", "-p", "--no-renames", "--no-ext-diff", "--no-textconv"];
    return cutText(await must(inPrivate(g, [...args, t.base], { index }), "comparing"), o.bytesMax);
  });
}
