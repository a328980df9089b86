/** What must be true of a candidate at the moment it lands, read from git and hashed again. */
import { posix } from "node:path";
import { type Oid, objectId } from "./objects.ts";
import type { Repository } from "./repository.ts";
import { type DiffEntry, diffTrees, readObjects } from "./trees.ts";

/**
 * Proves: the candidate's only parent is `from`; every changed path is allowed; no nested repository
 * and no link that leaves this one comes in; and every object that comes in is what its name says (a
 * process that can write the object store could have put other bytes under the right name).
 */
export async function proveLanding(
  r: Repository,
  o: { from: Oid; to: Oid; allowed(path: string): boolean },
): Promise<{ ok: true; changes: DiffEntry[] } | { ok: false; reason: string }> {
  const no = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
  const all = await diffTrees(r, o.from, o.to, { trees: true });
  const changes = all.filter((e) => e.oldMode !== "040000" && e.newMode !== "040000");
  // A folder in place of a file appears once, with its own mode, and its files after it.
  for (const e of all) {
    if (e.newMode === "040000" && e.oldMode !== "040000" && e.oldMode !== "000000") {
      changes.push({ ...e, newMode: "000000", newOid: "0".repeat(e.newOid.length) });
    }
  }
  for (const e of changes) {
    if (!e.utf8) return no(`the name of ${e.path} is not UTF-8`);
    if (!o.allowed(e.path)) return no(`${e.path} lies outside the unit's claims`);
    if (e.newMode === "160000") return no(`${e.path} is a nested repository`);
    if (e.oldMode === "160000") return no(`${e.path} is a submodule`);
  }
  const incoming = all.filter((e) => e.newMode !== "000000");
  const [commit, ...objects] = await readObjects(r, [o.to, ...incoming.map((e) => e.newOid)]);
  if (!commit || objectId(r.objectFormat, "commit", commit.bytes) !== o.to) {
    return no(`the candidate ${o.to} is damaged`);
  }
  const parents = [...headerOf(commit.bytes).matchAll(/^parent (.+)$/gm)].map((m) => m[1]);
  if (parents.length !== 1 || parents[0] !== o.from) {
    return no(`the candidate ${o.to} does not stand on ${o.from} alone`);
  }
  for (const [i, e] of incoming.entries()) {
    const object = objects[i];
    if (!object || objectId(r.objectFormat, object.type, object.bytes) !== e.newOid) {
      return no(`the content of ${e.path} in the object store is not what its id says`);
    }
    if (e.newMode === "120000" && leaves(e.path, object.bytes.toString())) {
      return no(`${e.path} is a link that leaves the repository`);
    }
  }
  return { ok: true, changes };
}

function headerOf(commit: Buffer): string {
  const end = commit.indexOf("\n\n");
  return commit.subarray(0, end < 0 ? commit.length : end).toString();
}

/**
 * Whether a link's target is anything but a path that stays in the repository whatever other links
 * do: relative, `..` only at its start and not above the root, never into `.git`.
 */
export function leaves(path: string, target: string): boolean {
  const parts = target.split("/");
  const ups = parts.findIndex((part) => part !== "..");
  const depth = posix.dirname(path) === "." ? 0 : posix.dirname(path).split("/").length;
  if (target === "" || target.startsWith("/") || target.includes("\0")) return true;
  if ((ups < 0 ? parts.length : ups) > depth) return true;
  if (ups >= 0 && parts.slice(ups).includes("..")) return true;
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  return resolved.split("/").some((part) => part.toLowerCase() === ".git");
}
