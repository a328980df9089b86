/**
 * Removal of telemetry of old runs and of blobs that no remaining event names.
 *
 * Lifecycle events and the blobs that they name stay; a trigger in the schema rejects their deletion.
 */

import { type BlobFile, listBlobs, removeBlobs } from "./blobs.ts";
import type { Connection } from "./database.ts";

export interface PruneRequest {
  /** Runs to remove the telemetry of. */
  runs: readonly string[];
  /** Blobs modified at or after this time stay in any case, epoch milliseconds. */
  before: number;
  /** Computes the result without removing anything. */
  dry: boolean;
}

export interface PruneResult {
  /** Number of telemetry events of each run that has any. */
  events: { run: string; events: number }[];
  files: number;
  bytes: number;
}

/** Rows read by one query. */
const pageRows = 5_000;

/** Prunes a log and its folder of blobs; with `dry`, returns the same result and changes nothing. */
export function pruneLog(connection: Connection, blobs: string, o: PruneRequest): PruneResult {
  const events = o.runs
    .map((run) => ({ run, events: countTelemetry(connection, run) }))
    .filter(({ events }) => events > 0);
  const referenced = referencedDigests(connection, new Set(o.runs));
  const isObsolete = ({ digest, modifiedAt }: BlobFile): boolean =>
    modifiedAt < o.before && (digest === null || !referenced.has(digest));
  const files = listBlobs(blobs).filter(isObsolete);
  if (!o.dry) {
    // Rows are deleted first: a crash then leaves blobs without rows, which the next prune removes, and never
    // a row without its blob.
    deleteTelemetry(
      connection,
      events.map(({ run }) => run),
    );
    removeBlobs(files);
  }
  return { events, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const ofRun = "FROM events WHERE kind = 'telemetry' AND run = ?";

function countTelemetry(connection: Connection, run: string): number {
  return connection.get<{ n: number }>(`SELECT count(*) AS n ${ofRun}`, run)?.n ?? 0;
}

function deleteTelemetry(connection: Connection, runs: readonly string[]): void {
  if (runs.length === 0) return;
  connection.transaction(() => {
    for (const run of runs) connection.run(`DELETE ${ofRun}`, run);
  });
  connection.run("VACUUM");
}

/** Digests that events name, except telemetry of some runs. Reads the whole log in pages. */
function referencedDigests(connection: Connection, except: ReadonlySet<string>): Set<string> {
  const digests = new Set<string>();
  const page = "SELECT seq, run, kind, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?";
  for (let after = 0; ; ) {
    const rows = connection.all<{ seq: number; run: string; kind: string; data: string }>(
      page,
      after,
      pageRows,
    );
    for (const { run, kind, data } of rows) {
      if (kind === "telemetry" && except.has(run)) continue;
      for (const digest of data.match(/\b[0-9a-f]{64}\b/g) ?? []) digests.add(digest);
    }
    const last = rows.at(-1);
    if (last === undefined) return digests;
    after = last.seq;
  }
}
