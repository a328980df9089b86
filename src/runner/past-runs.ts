/** Questions about earlier runs, asked of the event log. */
import { basename } from "node:path";
import { type EventLog, openEventLog, openEventLogForReading } from "../log/event-log.ts";
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

/**
 * Records that a plan was archived by hand, with the run that stood in its folder, so that views
 * find the one by the other. A plan that never ran leaves nothing. Call while holding the run lock.
 */
export function recordArchived(
  projectRoot: string,
  o: { plan: string; from: string; to: string },
): void {
  const run = runInFolder(projectRoot, o.plan, o.from);
  if (run === null) return;
  using log = openEventLog(projectRoot);
  const { plan, from, to } = o;
  const data = { from, to };
  log.append([{ run, plan, unit: null, attempt: null, type: "plan.archived", data }]);
}

/** The newest run of a plan, when it ran from a folder of that name. */
function runInFolder(projectRoot: string, plan: string, folder: string): string | null {
  using log = openEventLogForReading(projectRoot);
  const run = log?.newestRun(plan) ?? null;
  if (log === null || run === null) return null;
  const started = log.overview(run).find(({ type }) => type === "run.started");
  return basename(String(started?.data["plan_path"])) === basename(folder) ? run : null;
}
