/**
 * A snapshot of the refs that gates with history see: the target branch, the tags and the branches of
 * remotes. It holds no configuration, reflog or stash, and nothing below `refs/dgov/`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "../std/digest.ts";
import { inRepository, must } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

export interface RefSnapshot {
  refs: readonly SnapshotRef[];
  /** SHA-256 of the refs. */
  digest: string;
}

interface SnapshotRef {
  ref: string;
  oid: Oid;
  /** For a symbolic ref such as `refs/remotes/origin/HEAD`: the ref of the snapshot that it names. */
  names: string | null;
}

/** Reads the refs as they are now. `target` is a branch, or null for a repository without one checked out. */
export async function snapshotRefs(r: Repository, target: string | null): Promise<RefSnapshot> {
  const format = "%(objectname) %(refname) %(symref)";
  const patterns = ["refs/tags/", "refs/remotes/"];
  if (target !== null) patterns.push(`refs/heads/${target}`);
  const args = ["for-each-ref", `--format=${format}`, ...patterns];
  const text = (await must(inRepository(r, args), "reading the refs")).toString();
  const lines = text.split("\n").filter((line) => line !== "");
  const listed = lines.map((line) => line.split(" "));
  const known = new Set(listed.map(([, ref]) => ref));
  const refs = listed.map(([oid = "", ref = "", names = ""]) => {
    return { ref, oid, names: names !== "" && known.has(names) ? names : null };
  });
  return { refs, digest: sha256(JSON.stringify(refs)) };
}

/** Writes the refs of a snapshot into a git dir that has none. */
export function writeRefs(gitDir: string, { refs }: RefSnapshot): void {
  const packed = refs.filter(({ names }) => names === null);
  const text = packed.map(({ oid, ref }) => `${oid} ${ref}\n`).join("");
  writeFileSync(join(gitDir, "packed-refs"), text);
  for (const { ref, names } of refs) {
    if (names === null) continue;
    const file = join(gitDir, ref);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `ref: ${names}\n`);
  }
}
