/** The operator's working tree as a tree object, without touching their index or running their hooks. */
import { tmpdir } from "node:os";
import { inPrivate, must, mustLine, nulJoin, nulSplit, type Oid } from "./git.ts";
import { rememberedFilters, withPrivateGit } from "./private-dir.ts";
import type { Repository } from "./repository.ts";
import { headOf } from "./revisions.ts";

/** Tracked files as they are on disk, and untracked ones that are not ignored. */
export async function workingTree(r: Repository): Promise<Oid> {
  const head = (await headOf(r)).commit;
  const options = { near: tmpdir(), workTree: r.topLevel, filters: rememberedFilters(r) };
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
