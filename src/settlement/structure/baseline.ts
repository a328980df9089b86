/** The structural baseline of a project: reading it with its age, and writing it. */
import { dirname, join, posix } from "node:path";
import { isLocal, ownPath } from "../../config/find.ts";
import type { Oid } from "../../git/objects.ts";
import { commitsSince, lastChange } from "../../git/refs.ts";
import { readBlobAt } from "../../git/trees.ts";
import { isoTime } from "../../std/clock.ts";
import { makeProjectFolder, readText, replaceFile } from "../../std/files.ts";
import {
  type Baseline,
  baselineFile,
  type EngineId,
  metadataFile,
  noteFor,
  noteOf,
  parseBaseline,
  staleness,
} from "../../structure/baseline.ts";
import type { SettlementContext } from "../context.ts";

export interface BaselineState {
  baseline: Baseline;
  /** Engine that measured it; null when unknown. */
  madeBy: EngineId | null;
  /** The commit that was measured; null when it is unknown. */
  head: Oid | null;
  /** Age in commits and in seconds; null when unknown. */
  commits: number | null;
  seconds: number | null;
  /** Reason to refresh it; null while it is recent. */
  stale: string | null;
}

type BaselineContext = Pick<
  SettlementContext,
  "repository" | "projectRoot" | "projectDir" | "config"
>;

/** Texts of both files of a baseline; null where missing. */
export interface BaselineTexts {
  text: string | null;
  note: string | null;
}

/** True when two readings are of the same files; line endings that git converts do not count. */
export function isSameBaseline(a: BaselineTexts, b: BaselineTexts): boolean {
  return isSameText(a.text, b.text) && isSameText(a.note, b.note);
}

function isSameText(a: string | null, b: string | null): boolean {
  const plain = (text: string | null): string | undefined => text?.replaceAll("\r\n", "\n");
  return plain(a) === plain(b);
}

/** True when the files on disk hold a baseline that the operator has not committed, and that no run left there. */
function isOperators(onDisk: BaselineTexts, committed: BaselineTexts): boolean {
  const { text, note } = onDisk;
  if (text === null || isSameBaseline(onDisk, committed)) return false;
  const baseline = parseBaseline(text);
  const byRun = typeof baseline !== "string" && noteFor(baseline, note).byRun;
  return !byRun || isSameText(note, committed.note);
}

/** The baseline of two texts: null when there is none, a reason when it is unreadable. */
export function parseTexts({ text, note }: BaselineTexts): ReadBaseline | string | null {
  if (text === null) return null;
  const baseline = parseBaseline(text);
  if (typeof baseline === "string") return baseline;
  return { baseline, madeBy: noteFor(baseline, note).engine };
}

/** A baseline and the engine that measured it; null when unknown. */
export type ReadBaseline = Pick<BaselineState, "baseline" | "madeBy">;

/** The files of the baseline committed in a commit or tree; none for a local project. */
export async function textsAt(c: BaselineContext, treeish: Oid): Promise<BaselineTexts> {
  if (isLocal(c.projectRoot)) return { text: null, note: null };
  const read = (file: string): Promise<string | null> =>
    textAt(c, treeish, posix.join(c.projectDir, file));
  return { text: await read(baselineFile), note: await read(metadataFile) };
}

/** The files of the baseline on disk in a folder of the project. */
export function textsOnDisk(
  { projectRoot }: Pick<BaselineContext, "projectRoot">,
  folder = "",
): BaselineTexts {
  const read = (name: string): string | null => readText(ownPath(projectRoot, join(folder, name)));
  return { text: read(baselineFile), note: read(metadataFile) };
}

/**
 * The baseline on disk in a folder of the project, with its age at the checked-out commit. Null when there is none, a
 * reason when it cannot be read. `now` in milliseconds since the epoch.
 */
export function baselineOnDisk(
  c: BaselineContext,
  folder: string,
  o: { commit: Oid; now: number },
): Promise<BaselineState | string | null> {
  const path = join(c.projectDir, folder, baselineFile);
  return stateOf(c, { ...textsOnDisk(c, folder), path }, o);
}

/** The baseline that a project has at a commit. */
export type FoundBaseline = {
  /** The committed files. */
  committed: BaselineTexts;
  /** The files of the checkout; null when it is on another branch. */
  onDisk: BaselineTexts | null;
} & (
  | {
      /** `disk` when the checkout has files that are not committed. Those of a local project count as committed. */
      from: "commit" | "disk";
      /** With its age; a reason when it cannot be read. */
      state: BaselineState | string;
    }
  | {
      from: null;
      /** The commit that deleted it; null when there never was one. */
      deletedIn: Oid | null;
    }
);

/**
 * The baseline of a project at `commit`: the files on disk where the commit's branch is `checkedOut`, so that a
 * baseline counts before it is committed; otherwise the committed files. Files that a run wrote and could not commit
 * are left out: the next run writes them again. A local project has one baseline for all branches. `now` in milliseconds.
 */
export async function findBaseline(
  c: BaselineContext,
  o: { commit: Oid; checkedOut: boolean; now: number },
): Promise<FoundBaseline> {
  const path = posix.join(c.projectDir, baselineFile);
  const committed = await textsAt(c, o.commit);
  const local = isLocal(c.projectRoot);
  const onDisk = o.checkedOut || local ? textsOnDisk(c) : null;
  const found = { committed, onDisk };
  if (local && onDisk !== null) {
    const state = await stateOf(c, { ...onDisk, path }, o);
    return state === null
      ? { ...found, from: null, deletedIn: null }
      : { ...found, from: "commit", state };
  }
  const isNew = onDisk !== null && isOperators(onDisk, committed);
  const state = await stateOf(c, { ...(isNew ? onDisk : committed), path }, o);
  if (state !== null) return { ...found, from: isNew ? "disk" : "commit", state };
  return { ...found, from: null, deletedIn: await lastChange(c.repository, o.commit, path) };
}

async function stateOf(
  { repository, config }: BaselineContext,
  files: BaselineTexts & { path: string },
  o: { commit: Oid; now: number },
): Promise<BaselineState | string | null> {
  const found = parseTexts(files);
  if (found === null || typeof found === "string") return found;
  const { baseline, madeBy } = found;
  const note = noteFor(baseline, files.note);
  const noted = note.head === null ? null : await commitsSince(repository, note.head, o.commit);
  const head = noted === null ? await lastChange(repository, o.commit, files.path) : note.head;
  const commits = noted ?? (head === null ? null : await commitsSince(repository, head, o.commit));
  const at = note.timestamp ?? baseline.timestamp;
  const seconds = at === 0 ? null : Math.max(0, Math.floor(o.now / 1000) - at);
  const stale = staleness({ commits, seconds }, config.sentrux);
  return { baseline, madeBy, head, commits, seconds, stale };
}

async function textAt(
  { repository }: BaselineContext,
  commit: Oid,
  path: string,
): Promise<string | null> {
  const bytes = await readBlobAt(repository, commit, path);
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/**
 * Writes the baseline and its metadata below a folder, each atomically. `now` in milliseconds. Throws as
 * `makeProjectFolder`.
 */
export function writeStructureBaseline(
  folder: string,
  baseline: Baseline,
  o: { head: Oid; now: number; engine: EngineId; run?: string },
): void {
  makeProjectFolder(folder, dirname(baselineFile));
  writeJson(join(folder, baselineFile), baseline);
  writeJson(join(folder, metadataFile), noteOf(baseline, { ...o, now: isoTime(o.now) }));
}

function writeJson(path: string, value: unknown): void {
  replaceFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
