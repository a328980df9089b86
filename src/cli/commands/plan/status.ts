/** `dgov plan status PLAN`: the state of each unit (landed, pending, failed, skipped) and its reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { liveRun, openProjectLog } from "../../../app/open-log.ts";
import { planFacts, planNameAt } from "../../../app/plan-summary.ts";
import { DgovError } from "../../../error.ts";
import {
  type LandedFact,
  type PlannedUnit,
  viewPlanRow,
  viewUnitStatuses,
} from "../../../views/plan-view.ts";
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
    const { resolvePlan } = await import("../../../plan/locate.ts");
    const location = await resolvePlan(projectRoot, args.plan);
    if (location.archived) context.output.log.info(`${location.name} is archived`);
    const facts = planFacts(location, { projectRoot, log, live: liveRun(projectRoot) });
    const units = (await compiledUnits(location.dir)) ?? unitsOfRun(facts.run);
    if (units === null) {
      throw new DgovError("NOT_FOUND", `${location.name} has neither been compiled nor run`, {
        hint: `dgov compile ${location.name}`,
      });
    }
    const git = await landedInGit(projectRoot, planNameAt(location));
    const standings = viewUnitStatuses(units, git?.landed ?? landedInRun(facts.run), facts.run);
    const row = viewPlanRow(facts);
    const landed = standings.filter(({ state }) => state === "landed" || state === "done").length;
    const view = {
      plan: location.name,
      path: row.path,
      status: row.status,
      landed,
      total: standings.length,
      run: row.lastRun,
      changedSinceCompile: row.changedSinceCompile,
      target: git?.branch ?? null,
      units: standings,
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

/** Units of `_compiled.toml`; null when it is missing or invalid. */
async function compiledUnits(dir: string): Promise<PlannedUnit[] | null> {
  let text: string;
  try {
    text = readFileSync(join(dir, "_compiled.toml"), "utf8");
  } catch {
    return null;
  }
  const { readCompiled } = await import("../../../plan/compiled-file.ts");
  const plan = readCompiled(text);
  if (plan === null) return null;
  return plan.tasks.map(({ id, summary, role, dependsOn, digest }) => ({
    unit: id,
    summary,
    role,
    dependsOn,
    digest,
  }));
}

function unitsOfRun(run: RunView | null): PlannedUnit[] | null {
  return run === null ? null : run.units;
}

/** Landed units in the history of HEAD; null without a repository or a commit. */
async function landedInGit(
  projectRoot: string,
  plan: string,
): Promise<{ branch: string | null; landed: LandedFact[] } | null> {
  const { headOf } = await import("../../../git/refs.ts");
  const { openRepository } = await import("../../../git/repository.ts");
  const { scanLanded } = await import("../../../git/landed.ts");
  try {
    const repository = await openRepository(projectRoot);
    const head = await headOf(repository);
    if (head.commit === null) return null;
    const landed = await scanLanded(repository, { tip: head.commit, plan });
    return { branch: head.kind === "branch" ? head.branch : null, landed };
  } catch (error) {
    if (error instanceof DgovError && error.code !== "INTERNAL") return null;
    throw error;
  }
}

function landedInRun(run: RunView | null): LandedFact[] {
  return (run?.units ?? []).flatMap(({ unit, digest, landed }) =>
    landed === null ? [] : [{ unit, digest, commit: landed.commit, at: landed.at }],
  );
}
