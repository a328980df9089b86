/** `dgov plan remediate PLAN`: what the plan's last run left wrong with the branch, as a plan. */
import { existsSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { openProjectLog } from "../../../app/open-log.ts";
import { resolveRun } from "../../../app/resolve-run.ts";
import { DgovError } from "../../../error.ts";
import type { Repository } from "../../../git/repository.ts";
import { plural } from "../../../std/text.ts";
import { viewTrouble } from "../../../views/trouble.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";

export default command({
  name: "remediate",
  description: "Plan the repair of a degraded or red branch",
  args: {
    plan: { type: "positional", required: false, valueHint: "PLAN", description: "Plan that ran" },
    name: { type: "string", valueHint: "N", description: "Name of the new plan" },
  },
  examples: ["dgov plan remediate my-plan", "dgov plan remediate my-plan --name mend"],
  async run(context, args) {
    const { safeName, isSafeName, nameRule } = await import("../../../plan/names.ts");
    if (args.name !== undefined && !isSafeName(args.name)) {
      throw usageError(`"${args.name}" is not a name`, nameRule);
    }
    using seen = openProjectLog(context);
    const { projectRoot } = seen;
    const { log, run } = await resolveRun(seen, args.plan, (text) => context.output.status(text));
    const trouble = viewTrouble(log.lifecycle({ run: run.run }));
    if (trouble === null) {
      throw new DgovError("REFUSED", `the last run of ${run.plan} left nothing to mend`, {
        hint: `dgov plan review ${run.plan}`,
      });
    }
    const { configFor, compileForRun } = await import("../../../app/compile.ts");
    const { openRepository } = await import("../../../git/repository.ts");
    const { createPlanFolder } = await import("../../../app/create-plan-folder.ts");
    const { remediationFiles } = await import("../../../plan/remediation.ts");
    const config = configFor(projectRoot);
    const repository = await openRepository(projectRoot);
    const changed = await changedPaths(projectRoot, repository, run);
    const wanted = args.name ?? safeName(`${run.plan}-remediation`, "remediation");
    const of = { plan: run.plan, run: run.run };
    const location = await createPlanFolder(
      projectRoot,
      { wanted, kind: "plan", exact: args.name !== undefined },
      (name) => remediationFiles({ name, of, ...trouble, changed }),
    );
    try {
      const request = { projectRoot, location, config, repository };
      const { plan } = await compileForRun(context, request);
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
    } catch (error) {
      // A plan that does not compile would only hold the name.
      rmSync(location.dir, { recursive: true, force: true });
      throw error;
    }
  },
});

/** What a run changed below the project and is still there; nothing of dgov's own. */
async function changedPaths(
  projectRoot: string,
  repository: Repository,
  run: { before: string; after: string | null },
): Promise<string[]> {
  const { diffTrees } = await import("../../../git/trees.ts");
  const { prefixOf, projectDirOf } = await import("../../../git/repository.ts");
  const { resolveCommit } = await import("../../../git/refs.ts");
  const { reservedReason } = await import("../../../claims/reserved.ts");
  const ends = await Promise.all(
    [run.before, run.after ?? ""].map((commit) => resolveCommit(repository, commit)),
  );
  const [before, after] = ends;
  // Somebody may have thrown away what landed.
  if (!before || !after) return [];
  const prefix = prefixOf(projectDirOf(repository, projectRoot));
  const nothing = { gitControlAllowed: false, exactClaims: new Set<string>() };
  return (await diffTrees(repository, before, after))
    .filter(({ path }) => path.startsWith(prefix))
    .map(({ path }) => path.slice(prefix.length))
    .filter((path) => reservedReason(path, nothing) === null)
    .filter((path) => existsSync(join(projectRoot, path)));
}
