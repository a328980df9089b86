/**
 * Taking telemetry of old runs out of the log, and the files nothing names any more.
 *
 * Lifecycle events stay, and with them what they name: the log itself refuses to lose one.
 */

import { type BlobFile, listBlobs, removeBlobs } from "./blobs.ts";
import type { Connection } from "./database.ts";

export interface PruneRequest {
  /** Runs whose telemetry goes. */
  runs: readonly string[];
  /** Files younger than this stay whoever names them, epoch milliseconds. */
  before: number;
  /** Only look. */
  dry: boolean;
}

export interface PruneResult {
  /** Telemetry events per run, of those that have any. */
  events: { run: string; events: number }[];
  files: number;
  bytes: number;
}

/** Rows looked at in one go. */
const pageRows = 5_000;

/** Prunes a log and its folder of blobs; `dry` gives the same answer and changes nothing. */
export function pruneLog(connection: Connection, blobs: string, o: PruneRequest): PruneResult {
  const events = o.runs
    .map((run) => ({ run, events: countTelemetry(connection, run) }))
    .filter(({ events }) => events > 0);
  const named = namedDigests(connection, new Set(o.runs));
  const goes = ({ digest, modifiedAt }: BlobFile): boolean =>
    modifiedAt < o.before && (digest === null || !named.has(digest));
  const files = listBlobs(blobs).filter(goes);
  if (!o.dry) {
    // Rows first: a file without a row is found again by the next prune, a row without one is not.
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

/** Every digest that an event names, but for telemetry of some runs. Reads the whole log, page by page. */
function namedDigests(connection: Connection, except: ReadonlySet<string>): Set<string> {
  const named = new Set<string>();
  const page = "SELECT seq, run, kind, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?";
  for (let after = 0; ; ) {
    const rows = connection.all<{ seq: number; run: string; kind: string; data: string }>(
      page,
      after,
      pageRows,
    );
    for (const { run, kind, data } of rows) {
      if (kind === "telemetry" && except.has(run)) continue;
      for (const digest of data.match(/\b[0-9a-f]{64}\b/g) ?? []) named.add(digest);
    }
    const last = rows.at(-1);
    if (last === undefined) return named;
    after = last.seq;
  }
}
