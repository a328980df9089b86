/** `dgov status`, and `dgov` alone: running, needs attention, or idle. */
import { liveRun, openProjectLog, readOverview, readRun } from "../../../app/open-log.ts";
import { isSuccessful } from "../../../views/run-view.ts";
import { viewStatus } from "../../../views/status.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderStatus } from "../../render/status.ts";

/** Runs read to find the newest of each plan. */
const runsMax = 1_000;

export default command({
  name: "status",
  description: "Show what is running and what needs attention",
  args: {
    all: { type: "boolean", description: "Show the newest run of every plan" },
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
    // The lock is read again: a run may have started while the log was read.
    const holder = before ?? liveRun(seen.projectRoot);
    const adopted = runs.length > 0 ? 0 : await unitsOfPython(seen.projectRoot);
    const view = viewStatus(runs, holder, adopted);
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

/** The number of units that the Python program lists as landed. The history loads slowly, and few projects have it. */
async function unitsOfPython(projectRoot: string): Promise<number> {
  const { readHistory } = await import("../../../runner/history.ts");
  const lines = readHistory(projectRoot).filter(({ digest }) => digest === null);
  return new Set(lines.map(({ plan, unit }) => `${plan} ${unit}`)).size;
}
