/** Trees made of a worktree's files: the base with some paths as they are now. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { type AttemptTree, copyIndex, heldIndex } from "./attempt-tree.ts";
import { openUp, statOf } from "./files.ts";
import { durable, inPrivate, must, mustLine, nulJoin, type Oid } from "./git.ts";
import { freshPath, type PrivateGit, rememberedFilters, withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";
import { knownTreeOf, rememberTreeOf, signatureOf } from "./seen.ts";

/** The base's tree with these paths as the worktree has them. Objects go into the repository. */
export async function treeWith(r: Repository, t: AttemptTree, paths: string[]): Promise<Oid> {
  const signature = signatureOf(t, paths);
  const known = knownTreeOf(t, signature);
  if (known !== null) return known;
  for (const path of paths) {
    requireLandable(t, path);
    if (!liesBehindLink(t, path) && !statOf(join(t.path, path))?.isDirectory()) {
      openUp(join(t.path, path));
    }
  }
  const options = { near: t.meta, workTree: t.path, filters: rememberedFilters(r) };
  return withPrivateGit(r, options, async (g) => {
    const index = await stage(g, t, paths, "shared");
    const args = [...durable, "write-tree"];
    const write = inPrivate(g, args, { index, objects: "shared" });
    const tree = await mustLine(write, "writing a tree");
    rememberTreeOf(t, signature, tree);
    return tree;
  });
}

/** A copy of the held index with these paths brought up to date; gives its path. */
export async function stage(
  g: PrivateGit,
  t: AttemptTree,
  paths: string[],
  objects: "shared" | "own",
): Promise<string> {
  const index = freshPath(g.dir, "index");
  copyIndex(heldIndex(t), index);
  if (paths.length === 0) return index;
  // Git does not look behind a link; a tracked path that now lies behind one is gone.
  const behind = new Set(paths.filter((path) => liesBehindLink(t, path)));
  if (behind.size > 0) {
    const remove = ["update-index", "-z", "--force-remove", "--stdin"];
    await must(inPrivate(g, remove, { index, stdin: nulJoin([...behind]) }), "reading changes");
  }
  const args = [...durable, "update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
  const stdin = nulJoin(paths.filter((path) => !behind.has(path)));
  await must(inPrivate(g, args, { index, objects, stdin }), "reading changes");
  return index;
}

function liesBehindLink(t: AttemptTree, path: string): boolean {
  const parts = path.split("/");
  return parts.some(
    (_, i) => i > 0 && statOf(join(t.path, ...parts.slice(0, i)))?.isSymbolicLink() === true,
  );
}

/** What review lets through is a file, a link or gone; anything else here is a mistake. */
function requireLandable(t: AttemptTree, path: string): void {
  const stats = statOf(join(t.path, path));
  if (stats === undefined || stats.isFile() || stats.isSymbolicLink()) return;
  // A folder in place of a file: the file is gone. A nested repository would become a gitlink.
  if (stats.isDirectory() && !existsSync(join(t.path, path, ".git"))) return;
  throw new DgovError("REFUSED", `${path} is neither a file nor a link`);
}
