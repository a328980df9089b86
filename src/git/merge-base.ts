/** The merge base of two commits, in clones whose history may be cut off. */
import { join } from "node:path";
import { readText } from "../std/files.ts";
import { inRepository, must } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

type MergeBase =
  | { kind: "found"; commit: Oid }
  /** The commits have no common ancestor. */
  | { kind: "none" }
  /** A shallow clone lacks commits that may be, or lead to, the merge base. */
  | { kind: "cut_off" };

/**
 * The best common ancestor of two commits. In a shallow clone it is `found` only when every commit since it is present
 * with its parents, so that the answer is that of the whole history.
 */
export async function mergeBase(r: Repository, one: Oid, other: Oid): Promise<MergeBase> {
  const output = await inRepository(r, ["merge-base", one, other]);
  if (output.code === 1) return { kind: r.shallow ? "cut_off" : "none" };
  const commit = (await must(Promise.resolve(output), "looking for the merge base"))
    .toString()
    .trim();
  if (!r.shallow) return { kind: "found", commit };
  const list = inRepository(r, ["rev-list", one, other, `^${commit}`]);
  const since = (await must(list, "reading the history")).toString().split("\n");
  const cut = new Set((readText(join(r.commonDir, "shallow")) ?? "").split("\n").filter(Boolean));
  return since.some((id) => cut.has(id)) ? { kind: "cut_off" } : { kind: "found", commit };
}

/** The parents of a commit. */
export async function parentsOf(r: Repository, commit: Oid): Promise<Oid[]> {
  const shown = await must(
    inRepository(r, ["rev-list", "--no-walk", "--parents", commit]),
    "reading a commit",
  );
  return shown.toString().trim().split(" ").slice(1);
}
