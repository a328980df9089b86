/** Keeps an attempt's work in a commit under a keep-ref, and removes a worktree once all of it is kept. */
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
} from "node:fs";
import { join } from "node:path";
import { DgovError } from "../../error.ts";
import { faultPoint } from "../../process/fault-injection.ts";
import { lstatIfPresent, removeFolder } from "../../std/files.ts";
import { compareText } from "../../std/order.ts";
import { writeCommit } from "../commit.ts";
import { inRepository, must } from "../git.ts";
import { type Identity, type Oid, objectId } from "../objects.ts";
import { removeOwnFolder } from "../own-folder.ts";
import { resolveCommit, updateRef } from "../refs.ts";
import type { Repository } from "../repository.ts";
import { diffTrees } from "../trees.ts";
import type { FileChange } from "./changed-files.ts";
import { attemptChanges, destruction } from "./changes.ts";
import { treeWith } from "./snapshot.ts";
import { registrationOf } from "./worktree.ts";
import { cachedKeepCommit, cacheKeepCommit, fileSignature } from "./worktree-cache.ts";
import type { Worktree } from "./worktree-files.ts";

const omittedTrailer = "Dgov-Omitted: ";

/**
 * Commits everything that differs from the base and points `ref` at the commit. Call it when the
 * attempt's processes are dead. Up to `bytesMax`, tracked files come first, then new ones, each by size;
 * paths that do not fit or that git cannot store are omitted and named in the commit message.
 */
export async function keepWork(
  r: Repository,
  t: Worktree,
  o: { ref: string; message: string; identity: Identity; date: string; bytesMax: number },
): Promise<{ commit: Oid; omitted: string[]; changes: FileChange[] }> {
  const changes = await attemptChanges(r, t);
  const signature = signatureOf(t, changes);
  const { kept, omitted } = choose(t, changes, o.bytesMax);
  const tree = await treeWith(r, t, kept);
  const trailers = omitted.map((path) => `${omittedTrailer}${JSON.stringify(path)}`);
  const message = [o.message.trimEnd(), ...(trailers.length > 0 ? ["", ...trailers] : [])];
  const { identity, date } = o;
  const fields = { tree, parents: [t.base], message: message.join("\n"), identity, date };
  const commit = await writeCommit(r, fields);
  faultPoint("keep.before_ref");
  await updateRef(r, o.ref, commit);
  faultPoint("keep.after_ref");
  cacheKeepCommit(t, signature, commit);
  return { commit, omitted, changes };
}

/** Identity of changes, those of submodules included, whose folders do not show a move. */
function signatureOf(t: Worktree, changes: readonly FileChange[]): string {
  const files = fileSignature(
    t,
    changes.map(({ path }) => path),
  );
  return [files, ...changes.flatMap(({ movedTo }) => movedTo ?? [])].join("\n");
}

function choose(
  t: Worktree,
  changes: readonly FileChange[],
  bytesMax: number,
): { kept: string[]; omitted: string[] } {
  const ranked = [...changes].sort(
    (a, b) =>
      Number(a.status === "added") - Number(b.status === "added") ||
      a.size - b.size ||
      compareText(a.path, b.path),
  );
  const [kept, omitted]: string[][] = [[], []];
  let room = bytesMax;
  for (const change of ranked) {
    if (isStorable(t, change) && change.size <= room) {
      room -= change.size;
      kept?.push(change.path);
    } else omitted?.push(change.path);
  }
  return { kept: kept ?? [], omitted: omitted ?? [] };
}

/** True when git can store the change. A file with a second hard link cannot land but can be kept. */
function isStorable(t: Worktree, change: FileChange): boolean {
  if (change.kind === "gitlink") return change.movedTo !== undefined;
  if (change.status === "deleted" || change.kind !== "other") return true;
  return lstatIfPresent(join(t.path, change.path))?.isFile() ?? false;
}

/**
 * Changed paths of the worktree whose present state is not in `ref` (null: all changed paths), except
 * those that the keep commit names as omitted. The worktree may be removed when there are none.
 */
