/**
 * The SQLite file `.dgov/state.db`: the only place that opens it.
 *
 * A writer migrates and holds WAL with `synchronous=FULL`. A reader never creates a file: while a
 * `-wal` lies beside the database it reads through that, otherwise it opens the file as immutable
 * (an ordinary read-only connection would create `-wal` and `-shm` and leave them there).
 */
import { constants, Database, type SQLQueryBindings } from "bun:sqlite";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { DgovError } from "../error.ts";
import { migrations } from "./migrations.ts";

/** How long a statement waits for another process, milliseconds. */
const busyTimeoutMs = 5_000;
/** A write-ahead log above this is cut back at the next checkpoint. */
const walBytesMax = 64 * 1024 * 1024;

/** A connection with dgov's errors. */
export interface Connection {
  all<T>(sql: string, ...values: SQLQueryBindings[]): T[];
  get<T>(sql: string, ...values: SQLQueryBindings[]): T | null;
  run(sql: string, ...values: SQLQueryBindings[]): number;
  /** All or nothing; the transaction takes the write lock at once. */
  transaction<T>(body: () => T): T;
  /** Changes when somebody else wrote. */
  version(): number;
  close(): void;
}

export function databasePath(projectRoot: string): string {
  return join(projectRoot, ".dgov", "state.db");
}

/** Opens for writing; makes the file and brings its schema up to date. */
export function openForWriting(path: string): Connection {
  return guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    const db = new Database(path, { create: true, readwrite: true, strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      refuseNewer(db, path);
      db.run("PRAGMA journal_mode = WAL");
      db.run("PRAGMA synchronous = FULL");
      db.run(`PRAGMA journal_size_limit = ${walBytesMax}`);
      migrate(db, path);
    } catch (error) {
      db.close();
      throw error;
    }
    return connection(path, () => db);
  });
}

/** Opens for reading, or gives null when there is no database. Creates nothing. */
export function openForReading(path: string): Connection | null {
  if (!existsSync(path)) return null;
  let open = openReader(path);
  // Somebody is just making it: there is nothing to see yet.
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
  return connection(path, current, () => open.generation);
}

interface Reader {
  db: Database;
  /** Stamp of the file an immutable connection was opened on; null when it follows the `-wal`. */
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

/** An immutable connection sees nothing new: it is opened again once somebody has written. */
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
    `${path} was written by a newer dgov (schema ${applied}, this one knows ${migrations.length})`,
    { hint: "update dgov, or move the file away to start a new history" },
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

function connection(path: string, db: () => Database, generation = () => 0): Connection {
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
    transaction: (body) => guarded(path, () => db().transaction(body).immediate()),
    version: () =>
      guarded(path, () => {
        const row = db().query("PRAGMA data_version").get() as { data_version: number };
        return generation() * 2 ** 32 + row.data_version;
      }),
    close: () => guarded(path, () => db().close()),
  };
}

/** What SQLite's error codes mean to a person. */
const sentences: Record<string, string> = {
  SQLITE_BUSY: "another process has held the event log for too long",
  SQLITE_CANTOPEN: "the event log cannot be opened",
  SQLITE_CORRUPT: "the event log is damaged",
  SQLITE_FULL: "the disk is full: the event log cannot grow",
  SQLITE_IOERR: "the event log cannot be read or written",
  SQLITE_NOTADB: "the event log is damaged: not a database",
  SQLITE_PERM: "the event log may not be opened",
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
  const known = Object.keys(sentences).find((name) => code === name || code.startsWith(`${name}_`));
  const filesystem = /^(EACCES|EROFS|ENOSPC|EDQUOT|EPERM|ENOTDIR|EEXIST)$/.test(code);
  if (known === undefined && !filesystem) return error;
  const sentence = sentences[known ?? "SQLITE_CANTOPEN"];
  return new DgovError("LOG_UNUSABLE", `${sentence} (${path})`, {
    cause: error,
    hint: hintFor(known),
  });
}

function hintFor(code: string | undefined): string {
  if (code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB") {
    return "move the file away to start a new history; what has landed is known from git";
  }
  if (code === "SQLITE_FULL") return "free some space and run the command again";
  if (code === "SQLITE_BUSY") return "look for another dgov in this project, then try again";
  return "check the permissions and the free space of .dgov";
}
