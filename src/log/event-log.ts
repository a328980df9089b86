/**
 * The append-only event log in `.dgov/state.db`, the authority on what happened.
 *
 * `append` returns when its lifecycle events, and all telemetry noted before, are on disk. A power cut may
 * lose the last 50 ms of `note`. Only the process that holds the run lock writes.
 */
import { ownPath } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { type Clock, isoTime, systemClock } from "../std/clock.ts";
import { errorMessage } from "../std/text.ts";
import { readBlob, storeBlob } from "./blobs.ts";
import { readCounts, readToolCalls, type ToolCalls, type UsageCounts } from "./counts.ts";
import {
  type Connection,
  databasePath,
  openForReading,
  openForWriting,
  openForWritingWhenFree,
  type WaitOptions,
  type WritingConnection,
} from "./database.ts";
import { type PruneRequest, type PruneResult, pruneLog } from "./prune.ts";

/**
 * One row of the event log.
 *
 * Lifecycle events are few, each durable, and never deleted; telemetry (turns, calls, output) is written
 * in batches and may be pruned. The keys of `data` are snake_case.
 */
export interface RecordedEvent {
  /** Position in the log: increasing, never reused. */
  seq: number;
  /** RFC 3339, UTC, milliseconds. */
  ts: string;
  run: string;
  plan: string;
  unit: string | null;
  attempt: number | null;
  /** `noun.verb`. */
  type: string;
  kind: "lifecycle" | "telemetry";
  data: Record<string, unknown>;
}

export type NewEvent = Omit<RecordedEvent, "seq" | "ts" | "kind">;

/** One run in a list: its `run.started` event without the data. */
interface RunEntry {
  run: string;
  plan: string;
  seq: number;
  ts: string;
}

interface TelemetryQuery {
  run: string;
  unit?: string;
  attempt?: number;
  afterSeq?: number;
  /** Only these types. */
  types?: readonly string[];
}

export interface EventLog {
  /** Records lifecycle events in one durable transaction and returns them with `seq` and `ts`. */
  append(events: readonly NewEvent[]): RecordedEvent[];
  /** As `append`, which blocks this process while another one holds the database; this one lets the event loop turn. */
  appendWhenFree(events: readonly NewEvent[]): Promise<RecordedEvent[]>;
  /**
   * As `append`, for facts that no action waits for: while another process holds the database they are queued (`seq`
   * is 0), and written before everything that is recorded later.
   */
  appendSoon(events: readonly NewEvent[]): RecordedEvent[];
  /** Queues a telemetry event; written after 200 events, after 50 ms or with the next `append`. */
  note(event: NewEvent): void;
  /** Writes queued telemetry. */
  flush(): void;
  /** Lifecycle events of one run or of all, in order. */
  lifecycle(query: { run?: string; afterSeq?: number; limit?: number }): RecordedEvent[];
  /**
   * The events that determine the status of a run and its units: the last one of each type and unit.
   * Enough for a list of many runs.
   */
  overview(run: string): RecordedEvent[];
  telemetry(query: TelemetryQuery): RecordedEvent[];
  /** The latest run of a plan or of all plans; null when there is none. */
  newestRun(plan?: string): string | null;
  /** Runs, newest first. */
  runs(query: { plan?: string; limit: number }): RunEntry[];
  /** The `run.started` events of all runs, or of the first ones, in order. */
  starts(limit?: number): RecordedEvent[];
  /** The `landing.started` events with a note and the `landing.finished` events of all runs, in order. */
  notedLandings(): RecordedEvent[];
  /** Tokens, turns and calls per unit, attempt and model of a run. */
  counts(run: string): UsageCounts[];
  /** Tool-call statistics per run, unit, tool and kind of error, of one run or of all. */
  toolCalls(run?: string): ToolCalls[];
  /** A number that changes when another process has written. */
  dataVersion(): number;
  /**
   * Stores bytes under `.dgov/out/blobs/` and returns their SHA-256. Synced to disk unless `durable` is
   * false, for blobs that only telemetry names.
   */
  putBlob(bytes: string | Uint8Array, o?: { durable?: boolean }): string;
  getBlob(digest: string): Uint8Array | null;
  /** Stores a compiled plan under `.dgov/out/plans/` and returns its digest. */
  savePlan(bytes: string): string;
  /** The compiled plan of a digest; null when it is missing. */
  readPlan(digest: string): string | null;
  /**
   * The reason why another process does not find the end of a run that was recorded here: the database was removed,
   * replaced, truncated or damaged. Null when it does.
   */
  lossOf(run: string): string | null;
  /** Removes telemetry of runs, and old blobs that no remaining event names. Lifecycle events stay. */
  prune(request: PruneRequest): PruneResult;
  [Symbol.dispose](): void;
}

