/**
 * Connections to the SQLite file `.dgov/state.db`; nothing else opens it.
 *
 * A writer migrates the schema and uses WAL with `synchronous=FULL`. A reader never creates a file: with a
 * `-wal` beside the database it opens a read-only connection, otherwise an immutable one (a plain
 * read-only connection would create `-wal` and `-shm` and leave them there).
 */
import { constants, Database, type SQLQueryBindings } from "bun:sqlite";
import { existsSync, mkdirSync, renameSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownPath } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { migrations } from "./migrations.ts";

/** Time that a statement of a reader waits for another process, milliseconds. */
const busyTimeoutMs = 5_000;
/**
 * Time that a writer waits for a process that holds the database, milliseconds; the same after an interrupt; and the
 * time after which it says that it waits.
 */
const writerWaitMaxMs = 30_000;
const interruptedWaitMaxMs = 5_000;
const writerNoticeMs = 1_000;
/** Time that one try of a writer waits inside SQLite, which blocks this process, and the pause between two tries. */
const writerTryMs = 100;
const writerPauseMs = 50;
/** The write-ahead log is truncated to this size at a checkpoint. */
const walBytesMax = 64 * 1024 * 1024;

/** A connection that throws LOG_NEWER and LOG_UNUSABLE instead of SQLite's errors. */
export interface Connection {
  all<T>(sql: string, ...values: SQLQueryBindings[]): T[];
  get<T>(sql: string, ...values: SQLQueryBindings[]): T | null;
  run(sql: string, ...values: SQLQueryBindings[]): number;
  /** Runs `body` in a transaction that takes the write lock at its start; then, in the same turn, `committed`. */
  transaction<T>(body: () => T, committed?: () => void): T;
  /** A number that changes when another connection has written. */
  version(): number;
  /** The way in which the file at the path is not the one that was opened; null when it is. */
  fileLoss(): string | null;
  close(): void;
}

/** The connection of a writer. Another process may hold the database: each kind of transaction waits in its own way. */
export interface WritingConnection extends Connection {
  /** As `transaction`, which blocks this process while it waits; this one waits between turns of the event loop. */
  transactionWhenFree<T>(body: () => T, committed?: () => void): Promise<T>;
  /** As `transaction`, without waiting; false when another process holds the database. */
  transactionUnlessBusy(body: () => void, committed?: () => void): boolean;
}

export interface WaitOptions {
  /** Told once in each wait that lasts. */
  waiting?: ((text: string) => void) | undefined;
  /** Shortens the waits. */
  interrupt?: AbortSignal | undefined;
}

export function databasePath(projectRoot: string): string {
  return ownPath(projectRoot, ".dgov/state.db");
}

/**
 * Moves a database of the Python program, which had the same name, to `state.python.db`; returns the new path, or null
 * when there is none. Its write-ahead log is folded in first, since it must not be left beside a new database.
 */
