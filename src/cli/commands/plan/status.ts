/** `dgov plan status PLAN`: the state of each unit (landed, pending, failed, skipped) and its reason. */
import { liveRun, openProjectLog } from "../../../app/open-log.ts";
import { planFacts, planNameAt } from "../../../app/plan-summary.ts";
import { compiledUnits, landedOnHead } from "../../../app/run-facts.ts";
import { DgovError } from "../../../error.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { type LandedFact, viewPlanRow, viewUnitStatuses } from "../../../views/plan-view.ts";
import type { RunView } from "../../../views/run-view.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderPlanStatus } from "../../render/plan.ts";

export default command({
  name: "status",
  description: "Show the state of each unit of a plan",
  args: {
    plan: { type: "positional", required: false, description: "Plan name or path" },
    verbose: { type: "boolean", alias: "v", description: "Show attempts and kept work" },
  },
  examples: ["dgov plan status my-plan", "dgov plan status my-plan -v"],
  async run(context, args) {
    using seen = openProjectLog(requireProject(context));
    const { projectRoot, log } = seen;
    const location = await resolvePlan(projectRoot, args.plan);
    if (location.archived) context.output.log.info(`${location.name} is archived`);
    const facts = planFacts(location, { projectRoot, log, live: liveRun(projectRoot) });
    const units = compiledUnits(location.dir) ?? facts.run?.units ?? null;
    if (units === null) {
      throw new DgovError("NOT_FOUND", `${location.name} has neither been compiled nor run`, {
        hint: `dgov compile ${location.name}`,
      });
    }
    const git = await landedOnHead(projectRoot, planNameAt(location));
    const statuses = viewUnitStatuses(units, git?.landed ?? landedInRun(facts.run), facts.run);
    const row = viewPlanRow(facts);
    const landed = statuses.filter(({ state }) => state === "landed" || state === "done").length;
    const view = {
      plan: location.name,
      path: row.path,
      status: row.status,
      landed,
      total: statuses.length,
      run: row.lastRun,
      changedSinceCompile: row.changedSinceCompile,
      target: git?.branch ?? null,
      units: statuses,
    };
    answerView(
      context.output,
      "dgov.plan-status/1",
      view,
      renderPlanStatus(view, args.verbose === true),
    );
    return 0;
  },
});

function landedInRun(run: RunView | null): LandedFact[] {
  return (run?.units ?? []).flatMap(({ unit, digest, landed }) =>
    landed === null ? [] : [{ unit, digest, commit: landed.commit, at: landed.at }],
  );
}