const batchRowsMax = 200;
const batchDelayMs = 50;
/** Rows that are queued while another process holds the database, and the time between two tries to write them. */
const queuedRowsMax = 50_000;
const queueDelayMs = 250;

interface OpenOptions extends WaitOptions {
  clock?: Clock;
}

/**
 * Opens the log for writing and creates it when missing. `waiting` is told when a write waits for another process.
 * Throws LOG_NEWER or LOG_UNUSABLE.
 */
export function openEventLog(projectRoot: string, options: OpenOptions = {}): EventLog {
  const connection = openForWriting(databasePath(projectRoot), options);
  return eventLog(projectRoot, connection, writer(connection, options.clock ?? systemClock));
}

/** As `openEventLog`, but lets the event loop turn while another process holds the database. */
export async function openEventLogWhenFree(
  projectRoot: string,
  options: OpenOptions = {},
): Promise<EventLog> {
  const connection = await openForWritingWhenFree(databasePath(projectRoot), options);
  return eventLog(projectRoot, connection, writer(connection, options.clock ?? systemClock));
}

/** Opens the log for reading; null when there is none. Never creates or changes a file. */
export function openEventLogForReading(projectRoot: string): EventLog | null {
  const connection = openForReading(databasePath(projectRoot));
  return connection === null ? null : eventLog(projectRoot, connection, noWriter);
}

type Writer = Pick<EventLog, "append" | "appendWhenFree" | "appendSoon" | "note" | "flush">;

function refuseToWrite(): never {
  throw new DgovError("INTERNAL", "the event log was opened for reading");
}
const noWriter: Writer = {
  append: refuseToWrite,
  appendWhenFree: refuseToWrite,
  appendSoon: refuseToWrite,
  note: refuseToWrite,
  flush: () => {},
};

function writer(connection: WritingConnection, clock: Clock): Writer {
  /** Rows to write before all later ones. */
  let queue: RecordedEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  /** The error of a write by the timer; thrown at the next call. */
  let failure: { error: unknown } | null = null;

  const recorded = (event: NewEvent, kind: RecordedEvent["kind"]): RecordedEvent => {
    const { run, plan, unit, attempt, type, data } = event;
    return { seq: 0, ts: isoTime(clock.now()), run, plan, unit, attempt, type, kind, data };
  };
  const insertAll = (more: readonly RecordedEvent[]): void => {
    for (const row of [...queue, ...more]) row.seq = insert(connection, row);
  };
  /** Empties the queue; only after a transaction has succeeded. */
  const written = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    queue = [];
  };
  const throwLateFailure = (): void => {
    const late = failure;
    failure = null;
    if (late !== null) throw late.error;
  };
  const writeQueue = (): void => {
    if (queue.length === 0) return;
    if (queue.length >= queuedRowsMax) connection.transaction(() => insertAll([]), written);
    else if (!connection.transactionUnlessBusy(() => insertAll([]), written)) {
      writeLater(queueDelayMs);
    }
  };
  const writeLater = (delayMs: number): void => {
    timer ??= setTimeout(() => {
      timer = null;
      try {
        writeQueue();
      } catch (error) {
        failure = { error };
      }
    }, delayMs);
    // A process that ends does not wait for a log that stays held.
    timer.unref();
  };
  return {
    append(events) {
      throwLateFailure();
      const rows = events.map((event) => recorded(event, "lifecycle"));
      connection.transaction(() => insertAll(rows), written);
      return rows;
    },
    async appendWhenFree(events) {
      throwLateFailure();
      const rows = events.map((event) => recorded(event, "lifecycle"));
      await connection.transactionWhenFree(() => insertAll(rows), written);
      return rows;
    },
    appendSoon(events) {
      throwLateFailure();
      const rows = events.map((event) => recorded(event, "lifecycle"));
      queue.push(...rows);
      writeQueue();
      return rows;
    },
    note(event) {
      throwLateFailure();
      queue.push(recorded(event, "telemetry"));
      if (queue.length === batchRowsMax || queue.length >= queuedRowsMax) writeQueue();
      else writeLater(batchDelayMs);
    },
    flush() {
      throwLateFailure();
      if (queue.length > 0) connection.transaction(() => insertAll([]), written);
    },
  };
}

function insert(connection: Connection, row: RecordedEvent): number {
  return connection.run(
    "INSERT INTO events (ts, run, plan, unit, attempt, type, kind, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    row.ts,
    row.run,
    row.plan,
    row.unit,
    row.attempt,
    row.type,
    row.kind,
    JSON.stringify(row.data),
  );
}

/** Parses the `data` text of a row from SQLite, in place. */
function withData(row: RecordedEvent): RecordedEvent {
  row.data = JSON.parse(String(row.data));
  return row;
}

