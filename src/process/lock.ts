/**
 * One runner per repository: an exclusive SQLite transaction on `<common git dir>/dgov/lock.db`,
 * released by the kernel however the holder ends. Who holds it stands in `runner.json` beside it.
 *
 * Two traps shape this file. The database object must stay referenced, or it is collected and the
 * lock is silently gone. And nothing else in the process may open lock.db: closing any descriptor
 * of the file drops the process's locks on it.
 */
import { Database } from "bun:sqlite";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { faultPoint } from "./fault-injection.ts";
import { processStart } from "./tree.ts";

export interface RunLock {
  /** Gives the lock back. Safe to call twice. */
  release(): void;
}

export interface LockHolder {
  pid: number;
  /** Start time of the process, as `processStart` gives it. */
  start: string;
  run: string;
  host: string;
  plan: string;
  /** RFC 3339. */
  since: string;
}

const held = new Map<string, Database>();

/** Takes the lock at once or throws RUN_LOCKED naming the holder. Never waits. */
export function acquireRunLock(
  commonDir: string,
  holder: Omit<LockHolder, "pid" | "start" | "host" | "since">,
): RunLock {
  const folder = join(commonDir, "dgov");
  const path = join(folder, "lock.db");
  if (held.has(path)) throw locked(lockHolder(commonDir));
  mkdirSync(folder, { recursive: true });
  held.set(path, lockFile(path, commonDir));

  const record: LockHolder = {
    pid: process.pid,
    start: processStart(process.pid) ?? "",
    run: holder.run,
    host: hostname(),
    plan: holder.plan,
    since: isoTime(systemClock.now()),
  };
  writeWhole(join(folder, "runner.json"), `${JSON.stringify(record, null, 2)}\n`);
  faultPoint("lock.acquired");
  return {
    release() {
      const database = held.get(path);
      if (database === undefined) return;
      rmSync(join(folder, "runner.json"), { force: true });
      database.close();
      held.delete(path);
    },
  };
}

/**
 * Who holds the lock, from `runner.json`; null when there is none or its process is gone. A holder
 * on another host cannot be looked up and is taken at its word.
 */
export function lockHolder(commonDir: string): LockHolder | null {
  let holder: Partial<LockHolder>;
  try {
    holder = JSON.parse(readFileSync(join(commonDir, "dgov", "runner.json"), "utf8"));
  } catch {
    return null;
  }
  const { pid, start, run, host, plan, since } = holder;
  if (typeof pid !== "number" || typeof start !== "string" || typeof run !== "string") return null;
  if (typeof host !== "string" || typeof plan !== "string" || typeof since !== "string")
    return null;
  if (host === hostname() && processStart(pid) !== start) return null;
  return { pid, start, run, host, plan, since };
}

/** Throws RUN_LOCKED when a run is alive, as `acquireRunLock` does, but leaves no trace. */
export function requireNoRun(commonDir: string): void {
  const holder = lockHolder(commonDir);
  if (holder !== null) throw locked(holder);
}

function lockFile(path: string, commonDir: string): Database {
  let database: Database | null = null;
  try {
    database = new Database(path, { create: true, readwrite: true });
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if ((error as { code?: unknown }).code === "SQLITE_BUSY") throw locked(lockHolder(commonDir));
    throw new DgovError("ENVIRONMENT", `the run lock ${path} cannot be taken`, { cause: error });
  }
}

function locked(holder: LockHolder | null): DgovError {
  const who =
    holder === null
      ? "another dgov run, just starting, holds this repository"
      : `run ${holder.run} of plan ${holder.plan} (pid ${holder.pid} on ${holder.host}, ` +
        `since ${holder.since}) holds this repository`;
  return new DgovError("RUN_LOCKED", who, {
    hint: "dgov watch follows it; dgov runs cancel stops it",
  });
}

/** Replaces a file so that readers see the old or the new text, never a part. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
