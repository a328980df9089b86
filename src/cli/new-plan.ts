/** New plans that dgov writes itself: a name nobody had, a folder, its files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { scanLanded } from "../git/landed.ts";
import { headOf } from "../git/revisions.ts";
import { openEventLogForReading } from "../log/event-log.ts";
import { folderOf, listPlans, type PlanLocation } from "../plan/locate.ts";
import { repositoryOf } from "./compile-plan.ts";

/**
 * Writes a plan tree under the name wanted or, when that is or was in use, under it with `-2`, `-3`
 * and so on. A name lives on in the log and in what landed: under it, the same work would count as
 * done already. `exact` refuses instead. `filesOf` gives the files by their path below the folder.
 */
export async function newPlanFolder(
  projectRoot: string,
  o: { wanted: string; kind: PlanLocation["kind"]; exact?: boolean },
  filesOf: (name: string) => Record<string, string>,
): Promise<PlanLocation> {
  const used = new Set(listPlans(projectRoot).map(({ name }) => name));
  const folder = join(projectRoot, folderOf(o.kind));
  mkdirSync(folder, { recursive: true });
  for (let n = 1; ; n++) {
    const name = n === 1 ? o.wanted : `${o.wanted}-${n}`;
    if (n > 1 && o.exact === true) {
      throw new DgovError("REFUSED", `the name ${o.wanted} is or was in use`, {
        hint: `choose another, e.g. ${name}`,
      });
    }
    const dir = join(folder, name);
    if (used.has(name) || hasRun(projectRoot, name) || (await hasLanded(projectRoot, name)))
      continue;
    if (!madeFolder(dir)) continue;
    for (const [path, text] of Object.entries(filesOf(name))) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    return { dir, name, archived: false, kind: o.kind };
  }
}

/** Whether the log knows a run of that plan. */
export function hasRun(projectRoot: string, plan: string): boolean {
  using log = openEventLogForReading(projectRoot);
  return (log?.newestRun(plan) ?? null) !== null;
}

async function hasLanded(projectRoot: string, plan: string): Promise<boolean> {
  const repository = await repositoryOf(projectRoot);
  if (repository === null) return false;
  const { commit } = await headOf(repository);
  return commit !== null && (await scanLanded(repository, { tip: commit, plan })).length > 0;
}

/** False when somebody has it already. */
function madeFolder(dir: string): boolean {
  try {
    mkdirSync(dir);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new DgovError("ENVIRONMENT", `${dir} cannot be made`, { cause: error });
  }
}