async function unkeptPaths(r: Repository, t: Worktree, ref: string | null): Promise<string[]> {
  const changes = await attemptChanges(r, t);
  if (changes.length === 0) return [];
  const commit = ref === null ? null : await resolveCommit(r, ref);
  const paths = changes.map(({ path }) => path);
  if (commit === null) return paths;
  if (cachedKeepCommit(t, signatureOf(t, changes)) === commit) return [];

  const kept = new Map((await diffTrees(r, t.base, commit)).map((entry) => [entry.path, entry]));
  const missing = changes.filter((change) => {
    const entry = kept.get(change.path);
    if (change.status === "deleted") return entry?.newMode !== "000000";
    return entry?.newMode !== change.mode || entry.newOid !== contentId(r, t, change);
  });
  if (missing.length === 0) return [];
  const omitted = await omittedBy(r, commit);
  const rest = missing.map(({ path }) => path).filter((path) => !omitted.has(path));
  if (rest.length === 0) return [];
  // With attributes, git may store other bytes than the file has; compare what git would store.
  const storable = changes.filter((c) => isStorable(t, c) && !omitted.has(c.path));
  const tree = await treeWith(
    r,
    t,
    storable.map(({ path }) => path),
  );
  return (await diffTrees(r, tree, commit)).length === 0 ? [] : rest;
}

/** Blob id of a path's raw bytes, or the commit of a moved submodule; "" for anything else. */
function contentId(r: Repository, t: Worktree, change: FileChange): Oid {
  if (change.movedTo !== undefined) return change.movedTo;
  const path = join(t.path, change.path);
  if (change.kind === "symlink") {
    return objectId(r.objectFormat, "blob", readlinkSync(path, { encoding: "buffer" }));
  }
  if (!lstatSync(path).isFile()) return "";
  return objectId(r.objectFormat, "blob", readFileSync(path));
}

/** Paths that a keep commit names as omitted. */
export async function omittedBy(r: Repository, commit: Oid): Promise<Set<string>> {
  const text = await must(inRepository(r, ["cat-file", "commit", commit]), `reading ${commit}`);
  const lines = text
    .toString()
    .split("\n")
    .filter((line) => line.startsWith(omittedTrailer));
  return new Set(lines.map((line) => String(JSON.parse(line.slice(omittedTrailer.length)))));
}

/**
 * Removes a worktree and its registration: the only function that deletes an attempt's files.
 * Throws REFUSED unless nothing is lost: `keptRef` holds every change (except paths that the keep commit names
 * as omitted), or there is no change, or the worktree was destroyed and nothing is in its place.
 */
export async function removeWorktree(
  r: Repository,
  t: Worktree,
  proof: { keptRef?: string },
): Promise<void> {
  if (existsSync(t.path) && !isUnfinished(t)) {
    const destroyed = (await destruction(r, t)) !== null;
    const missing = destroyed ? namesIn(t.path) : await unkeptPaths(r, t, proof.keptRef ?? null);
    if (missing.length > 0) {
      const where = proof.keptRef ?? "any ref";
      throw new DgovError("REFUSED", `${t.path} holds work that is not under ${where}`, {
        cause: new Error(missing.slice(0, 20).join("\n")),
        hint: "the worktree was not removed",
      });
    }
  }
  const registered = registrationOf(r, t);
  // Renamed first: after a crash, a half-deleted worktree would look like one with deleted files.
  const gone = `${t.path}.gone`;
  if (existsSync(t.path)) renameSync(t.path, gone);
  if (registered !== null) removeFolder(registered);
  removeOwnFolder(t.meta);
  // Last, since it may hold files of another user that cannot be removed.
  removeOwnFolder(gone);
}

/** True when the creation of the worktree was interrupted: no worker has run in it, so it holds no work. */
function isUnfinished(t: Worktree): boolean {
  if (existsSync(join(t.meta, "worker", "HEAD"))) return false;
  try {
    const original = readFileSync(join(t.meta, "gitfile"), "utf8");
    return readFileSync(join(t.path, ".git"), "utf8") === original;
  } catch {
    return namesIn(t.path).length === 0;
  }
}

/** Names in a folder; none of anything else. */
function namesIn(path: string): string[] {
  return lstatIfPresent(path)?.isDirectory() ? readdirSync(path) : [];
}
