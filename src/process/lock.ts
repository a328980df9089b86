/**
 * The lock that allows one runner per repository: an exclusive SQLite transaction on
 * `<common git dir>/dgov/lock.db`, which the operating system releases however the holder ends.
 * `runner.json` beside it names the holder.
 *
 * The database object must stay referenced, or garbage collection releases the lock. And nothing else in
 * the process may open lock.db: closing any descriptor of the file drops the process's locks on it.
 */
import { Database } from "bun:sqlite";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { replaceFile } from "../std/files.ts";
import { faultPoint } from "./fault-injection.ts";
import { processStart } from "./tree.ts";

interface RunLock {
  /** Releases the lock. Safe to call twice. */
  release(): void;
}

interface LockHolder {
  pid: number;
  /** Result of `processStart` for the process. */
  start: string;
  run: string;
  host: string;
  plan: string;
  /** Name of the dgov command that holds the lock without a run, such as `clean`; absent for a run. */
  command?: string;
  /** RFC 3339. */
  since: string;
}

const held = new Map<string, Database>();

/** Takes the lock without waiting. Throws RUN_LOCKED, with the holder in its message, when it is held. */
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
    ...(holder.command === undefined ? {} : { command: holder.command }),
    since: isoTime(systemClock.now()),
  };
  replaceFile(join(folder, "runner.json"), `${JSON.stringify(record, null, 2)}\n`);
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
 * The lock's holder according to `runner.json`; null when there is none or its process has ended. A
 * holder on another host cannot be checked and counts as alive.
 */
export function lockHolder(commonDir: string): LockHolder | null {
  let holder: Partial<LockHolder>;
  try {
    holder = JSON.parse(readFileSync(join(commonDir, "dgov", "runner.json"), "utf8"));
  } catch {
    return null;
  }
  const { pid, start, run, host, plan, since, command } = holder;
  if (typeof pid !== "number" || typeof start !== "string" || typeof run !== "string") return null;
  if (typeof host !== "string" || typeof plan !== "string" || typeof since !== "string")
    return null;
  if (host === hostname() && processStart(pid) !== start) return null;
  const lock = { pid, start, run, host, plan, since };
  return typeof command === "string" ? { ...lock, command } : lock;
}

/** Throws RUN_LOCKED when a run is alive, without taking the lock or writing a file. */
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
    throw new DgovError("ENVIRONMENT", `cannot take the run lock ${path}`, { cause: error });
  }
}

function locked(holder: LockHolder | null): DgovError {
  const command = holder?.command;
  const message =
    holder === null
      ? "another dgov process, which is just starting, holds this repository"
      : `${command === undefined ? `run ${holder.run} of plan ${holder.plan}` : `dgov ${command}`} ` +
        `(pid ${holder.pid} on ${holder.host}, since ${holder.since}) holds this repository`;
  return new DgovError("RUN_LOCKED", message, {
    hint:
      command === undefined
        ? "follow it with dgov watch, or stop it with dgov runs cancel"
        : "wait until it has finished, then retry",
  });
}
