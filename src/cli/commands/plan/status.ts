/** `dgov plan status PLAN`: the state of each unit (landed, pending, failed, skipped) and its reason. */
import { openProjectLog, type ProjectLog } from "../../../app/open-log.ts";
import { planFacts, planListContext, planNameAt } from "../../../app/plan-summary.ts";
import { compiledUnits, landedOnTarget, unitsOfSource } from "../../../app/run-facts.ts";
import { DgovError } from "../../../error.ts";
import { type PlanLocation, resolvePlan } from "../../../plan/locate.ts";
import { planHistory } from "../../../runner/history.ts";
import { moment, short, words } from "../../../std/text.ts";
import {
  type LandedFact,
  type PlanFacts,
  type PlannedUnit,
  type UnitPlanStatus,
  viewPlanRow,
  viewUnitStatuses,
} from "../../../views/plan-view.ts";
import type { RunView } from "../../../views/run-view.ts";
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
    const { projectRoot, log } = seen;
    const location = await resolvePlan(projectRoot, args.plan);
    if (location.archived) context.output.log.info(`${location.name} is archived`);
    const facts = await planFacts(location, await planListContext({ projectRoot, log }));
    const units =
      compiledUnits(location.dir) ?? (await unitsAsRun(seen, location, facts, context.env));
    if (units === null) {
      throw new DgovError("NOT_FOUND", `${location.name} has neither been compiled nor run`, {
        hint: `dgov compile ${location.name}`,
      });
    }
    const target = facts.run?.target ?? null;
    const git = await landedOnTarget(projectRoot, planNameAt(location), { units, target });
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

/**
 * Units of a plan that is not compiled: as they last ran, those that never ran as the source has them. Null when there
 * is no run and the source does not compile.
 */
async function unitsAsRun(
  { projectRoot, log }: ProjectLog,
  location: PlanLocation,
  { run, tasks }: PlanFacts,
  env: Record<string, string | undefined>,
): Promise<PlannedUnit[] | null> {
  if (run !== null && run.units.length >= tasks) return run.units;
  const units = await unitsOfSource({ projectRoot, location, env });
  if (units === null || run === null || log === null) return units ?? run?.units ?? null;
  const history = planHistory(log, run.plan);
  return units.map((unit) => ({ ...unit, digest: history.get(unit.unit)?.digest ?? unit.digest }));
}

function landedInRun(run: RunView | null): LandedFact[] {
  return (run?.units ?? []).flatMap(({ unit, digest, landed }) =>
    landed === null ? [] : [{ unit, digest, commit: landed.commit, at: landed.at }],
  );
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
  units: UnitPlanStatus[];
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

function unitRow(unit: UnitPlanStatus, verbose: boolean): string[] {
  const phase = unit.state === "running" && unit.phase !== null ? unit.phase : unit.state;
  const notes = [about(unit)];
  if (unit.changed) notes.push("changed since");
  if (verbose && unit.attempts > 0) notes.push(`attempts: ${unit.attempts}`);
  if (verbose && unit.keptRef !== null) notes.push(`kept: ${unit.keptRef}`);
  return [words(phase), unit.unit, notes.filter((note) => note !== "").join("; ")];
}

function about(unit: UnitPlanStatus): string {
  if (unit.commit !== null) return `${short(unit.commit)} ${moment(unit.at ?? "")}`;
  if (unit.reason !== "") return clip(unit.reason);
  if (unit.waitingOn.length > 0) return `waiting for ${unit.waitingOn.join(", ")}`;
  return unit.summary;
}
