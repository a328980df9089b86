/**
 * Submodules of an attempt's base. Their folders are empty in a worktree, and git is told to pass
 * them over: it would look into whatever repository a worker puts there. So what is in them is
 * looked for here, by name alone.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { AttemptTree } from "./attempt-tree.ts";
import type { Change } from "./changes.ts";
import { listTree, readBlobAt } from "./diff.ts";
import { statOf } from "./files.ts";
import type { Oid } from "./git.ts";
import type { Repository } from "./repository.ts";

/** Submodules that are no longer the empty folder, or the nothing, they were. */
export async function changedSubmodules(r: Repository, t: AttemptTree): Promise<Change[]> {
  const mode = "160000";
  return (await submodulesOf(r, t.base))
    .filter((path) => holdsSomething(join(t.path, path)))
    .map((path) => ({
      ...{ path, status: "modified", mode, oldMode: mode },
      ...{ kind: "gitlink", linkTarget: null, size: 0 },
    }));
}

function holdsSomething(path: string): boolean {
  const stats = statOf(path);
  if (stats === undefined) return false;
  return !stats.isDirectory() || readdirSync(path).length > 0;
}

const known = new Map<string, Promise<string[]>>();

/** Asked once a commit; only trees with a `.gitmodules` are listed. */
function submodulesOf(r: Repository, commit: Oid): Promise<string[]> {
  const key = `${r.commonDir}\0${commit}`;
  const paths = known.get(key) ?? listed(r, commit);
  known.set(key, paths);
  return paths;
}

async function listed(r: Repository, commit: Oid): Promise<string[]> {
  if ((await readBlobAt(r, commit, ".gitmodules")) === null) return [];
  return (await listTree(r, commit))
    .filter((entry) => entry.mode === "160000")
    .map((entry) => entry.path);
}
