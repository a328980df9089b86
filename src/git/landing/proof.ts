/** Verification of a candidate right before it lands, with every object read from git and hashed again. */
import { posix } from "node:path";
import { type Oid, objectId } from "../objects.ts";
import type { Repository } from "../repository.ts";
import { listSubmodules } from "../submodules.ts";
import { type DiffEntry, diffTrees, readObjects } from "../trees.ts";

/**
 * Verifies that the candidate's only parent is `from`, that every changed path is allowed, that no nested
 * repository and no link out of the repository is added, that a submodule is at most moved to a commit of its
 * repository on this machine, and that every new object's content matches its
 * id (a process that can write to the object store could have put other bytes there).
 */
export async function proveLanding(
  r: Repository,
  o: { from: Oid; to: Oid; allowed: LandingScope },
): Promise<{ ok: true; changes: DiffEntry[] } | { ok: false; reason: string }> {
  const fail = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
  const all = await diffTrees(r, o.from, o.to, { trees: true });
  const changes = all.filter((e) => e.oldMode !== "040000" && e.newMode !== "040000");
  // A file replaced by a folder is one entry with the folder's mode; its deletion is added here.
  for (const e of all) {
    if (e.newMode === "040000" && e.oldMode !== "040000" && e.oldMode !== "000000") {
      changes.push({ ...e, newMode: "000000", newOid: "0".repeat(e.newOid.length) });
    }
  }
  for (const e of changes) {
    if (!e.utf8) return fail(`the name of ${e.path} is not UTF-8`);
    if (!o.allowed(e.path, "file")) return fail(`${e.path} is outside the unit's claims`);
    const problem = await submoduleProblem(r, o, e);
    if (problem !== null) return fail(problem);
  }
  const incoming = all.filter((e) => e.newMode !== "000000" && e.newMode !== "160000");
  const [commit, ...objects] = await readObjects(r, [o.to, ...incoming.map((e) => e.newOid)]);
  if (!commit || objectId(r.objectFormat, "commit", commit.bytes) !== o.to) {
    return fail(`the candidate ${o.to} is damaged`);
  }
  const parents = [...headerOf(commit.bytes).matchAll(/^parent (.+)$/gm)].map((m) => m[1]);
  if (parents.length !== 1 || parents[0] !== o.from) {
    return fail(`the only parent of candidate ${o.to} is not ${o.from}`);
  }
  for (const [i, e] of incoming.entries()) {
    const object = objects[i];
    if (!object || objectId(r.objectFormat, object.type, object.bytes) !== e.newOid) {
      return fail(`the content of ${e.path} in the object store does not match its id`);
    }
    if (e.newMode === "120000" && leavesRepository(e.path, object.bytes.toString())) {
      return fail(`${e.path} is a symbolic link that leaves the repository`);
    }
  }
  return { ok: true, changes };
}

/** True for a repo-relative path that may change: as a file, or as a submodule that moves to another commit. */
export type LandingScope = (path: string, kind: "file" | "submodule") => boolean;

/** The reason why a change of a submodule or nested repository cannot land; null for any other change. */
async function submoduleProblem(
  r: Repository,
  o: { to: Oid; allowed: LandingScope },
  { path, oldMode, newMode, newOid }: DiffEntry,
): Promise<string | null> {
  if (oldMode !== "160000") return newMode === "160000" ? `${path} is a nested repository` : null;
  if (newMode !== "160000" || !o.allowed(path, "submodule")) return `${path} is a submodule`;
  const found = (await listSubmodules(r, o.to)).find((submodule) => submodule.path === path);
  if (found?.module && found.commit === newOid) return null;
  return `${path} is a submodule, and ${newOid} is not a commit of it on this machine`;
}

function headerOf(commit: Buffer): string {
  const end = commit.indexOf("\n\n");
  return commit.subarray(0, end < 0 ? commit.length : end).toString();
}

/**
 * True when a link's target may lie outside the repository. A target inside is relative, has `..` only at
 * its start and not beyond the root (so that other links cannot lead it out), and is not in `.git`.
 */
export function leavesRepository(path: string, target: string): boolean {
  const parts = target.split("/");
  const ups = parts.findIndex((part) => part !== "..");
  const depth = posix.dirname(path) === "." ? 0 : posix.dirname(path).split("/").length;
  if (target === "" || target.startsWith("/") || target.includes("\0")) return true;
  if ((ups < 0 ? parts.length : ups) > depth) return true;
  if (ups >= 0 && parts.slice(ups).includes("..")) return true;
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  return resolved.split("/").some((part) => part.toLowerCase() === ".git");
}
