/** Questions about earlier runs, asked of the event log. */
import type { EventLog } from "../log/event-log.ts";
import { foldHistory, type UnitHistory } from "./history.ts";

/** Runs of a plan that history looks back on. */
const runsMax = 1000;
/** Every run closes the ones before it, so only the newest can be open; a few more cost nothing. */
const openRunsMax = 5;

/** The last word on each unit a plan ever ran, whatever became of the plan since. */
export function planHistory(log: EventLog, plan: string): Map<string, UnitHistory> {
  const runs = log.runs({ plan, limit: runsMax }).reverse();
  return foldHistory(runs.flatMap(({ run }) => log.lifecycle({ run })));
}

/** Runs with a start and no end, oldest first: they crashed, unless somebody holds the run lock. */
export function openRuns(log: EventLog): { run: string; plan: string }[] {
  return log
    .runs({ limit: openRunsMax })
    .reverse()
    .filter(({ run }) => !log.lifecycle({ run }).some((record) => record.type === "run.finished"));
}
