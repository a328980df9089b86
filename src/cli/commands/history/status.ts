/** `dgov status`, and `dgov` alone: running, needs attention, or idle. */

import { liveRun, openProjectLog, readOverview, readRun } from "../../../app/open-log.ts";
import { isSuccessful } from "../../../views/run-view.ts";
import { viewStatus } from "../../../views/status.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderStatus } from "../../render/status.ts";

/** Runs looked at for the newest one of each plan. */
const runsMax = 1_000;

export default command({
  name: "status",
  description: "Show what is running and what needs attention",
  args: {
    all: { type: "boolean", description: "The newest run of every plan, not only the newest run" },
  },
  examples: ["dgov", "dgov status --all", "dgov status --json"],
  async run(context, args) {
    using seen = openProjectLog(requireProject(context));
    const { log } = seen;
    const before = liveRun(seen.projectRoot);
    const entries = log?.runs({ limit: args.all ? runsMax : 1 }) ?? [];
    const newestOfPlan = entries.filter(
      ({ plan }, index) => entries.findIndex((entry) => entry.plan === plan) === index,
    );
    const read = args.all ? readOverview : readRun;
    const runs = newestOfPlan.flatMap(({ run }) => (log ? (read(log, run) ?? []) : []));
    // A run that began while its log was read is not one that crashed.
    const view = viewStatus(runs, before ?? liveRun(seen.projectRoot));
    const units = view.runs.flatMap((run) => run.units);
    const landed = units.filter((unit) => isSuccessful(unit.phase)).length;
    answerView(
      context.output,
      "dgov.status/1",
      { ...view, units: units.length, landed },
      renderStatus(view),
    );
    return 0;
  },
});
