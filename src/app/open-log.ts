/**
 * The log of a project for commands that only read: opened without creating anything. Loads no
 * heavy package: `status` must start at once.
 */
import { commonGitDir } from "../config/find.ts";
import { type EventLog, openEventLogForReading } from "../log/event-log.ts";
import { lockHolder } from "../process/lock.ts";
import { type RunView, viewRun } from "../views/run-view.ts";
import type { LiveRun } from "../views/status.ts";

export interface ProjectLog {
  projectRoot: string;
  /** Null when the project has no log: nothing has run. */
  log: EventLog | null;
  [Symbol.dispose](): void;
}

/** Opens the log of a project for reading. Creates nothing. */
export function openProjectLog(projectRoot: string): ProjectLog {
  const log = openEventLogForReading(projectRoot);
  return { projectRoot, log, [Symbol.dispose]: () => log?.[Symbol.dispose]() };
}

/** The run that holds the repository's lock, or null. */
export function liveRun(projectRoot: string): LiveRun | null {
  const commonDir = commonGitDir(projectRoot);
  return commonDir === null ? null : lockHolder(commonDir);
}

/** The view of one run; null when the log does not hold it. */
export function readRun(log: EventLog, run: string): RunView | null {
  return viewRun(log.lifecycle({ run }));
}

/** The view of one run for lists: phases of its units, without details of their attempts. */
export function readOverview(log: EventLog, run: string): RunView | null {
  return viewRun(log.overview(run));
}
