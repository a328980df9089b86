/** `dgov archive-plan`: archives a plan, as a run does when all of it has landed. */
import { basename, relative } from "node:path";
import { DgovError } from "../../../error.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "archive-plan",
  description: "Move a plan to the archive",
  args: {
    name: {
      type: "positional",
      required: true,
      valueHint: "NAME",
      description: "Name of the plan",
    },
  },
  examples: ["dgov archive-plan my-plan"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const { listPlans, resolvePlan } = await import("../../../plan/locate.ts");
    const { openRepository } = await import("../../../git/repository.ts");
    const { acquireRunLock } = await import("../../../process/lock.ts");
    const { archivePlan } = await import("../../../runner/bookkeeping.ts");
    const { recordArchived } = await import("../../../runner/history.ts");
    const { planNameAt } = await import("../../../app/plan-summary.ts");
    const location = await resolvePlan(projectRoot, args.name);
    if (location.archived) {
      throw new DgovError("REFUSED", `plan ${location.name} is already archived`, {
        hint: "dgov plan list --archived",
      });
    }
    if (!listPlans(projectRoot).some(({ dir }) => dir === location.dir)) {
      throw new DgovError("REFUSED", `${args.name} is not a plan of this project`, {
        hint: "dgov plan list",
      });
    }
    const plan = planNameAt(location);
    const repository = await openRepository(projectRoot);
    // A live run reads the folder of its plan when it ends.
    const lock = acquireRunLock(repository.commonDir, { run: "archive-plan", plan });
    try {
      const to = archivePlan({ projectRoot }, location);
      if (to === null) throw new DgovError("NOT_FOUND", `no plan ${args.name}`);
      recordArchived(projectRoot, { plan, from: location.dir, to });
      const [was, is] = [location.dir, to].map((path) => relative(projectRoot, path));
      context.output.answer(
        {
          schema: "dgov.archive-plan/1",
          name: location.name,
          archived_as: basename(to),
          from: was,
          to: is,
        },
        `archived ${location.name} as ${is}`,
      );
      return 0;
    } finally {
      lock.release();
    }
  },
});
