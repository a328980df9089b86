/** Commits of dgov: built without an index or a work tree, the same bytes every time. */
import { join } from "node:path";
import { gitCommand, mustLine, type Oid, operatorEnvironment, runGit } from "./git.ts";
import { type CommitFields, commitBytes, messageText, seconds, writeObject } from "./objects.ts";
import type { Repository } from "./repository.ts";

/**
 * Writes a commit object into the repository, synced, and gives its id. `sign` has git sign it with
 * the user's own key and signing program; a signed commit is another one each time.
 */
export async function writeCommit(
  r: Repository,
  fields: CommitFields,
  o: { sign?: boolean | undefined } = {},
): Promise<Oid> {
  if (o.sign !== true) {
    return writeObject(join(r.commonDir, "objects"), r.objectFormat, "commit", commitBytes(fields));
  }
  const { name, email } = fields.identity;
  const date = `${seconds(fields.date)} +0000`;
  const who = ["AUTHOR", "COMMITTER"].map((role) => [
    [`GIT_${role}_NAME`, name],
    [`GIT_${role}_EMAIL`, email],
    [`GIT_${role}_DATE`, date],
  ]);
  const parents = fields.parents.flatMap((parent) => ["-p", parent]);
  const argv = gitCommand(r.commonDir, "commit-tree", "-S", ...parents, "-F", "-", fields.tree);
  const env = { ...operatorEnvironment(), ...Object.fromEntries(who.flat()) };
  return mustLine(runGit(argv, { env, stdin: messageText(fields.message) }), "signing a commit");
}
