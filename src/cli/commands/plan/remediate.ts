/** `dgov plan remediate PLAN`: writes a plan that fixes the branch after the last run of PLAN. */
import { relative } from "node:path";
import { createRemediationPlan } from "../../../app/create-plan-folder.ts";
import { openProjectLog } from "../../../app/open-log.ts";
import { resolveRun } from "../../../app/resolve-run.ts";
import { DgovError } from "../../../error.ts";
import { isSafeName, nameRule } from "../../../plan/names.ts";
import { plural } from "../../../std/text.ts";
import { viewRemediationNeeds } from "../../../views/remediation-needs.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { compilerOf } from "../run/run.ts";

export default command({
  name: "remediate",
  description: "Write a plan that fixes a degraded or red branch",
  args: {
    plan: {
      type: "positional",
      required: false,
      valueHint: "PLAN",
      description: "Name or path of the plan that ran",
    },
    name: { type: "string", valueHint: "N", description: "Name of the new plan" },
  },
  examples: ["dgov plan remediate my-plan", "dgov plan remediate my-plan --name repair"],
  async run(context, args) {
    if (args.name !== undefined && !isSafeName(args.name)) {
      throw usageError(`invalid plan name "${args.name}"`, nameRule);
    }
    using seen = openProjectLog(requireProject(context));
    const { projectRoot } = seen;
    const { log, run } = await resolveRun(seen, args.plan, (text) => context.output.log.info(text));
    const trouble = viewRemediationNeeds(log.lifecycle({ run: run.run }));
    if (trouble === null) {
      throw new DgovError("REFUSED", `the last run of ${run.plan} left nothing to fix`, {
        hint: `dgov plan review ${run.plan}`,
      });
    }
    const { location, plan } = await createRemediationPlan({
      projectRoot,
      run,
      trouble,
      name: args.name ?? null,
      compilerOf: (location) => compilerOf(context, projectRoot, location),
    });
    const units = plan.tasks.map(({ id, summary }) => ({ unit: id, summary }));
    const path = relative(projectRoot, location.dir);
    context.output.answer(
      {
        schema: "dgov.plan-remediate/1",
        name: location.name,
        path,
        of: run.plan,
        run: run.run,
        red: trouble.red,
        degraded: trouble.degraded,
        digest: plan.digest,
        units,
      },
      [
        `wrote and compiled ${path}: ${plural(units.length, "unit")}`,
        ...units.map(({ unit, summary }) => `  ${unit}: ${summary}`),
        `dgov run ${location.name}`,
      ].join("\n"),
    );
    return 0;
  },
});
