/** `dgov plan status PLAN`: the state of each unit of a plan, with its reason. */
import { openProjectLog, type ProjectLog } from "../../../app/open-log.ts";
import { Plans, planNameAt, planRow, type ShownPlan } from "../../../app/plan-summary.ts";
import { unitsOfSource } from "../../../app/run-facts.ts";
import { DgovError } from "../../../error.ts";
import { type PlanLocation, resolvePlan } from "../../../plan/locate.ts";
import { planHistory } from "../../../runner/history/runs.ts";
import { moment, short, words } from "../../../std/text.ts";
import type { PlannedUnit, PlanUnit } from "../../../views/plan-view.ts";
import { isFinished } from "../../../views/unit-state.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { clip, textTable } from "../../render/table.ts";

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
    const { projectRoot } = seen;
    const location = await resolvePlan(projectRoot, args.plan);
    if (location.archived) context.output.log.info(`${location.name} is archived`);
    const plans = new Plans(seen);
    const found = await plans.at(location, { thorough: true });
    const source = found.compiled ? null : await unitsFromSource(seen, location, context.env);
    if (!found.compiled && found.run === null && source === null) {
      throw new DgovError("NOT_FOUND", `${location.name} has neither been compiled nor run`, {
        hint: `dgov compile ${location.name}`,
      });
    }
    const shown =
      source === null ? found : await plans.at(location, { units: source, thorough: true });
    const row = planRow(shown, projectRoot);
    const view = {
      plan: location.name,
      path: row.path,
      status: row.status,
      landed: row.landed,
      total: row.total,
      run: row.lastRun,
      changedSinceCompile: row.changedSinceCompile,
      target: shown.target ?? shown.run?.target ?? null,
      units: shown.units.map(unitDocument),
    };
    answerView(
      context.output,
      "dgov.plan-status/2",
      view,
      renderPlanStatus(view, args.verbose === true),
    );
    return 0;
  },
});

/**
 * Units of a plan that is not compiled, as its source has them: those that ran count as unchanged. Null when the source
 * does not compile.
 */
async function unitsFromSource(
  { projectRoot, log }: ProjectLog,
  location: PlanLocation,
  env: Record<string, string | undefined>,
): Promise<PlannedUnit[] | null> {
  const units = await unitsOfSource({ projectRoot, location, env });
  if (units === null || log === null) return units;
  const history = planHistory(log, planNameAt(location));
  return units.map((unit) => ({ ...unit, digest: history.get(unit.unit)?.digest ?? unit.digest }));
}

/** A unit without what its digest and dependencies are. */
function unitDocument(of: ShownPlan["units"][number]) {
  const { digest: _, dependsOn: __, flaky: ___, ...unit } = of;
  return unit;
}

interface PlanStatusView {
  plan: string;
  path: string;
  status: string;
  landed: number;
  total: number;
  run: string | null;
  changedSinceCompile: boolean;
  /** The target branch; null when landings could not be read from git. */
  target: string | null;
  units: Omit<PlanUnit, "digest" | "dependsOn" | "flaky">[];
}

/** The view as text: a line about the plan, then its units. */
function renderPlanStatus(view: PlanStatusView, verbose: boolean): string {
  const run = view.run === null ? "never run" : `last run ${view.run}`;
  const changed = view.changedSinceCompile ? ", changed since compile" : "";
  return [
    `${view.plan}: ${view.landed}/${view.total} landed, ${view.status}, ${run}${changed}`,
    ...textTable(view.units.map((unit) => unitRow(unit, verbose))),
  ].join("\n");
}

function unitRow(unit: PlanStatusView["units"][number], verbose: boolean): string[] {
  const notes = [about(unit)];
  if (unit.changed) notes.push("changed since");
  if (verbose && unit.attempts > 0) notes.push(`attempts: ${unit.attempts}`);
  if (verbose && unit.keptRef !== null) notes.push(`kept: ${unit.keptRef}`);
  return [words(unit.state), unit.unit, notes.filter((note) => note !== "").join("; ")];
}

function about(unit: PlanStatusView["units"][number]): string {
  if (isFinished(unit.state) && unit.commit !== null) {
    return `${short(unit.commit)} ${moment(unit.at ?? "")}`;
  }
  if (unit.reason !== "") return clip(unit.reason);
  if (unit.waitingOn.length > 0) return `waiting for ${unit.waitingOn.join(", ")}`;
  return unit.summary;
}
