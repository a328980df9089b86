/** The structural baseline of a project: reading it with its age, and writing it. */
import { join, posix } from "node:path";
import type { Oid } from "../../git/objects.ts";
import { commitsSince, lastChange } from "../../git/refs.ts";
import { readBlobAt } from "../../git/trees.ts";
import { isoTime } from "../../std/clock.ts";
import { readText, replaceFile } from "../../std/files.ts";
import {
  type Baseline,
  baselineFile,
  type EngineId,
  metadataFile,
  noteOf,
  parseBaseline,
  parseNote,
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

type BaselineContext = Pick<SettlementContext, "repository" | "projectDir" | "config">;

/** Texts of both files of a baseline; null where missing. */
interface BaselineTexts {
  text: string | null;
  note: string | null;
}

/** The baseline of two texts: null when there is none, a reason when it is unreadable. */
function parseTexts({ text, note }: BaselineTexts): ReadBaseline | string | null {
  if (text === null) return null;
  const baseline = parseBaseline(text);
  if (typeof baseline === "string") return baseline;
  // Without a note, sentrux wrote the baseline itself.
  const madeBy: EngineId | null =
    note === null ? { name: "sentrux", version: null } : parseNote(note).engine;
  return { baseline, madeBy };
}

/** A baseline and the engine that measured it; null when unknown. */
export type ReadBaseline = Pick<BaselineState, "baseline" | "madeBy">;

/** The baseline committed in a commit or tree: null when there is none, a reason when it is unreadable. */
export async function readStructureBaseline(
  c: BaselineContext,
  treeish: Oid,
): Promise<ReadBaseline | string | null> {
  return parseTexts(await textsAt(c, treeish));
}

async function textsAt(c: BaselineContext, treeish: Oid): Promise<BaselineTexts> {
  const read = (file: string): Promise<string | null> =>
    textAt(c, treeish, posix.join(c.projectDir, file));
  return { text: await read(baselineFile), note: await read(metadataFile) };
}

/**
 * The baseline committed in a commit, with its age at that commit. Null when there is none, a reason when
 * it cannot be read. `now` in milliseconds since the epoch.
 */
export async function baselineAt(
  c: BaselineContext,
  commit: Oid,
  now: number,
): Promise<BaselineState | string | null> {
  const path = posix.join(c.projectDir, baselineFile);
  return stateOf(c, { ...(await textsAt(c, commit)), path }, { commit, now });
}

/** The baseline on disk in a folder of the project, with its age at the checked-out commit. */
export function baselineOnDisk(
  c: BaselineContext & { projectRoot: string },
  folder: string,
  o: { commit: Oid; now: number },
): Promise<BaselineState | string | null> {
  const read = (name: string): string | null => readText(join(c.projectRoot, folder, name));
  const path = join(c.projectDir, folder, baselineFile);
  return stateOf(c, { text: read(baselineFile), note: read(metadataFile), path }, o);
}

async function stateOf(
  { repository, config }: BaselineContext,
  files: BaselineTexts & { path: string },
  o: { commit: Oid; now: number },
): Promise<BaselineState | string | null> {
  const found = parseTexts(files);
  if (found === null || typeof found === "string") return found;
  const { baseline, madeBy } = found;
  const note = parseNote(files.note ?? "");
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

/** Writes the baseline and its metadata below a folder, each atomically. `now` in milliseconds. */
export function writeStructureBaseline(
  folder: string,
  baseline: Baseline,
  o: { head: Oid; now: number; engine: EngineId },
): void {
  writeJson(join(folder, baselineFile), baseline);
  writeJson(join(folder, metadataFile), noteOf(baseline, { ...o, now: isoTime(o.now) }));
}

function writeJson(path: string, value: unknown): void {
  replaceFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