export function setAsidePythonLog(path: string): string | null {
  if (!existsSync(path) || statSync(path).size === 0) return null;
  return guarded(path, () => {
    const db = new Database(path, { readwrite: true, strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      const named = "SELECT 1 FROM sqlite_master WHERE name IN ('tasks', 'slug_history')";
      if (schemaVersion(db) !== 0 || db.query(named).get() === null) return null;
      db.run("PRAGMA journal_mode = DELETE");
    } finally {
      db.close();
    }
    const folder = dirname(path);
    let to = join(folder, "state.python.db");
    for (let n = 2; existsSync(to); n++) to = join(folder, `state.python-${n}.db`);
    renameSync(path, to);
    return to;
  });
}

/** Opens for writing; creates the file and migrates its schema. Blocks this process while another holds the database. */
export function openForWriting(path: string, options: WaitOptions = {}): WritingConnection {
  setAsidePythonLog(path);
  const patience = new Patience(path, options);
  const db = guarded(path, () => patience.blocking(() => openWriter(path)));
  return writingConnection(path, db, patience);
}

/** As `openForWriting`, but waits between turns of the event loop. Throws the reason of an interrupt during the wait. */
export async function openForWritingWhenFree(
  path: string,
  options: WaitOptions = {},
): Promise<WritingConnection> {
  setAsidePythonLog(path);
  const patience = new Patience(path, options);
  try {
    const open = (): Database => {
      options.interrupt?.throwIfAborted();
      return openWriter(path);
    };
    return writingConnection(path, await patience.whenFree(open), patience);
  } catch (error) {
    throw asLogError(error, path);
  }
}

function openWriter(path: string): Database {
  mkdirSync(dirname(path), { recursive: true });
  const db = new Database(path, { create: true, readwrite: true, strict: true });
  try {
    db.run(`PRAGMA busy_timeout = ${writerTryMs}`);
    refuseNewer(db, path);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run(`PRAGMA journal_size_limit = ${walBytesMax}`);
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function writingConnection(path: string, db: Database, patience: Patience): WritingConnection {
  const opened = statSync(path);
  const once = <T>(body: () => T, committed?: () => void): T => {
    const value = db.transaction(body).immediate();
    committed?.();
    return value;
  };
  return {
    ...connection(path, () => db, { fileLoss: () => fileLoss(path, opened) }),
    transaction: (body, committed) =>
      guarded(path, () => patience.blocking(() => once(body, committed))),
    async transactionWhenFree(body, committed) {
      try {
        return await patience.whenFree(() => once(body, committed));
      } catch (error) {
        throw asLogError(error, path);
      }
    },
    transactionUnlessBusy: (body, committed) =>
      guarded(path, () => {
        try {
          once(body, committed);
          return true;
        } catch (error) {
          if (isBusy(error)) return false;
          throw error;
        }
      }),
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && `${error.code}`.startsWith("SQLITE_BUSY");
}

/**
 * Repeats steps while another process holds the database, up to a limit. Once that was in vain, later steps fail at
 * once, so that a run that cannot write its log ends.
 */
class Patience {
  readonly #path: string;
  readonly #options: WaitOptions;
  #inVain = false;

  constructor(path: string, options: WaitOptions) {
    this.#path = path;
    this.#options = options;
  }

  blocking<T>(step: () => T): T {
    for (const again = this.#limit(); ; Bun.sleepSync(writerPauseMs)) {
      try {
        return step();
      } catch (error) {
        if (!again(error)) throw error;
      }
    }
  }

  async whenFree<T>(step: () => T): Promise<T> {
    for (const again = this.#limit(); ; await Bun.sleep(writerPauseMs)) {
      try {
        return step();
      } catch (error) {
        if (!again(error)) throw error;
      }
    }
  }

  /** A function that tells whether a step that failed is to be repeated. */
  #limit(): (error: unknown) => boolean {
    const start = performance.now();
    const { waiting, interrupt } = this.#options;
    let told = false;
    return (error) => {
      if (!isBusy(error)) return false;
      const waited = performance.now() - start;
      const limit = interrupt?.aborted ? interruptedWaitMaxMs : writerWaitMaxMs;
      this.#inVain ||= waited >= limit;
      if (!this.#inVain && !told && waited >= writerNoticeMs) {
        told = true;
        const seconds = writerWaitMaxMs / 1000;
        waiting?.(`another process holds ${this.#path}; waiting for it, up to ${seconds} s`);
      }
      return !this.#inVain;
    };
  }
}

/** Opens for reading; null when there is no database. Creates no file. */
export function openForReading(path: string): Connection | null {
  if (!existsSync(path)) return null;
  let open = openReader(path);
  // Another process is creating the database, and it is still empty.
  if (schemaVersion(open.db) === 0) {
    open.db.close();
    return null;
  }
  const current = (): Database => {
    if (isOutdated(open, path)) {
      open.db.close();
      open = openReader(path, open.generation + 1);
    }
    return open.db;
  };
  return connection(path, current, { generation: () => open.generation });
}

/** SQLite goes on writing into a file that was removed or replaced, and over one that was truncated. */
function fileLoss(path: string, opened: Stats): string | null {
  const now = statSync(path, { throwIfNoEntry: false });
  if (now === undefined) return "was removed";
  if (now.ino !== opened.ino || now.dev !== opened.dev) return "was replaced";
  return now.size < opened.size ? "was truncated" : null;
}

interface Reader {
  db: Database;
  /** Inode, size and time of the file under an immutable connection; null for a connection with a `-wal`. */
  stamp: string | null;
  generation: number;
}

function openReader(path: string, generation = 0): Reader {
  return guarded(path, () => {
    const stamp = existsSync(`${path}-wal`) ? null : stampOf(path);
    const db =
      stamp === null
        ? new Database(path, { readonly: true, strict: true })
        : new Database(
            `${pathToFileURL(path).href}?immutable=1`,
            constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI,
          );
    try {
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      refuseNewer(db, path);
    } catch (error) {
      db.close();
      throw error;
    }
    return { db, stamp, generation };
  });
}

/** An immutable connection never sees changes, so it is reopened when the file has changed. */
function isOutdated(reader: Reader, path: string): boolean {
  return reader.stamp !== null && (existsSync(`${path}-wal`) || stampOf(path) !== reader.stamp);
}

function stampOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

function refuseNewer(db: Database, path: string): void {
  const applied = schemaVersion(db);
  if (applied <= migrations.length) return;
  throw new DgovError(
    "LOG_NEWER",
    `${path} was written by a newer dgov (schema ${applied}; this version supports up to ${migrations.length})`,
    { hint: "update dgov, or move the file away to start a new log" },
  );
}

function schemaVersion(db: Database): number {
  return (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
}

function migrate(db: Database, path: string): void {
  if (schemaVersion(db) === migrations.length) return;
  db.transaction(() => {
    refuseNewer(db, path);
    for (let step = schemaVersion(db); step < migrations.length; step++) {
      db.run(migrations[step] ?? "");
      db.run(`PRAGMA user_version = ${step + 1}`);
    }
  }).immediate();
}

function connection(
  path: string,
  db: () => Database,
  {
    generation = () => 0,
    fileLoss = () => null,
  }: { generation?(): number; fileLoss?(): string | null },
): Connection {
  return {
    all: <T>(sql: string, ...values: SQLQueryBindings[]) =>
      guarded(
        path,
        () =>
          db()
            .query(sql)
            .all(...values) as T[],
      ),
    get: <T>(sql: string, ...values: SQLQueryBindings[]) =>
      guarded(
        path,
        () =>
          db()
            .query(sql)
            .get(...values) as T | null,
      ),
    run: (sql, ...values) =>
      guarded(path, () =>
        Number(
          db()
            .query(sql)
            .run(...values).lastInsertRowid,
        ),
      ),
    transaction: (body, committed) =>
      guarded(path, () => {
        const value = db().transaction(body).immediate();
        committed?.();
        return value;
      }),
    version: () =>
      guarded(path, () => {
        const row = db().query("PRAGMA data_version").get() as { data_version: number };
        return generation() * 2 ** 32 + row.data_version;
      }),
    fileLoss,
    close: () => guarded(path, () => db().close()),
  };
}

/** Messages by SQLite error code. */
const messages: Record<string, string> = {
  SQLITE_BUSY: "the event log is locked by another process",
  SQLITE_CANTOPEN: "the event log cannot be opened",
  SQLITE_CORRUPT: "the event log is damaged",
  SQLITE_FULL: "the disk is full, so the event log cannot be written",
  SQLITE_IOERR: "the event log cannot be read or written",
  SQLITE_NOTADB: "the event log is damaged: not a database",
  SQLITE_PERM: "no permission to open the event log",
  SQLITE_READONLY: "the event log is read-only",
};

function guarded<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw asLogError(error, path);
  }
}

function asLogError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") {
    return error;
  }
  if (error instanceof DgovError) return error;
  const { code } = error;
  const known = Object.keys(messages).find((name) => code === name || code.startsWith(`${name}_`));
  const filesystem = /^(EACCES|EROFS|ENOSPC|EDQUOT|EPERM|ENOTDIR|EEXIST)$/.test(code);
  if (!code.startsWith("SQLITE_") && !filesystem) return error;
  const message = messages[known ?? (filesystem ? "SQLITE_CANTOPEN" : "SQLITE_IOERR")];
  return new DgovError("LOG_UNUSABLE", `${message} (${path})`, {
    cause: error,
    hint: hintFor(known),
  });
}

function hintFor(code: string | undefined): string {
  if (code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB") {
    return "move the file away to start a new log; landed units are read from git";
  }
  if (code === "SQLITE_FULL") return "free disk space, then retry";
  if (code === "SQLITE_BUSY") return "end the process that holds the file, then retry";
  return "check the permissions and free space of .dgov";
}
