/** The baseline files of a project: how old they are, and writing them anew. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readBlobAt } from "../git/diff.ts";
import type { Oid } from "../git/repository.ts";
import { commitsSince, lastChange } from "../git/revisions.ts";
import { isoTime } from "../std/clock.ts";
import {
  type Baseline,
  baselineFile,
  metadataFile,
  noteOf,
  parseBaseline,
  parseNote,
  staleness,
} from "../structure/baseline.ts";
import type { SettlementContext } from "./context.ts";

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
export async function baselineState(
  c: Asking,
  commit: Oid,
  now: number,
): Promise<BaselineState | string | null> {
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const text = await textAt(c, commit, prefix + baselineFile);
  if (text === null) return null;
  const baseline = parseBaseline(text);
  if (typeof baseline === "string") return baseline;
  const note = parseNote((await textAt(c, commit, prefix + metadataFile)) ?? "");
  const known = note.head === null ? null : await commitsSince(c.repository, note.head, commit);
  const changed =
    known === null ? await lastChange(c.repository, commit, prefix + baselineFile) : null;
  const commits =
    known ?? (changed === null ? null : await commitsSince(c.repository, changed, commit));
  const at = note.timestamp ?? baseline.timestamp;
  const seconds = at === 0 ? null : Math.max(0, Math.floor(now / 1000) - at);
  const age = { commits, seconds };
  const head = known === null ? changed : note.head;
  return { baseline, head, ...age, stale: staleness(age, c.config.sentrux) };
}

async function textAt({ repository }: Asking, commit: Oid, path: string): Promise<string | null> {
  const bytes = await readBlobAt(repository, commit, path);
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** Writes both files below a folder, each whole or not at all. `now` in milliseconds. */
export function writeBaseline(
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
