/** `dgov plan list`. */

import { openProjectLog } from "../../../app/open-log.ts";
import { Plans, planRow } from "../../../app/plan-summary.ts";
import { listPlans } from "../../../plan/locate.ts";
import { moment } from "../../../std/text.ts";
import type { PlanRow } from "../../../views/plan-view.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { textTable } from "../../render/table.ts";

export default command({
  name: "list",
  description: "List plans and their progress",
  args: {
    all: { type: "boolean", description: "Include archived plans" },
    archived: { type: "boolean", description: "Only archived plans" },
  },
  examples: ["dgov plan list", "dgov plan list --all --json"],
  async run(context, args) {
    if (args.all && args.archived) throw usageError("--all and --archived exclude each other");
    using seen = openProjectLog(requireProject(context));
    const { projectRoot } = seen;
    const shown = new Plans(seen);
    const known = listPlans(projectRoot);
    const archived = known.filter((location) => location.archived).length;
    const plans: PlanRow[] = [];
    for (const location of known) {
      if (!args.all && location.archived !== (args.archived === true)) continue;
      plans.push(planRow(await shown.at(location), projectRoot));
    }
    answerView(context.output, "dgov.plan-list/1", { plans }, renderPlanList(plans, archived));
    return 0;
  },
});

/** The plans as a table, or a sentence when there are none. */
function renderPlanList(rows: readonly PlanRow[], archived: number): string {
  if (rows.length === 0) {
    return archived === 0
      ? "no plans"
      : `no live plans; ${archived} archived: dgov plan list --all`;
  }
  return textTable(
    rows.map((row) => [
      row.name,
      `${row.landed}/${row.total}`,
      row.status,
      [
        row.kind === "fix" ? "fix" : "",
        row.archived ? "archived" : "",
        row.changedSinceCompile ? "changed since compile" : "",
        row.lastRunAt === null ? "" : `last run ${moment(row.lastRunAt)}`,
      ]
        .filter((note) => note !== "")
        .join(", "),
    ]),
    "",
  ).join("\n");
}