function eventLog(projectRoot: string, connection: Connection, writer: Writer): EventLog {
  const blobs = ownPath(projectRoot, ".dgov/out/blobs");
  const plans = ownPath(projectRoot, ".dgov/out/plans");
  const read = (sql: string, ...values: (string | number)[]): RecordedEvent[] =>
    connection.all<RecordedEvent>(sql, ...values).map(withData);

  return {
    ...writer,
    lifecycle: ({ run, afterSeq = 0, limit = -1 }) =>
      run === undefined
        ? read(`${selectLifecycle} AND seq > ? ORDER BY seq LIMIT ?`, afterSeq, limit)
        : read(
            `${selectLifecycle} AND run = ? AND seq > ? ORDER BY seq LIMIT ?`,
            run,
            afterSeq,
            limit,
          ),
    overview: (run) =>
      read(
        `${selectLifecycle} AND run = ? AND seq IN (
           SELECT max(seq) FROM events WHERE kind = 'lifecycle' AND run = ?
             AND (type IN (${statusTypes}) OR json_extract(data, '$.status') = 'flaky')
           GROUP BY unit, type) ORDER BY seq`,
        run,
        run,
      ),
    telemetry({ run, unit, attempt, afterSeq = 0, types }) {
      const where = ["kind = 'telemetry'", "run = ?"];
      const values: (string | number)[] = [run];
      const also = (condition: string, ...more: (string | number)[]): void => {
        where.push(condition);
        values.push(...more);
      };
      if (unit !== undefined) also("unit = ?", unit);
      if (attempt !== undefined) also("attempt = ?", attempt);
      if (afterSeq > 0) also("seq > ?", afterSeq);
      if (types !== undefined) also(`type IN (${types.map(() => "?").join(", ")})`, ...types);
      return read(`SELECT * FROM events WHERE ${where.join(" AND ")} ORDER BY seq`, ...values);
    },
    newestRun: (plan) => selectRuns(connection, { plan, limit: 1 })[0]?.run ?? null,
    runs: (query) => selectRuns(connection, query),
    starts: (limit = -1) =>
      read("SELECT * FROM events WHERE type = 'run.started' ORDER BY seq LIMIT ?", limit),
    notedLandings: () =>
      read(`${selectLifecycle} AND (type = 'landing.finished' OR
        (type = 'landing.started' AND json_extract(data, '$.note') IS NOT NULL)) ORDER BY seq`),
    counts: (run) => readCounts(connection, run),
    toolCalls: (run) => readToolCalls(connection, run ?? null),
    dataVersion: () => connection.version(),
    putBlob: (bytes, o) => storeBlob(blobs, bytes, o),
    getBlob: (digest) => readBlob(blobs, digest),
    savePlan: (bytes) => storeBlob(plans, bytes, { suffix: ".toml" }),
    readPlan(digest) {
      const bytes = readBlob(plans, digest, ".toml");
      return bytes === null ? null : new TextDecoder().decode(bytes);
    },
    lossOf(run) {
      const path = databasePath(projectRoot);
      const loss = connection.fileLoss();
      if (loss !== null) return `${path} ${loss}`;
      try {
        using fresh = openEventLogForReading(projectRoot);
        const records = fresh?.lifecycle({ run }) ?? [];
        if (records.some(({ type }) => type === "run.finished")) return null;
        return `${path} lacks the end of this run`;
      } catch (error) {
        return errorMessage(error);
      }
    },
    prune(request) {
      if (!request.dry && writer === noWriter) refuseToWrite();
      writer.flush();
      return pruneLog(connection, blobs, request);
    },
    [Symbol.dispose]() {
      try {
        writer.flush();
      } finally {
        connection.close();
      }
    },
  };
}

/** Selects `kind` as a constant, so that a covering index is sufficient. */
const selectLifecycle =
  "SELECT seq, ts, run, plan, unit, attempt, type, 'lifecycle' AS kind, data FROM events WHERE kind = 'lifecycle'";

/** Types of events that determine the status of a run or unit. */
const statusTypes = [
  "run.started",
  "run.interrupted",
  "run.finished",
  "plan.archived",
  "unit.undone",
  "repository.changed",
  "attempt.prepared",
  "attempt.kept",
  "landing.finished",
  "review.satisfied",
  "unit.changed",
]
  .map((type) => `'${type}'`)
  .join(", ");

function selectRuns(
  connection: Connection,
  { plan, limit }: { plan?: string | undefined; limit: number },
): RunEntry[] {
  const select = "SELECT run, plan, seq, ts FROM events WHERE type = 'run.started'";
  return plan === undefined
    ? connection.all<RunEntry>(`${select} ORDER BY seq DESC LIMIT ?`, limit)
    : connection.all<RunEntry>(`${select} AND plan = ? ORDER BY seq DESC LIMIT ?`, plan, limit);
}
