/** The files of a project as git sees them: tracked, and untracked ones that are not ignored. */

import { tmpdir } from "node:os";
import { relative } from "node:path";
import { must, nulSplit } from "../git/git.ts";
import { inPrivate, withPrivateGit } from "../git/private-dir.ts";
import { headOf } from "../git/refs.ts";
import { openRepository } from "../git/repository.ts";

/** At most `max` paths below a project root, relative to it. */
export async function projectFiles(root: string, max: number): Promise<string[]> {
  const repository = await openRepository(root);
  const head = (await headOf(repository)).commit;
  const listed = await withPrivateGit(
    repository,
    { near: tmpdir(), workTree: repository.topLevel },
    async (g) => {
      if (head !== null) await must(inPrivate(g, ["read-tree", head]), "reading HEAD");
      return must(
        inPrivate(g, ["ls-files", "-z", "-c", "-o", "--exclude-standard"]),
        "listing files",
      );
    },
  );
  const prefix = relative(repository.topLevel, root);
  return nulSplit(listed)
    .map(String)
    .filter((path) => prefix === "" || path.startsWith(`${prefix}/`))
    .map((path) => (prefix === "" ? path : path.slice(prefix.length + 1)))
    .slice(0, max);
}
