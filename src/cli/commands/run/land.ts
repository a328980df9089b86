/** `dgov land`: lands the content of a taken worktree through review, gates and merge train. */
import { resolveKeptAttempt } from "../../../app/resolve-kept-attempt.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { snapshotTakeover } from "../../../runner/operator/takeover.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { runPlan } from "./run.ts";

export default command({
  name: "land",
  description: "Land a taken attempt through the gates",
  args: {
    unit: {
      type: "positional",
      required: true,
      valueHint: "U",
      description: "Unit id, or a unique end of one",
    },
    plan: { type: "string", valueHint: "PLAN", description: "Plan of the unit" },
    verbose: { type: "boolean", alias: "v", description: "Show durations and attempts at the end" },
  },
  examples: ["dgov land add-feature", "dgov land tasks/main.add-feature --plan my-plan"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const kept = await resolveKeptAttempt({
      projectRoot,
      env: context.env,
      unit: args.unit,
      plan: args.plan,
    });
    const work = await snapshotTakeover({
      ...kept,
      unit: kept.entry.unit,
      now: new Date().toISOString(),
      bytesMax: kept.config.worktree.keepMibMax * 1024 * 1024,
    });
    const code = await runPlan(context, {
      projectRoot,
      location: await resolvePlan(projectRoot, kept.plan),
      only: [kept.entry.unit],
      mode: "continue",
      target: kept.target,
      verbose: args.verbose === true,
      takenOver: new Map([[kept.entry.unit, work]]),
    });
    if (code === 0) await work.close();
    return code;
  },
});
