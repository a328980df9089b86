/** The difference of two trees in the words the scope verdict uses. */
import { diffTrees, readBlobAt } from "./diff.ts";
import type { Oid } from "./git.ts";
import type { Repository } from "./repository.ts";
import type { ChangeStatus } from "./snapshot.ts";

export interface TreeChange {
  path: string;
  status: ChangeStatus;
  kind: "file" | "symlink" | "gitlink" | "other";
  linkTarget: string | null;
}

/** Changes from a commit (null: nothing at all) to a tree. */
export async function treeChanges(r: Repository, from: Oid | null, to: Oid): Promise<TreeChange[]> {
  const entries = await diffTrees(r, from ?? emptyTree(r), to);
  return Promise.all(
    entries.map(async ({ path, oldMode, newMode }): Promise<TreeChange> => {
      const mode = newMode === "000000" ? oldMode : newMode;
      const status =
        newMode === "000000"
          ? "deleted"
          : oldMode === "000000"
            ? "added"
            : oldMode.slice(0, 3) === newMode.slice(0, 3)
              ? "modified"
              : "type_changed";
      if (mode === "160000") return { path, status, kind: "gitlink", linkTarget: null };
      if (mode !== "120000") return { path, status, kind: "file", linkTarget: null };
      const target = newMode === "120000" ? await readBlobAt(r, to, path) : null;
      return {
        path,
        status,
        kind: "symlink",
        linkTarget: target === null ? null : Buffer.from(target).toString(),
      };
    }),
  );
}

function emptyTree(r: Repository): Oid {
  return r.objectFormat === "sha256"
    ? "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    : "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
}
