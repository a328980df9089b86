/** The baseline files of a project: how old they are, and writing them anew. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Oid } from "../../git/objects.ts";
import { commitsSince, lastChange } from "../../git/refs.ts";
import { readBlobAt } from "../../git/trees.ts";
import { isoTime } from "../../std/clock.ts";
import {
  type Baseline,
  baselineFile,
  metadataFile,
  noteOf,
  parseBaseline,
  parseNote,
  staleness,
} from "../../structure/baseline.ts";
import type { SettlementContext } from "../context.ts";

export interface BaselineState {
  baseline: Baseline;
  /** The commit its figures are of, as far as that is known. */
  head: Oid | null;
  commits: number | null;
  seconds: number | null;
  /** Why it is old; null while it is not. */
  stale: string | null;
}

type Asking = Pick<SettlementContext, "repository" | "projectDir" | "config">;

/**
 * The baseline of a commit, and its age there. `now` in milliseconds. Null when there is none, a
 * string when it cannot be read.
 */
export async function baselineAt(
  c: Asking,
  commit: Oid,
  now: number,
): Promise<BaselineState | string | null> {
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const text = await textAt(c, commit, prefix + baselineFile);
  const note = await textAt(c, commit, prefix + metadataFile);
  return stateOf(c, { text, note, path: prefix + baselineFile }, { commit, now });
}

/** The same of the files as they lie below a folder of the project, for a commit checked out. */
export function baselineOnDisk(
  c: Asking & { projectRoot: string },
  folder: string,
  o: { commit: Oid; now: number },
): Promise<BaselineState | string | null> {
  const read = (name: string): string | null => {
    const path = join(c.projectRoot, folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : null;
  };
  const path = join(c.projectDir, folder, baselineFile);
  return stateOf(c, { text: read(baselineFile), note: read(metadataFile), path }, o);
}

async function stateOf(
  { repository, config }: Asking,
  files: { text: string | null; note: string | null; path: string },
  o: { commit: Oid; now: number },
): Promise<BaselineState | string | null> {
  if (files.text === null) return null;
  const baseline = parseBaseline(files.text);
  if (typeof baseline === "string") return baseline;
  const note = parseNote(files.note ?? "");
  const noted = note.head === null ? null : await commitsSince(repository, note.head, o.commit);
  const head = noted === null ? await lastChange(repository, o.commit, files.path) : note.head;
  const commits = noted ?? (head === null ? null : await commitsSince(repository, head, o.commit));
  const at = note.timestamp ?? baseline.timestamp;
  const seconds = at === 0 ? null : Math.max(0, Math.floor(o.now / 1000) - at);
  const stale = staleness({ commits, seconds }, config.sentrux);
  return { baseline, head, commits, seconds, stale };
}

async function textAt({ repository }: Asking, commit: Oid, path: string): Promise<string | null> {
  const bytes = await readBlobAt(repository, commit, path);
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** Writes both files below a folder, each whole or not at all. `now` in milliseconds. */
export function writeStructureBaseline(
  folder: string,
  baseline: Baseline,
  o: { head: Oid; now: number },
): void {
  replace(join(folder, baselineFile), baseline);
  replace(join(folder, metadataFile), noteOf(baseline, { head: o.head, now: isoTime(o.now) }));
}

function replace(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}
