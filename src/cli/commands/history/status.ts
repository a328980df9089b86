/** `dgov status`, and `dgov` alone: running, needs attention, or idle. */
import {
  liveRun,
  openProjectLog,
  type ProjectLog,
  readOverview,
  readRun,
} from "../../../app/open-log.ts";
import { type LiveRun, type RanPlan, viewStatus } from "../../../views/status.ts";
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
    const before = liveRun(seen.projectRoot);
    let shown = await ranPlans(seen, before, args.all === true);
    // The lock is read again: a run may have started while the log was read.
    const holder = before ?? liveRun(seen.projectRoot);
    if (before === null && holder !== null) shown = await ranPlans(seen, holder, args.all === true);
    const adopted = shown.length > 0 ? 0 : await unitsOfPython(seen.projectRoot);
    const view = viewStatus(shown, holder, adopted);
    const units = view.runs.reduce((sum, { total }) => sum + total, 0);
    const landed = view.runs.reduce((sum, run) => sum + run.landed, 0);
    answerView(context.output, "dgov.status/1", { ...view, units, landed }, renderStatus(view));
    return 0;
  },
});

/** The plan that ran last, or every plan that ran, the last one first. */
async function ranPlans(seen: ProjectLog, live: LiveRun | null, all: boolean): Promise<RanPlan[]> {
  const { log } = seen;
  const entries = log?.runs({ limit: all ? runsMax : 1 }) ?? [];
  const newest = entries.filter(
    ({ plan }, index) => entries.findIndex((entry) => entry.plan === plan) === index,
  );
  if (log === null || newest.length === 0) return [];
  // The texts of plans are TOML, whose reader is loaded only now.
  const { Plans } = await import("../../../app/plan-summary.ts");
  const plans = new Plans(seen, live);
  const found: RanPlan[] = [];
  for (const { run: id } of newest) {
    const run = (all ? readOverview : readRun)(log, id);
    if (run !== null) found.push({ ...(await plans.ofRun(run)), run });
  }
  return found;
}

/** The number of units that the Python program lists as landed. The history loads slowly, and few projects have it. */
async function unitsOfPython(projectRoot: string): Promise<number> {
  const { readHistory } = await import("../../../runner/history/landings.ts");
  const lines = readHistory(projectRoot).filter(({ digest }) => digest === null);
  return new Set(lines.map(({ plan, unit }) => `${plan} ${unit}`)).size;
}
