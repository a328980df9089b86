import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { scanLanded } from "../git/landed.ts";
import { headOf } from "../git/refs.ts";
import { openEventLogForReading } from "../log/event-log.ts";
import { folderOf, type PlanLocation } from "../plan/locate.ts";
import { archiveName } from "../plan/names.ts";
import { repositoryOf } from "./compile.ts";

/**
 * Writes a plan tree under the name wanted or, when that is or was in use, under the next that is
 * free. `exact` refuses instead. `filesOf` gives the files by their path below the folder.
 */
export async function createPlanFolder(
  projectRoot: string,
  o: { wanted: string; kind: PlanLocation["kind"]; exact?: boolean },
  filesOf: (name: string) => Record<string, string>,
): Promise<PlanLocation> {
  const folder = join(projectRoot, folderOf(o.kind));
  mkdirSync(folder, { recursive: true });
  while (true) {
    const name = await freeName(projectRoot, o.wanted);
    if (o.exact === true && name !== o.wanted) {
      throw new DgovError("REFUSED", `the name ${o.wanted} is or was in use`, {
        hint: `choose another, e.g. ${name}`,
      });
    }
    const dir = join(folder, name);
    // Somebody may have made it meanwhile; then it is no longer free.
    if (!madeFolder(dir)) continue;
    for (const [path, text] of Object.entries(filesOf(name))) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    return { dir, name, archived: false, kind: o.kind };
  }
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

// ------------------------------------------------------------
//  * Names for new plans. A name lives on in folders, in the log and in what has landed: under one that
// was used before, the same work would count as done already.

/** Whether a plan of that name, of either kind, is there, was archived, ran or landed. */
export async function isNameTaken(projectRoot: string, name: string): Promise<boolean> {
  const folders = (["plan", "fix"] as const).flatMap((kind) => {
    const folder = join(projectRoot, folderOf(kind));
    return [join(folder, name), join(folder, archiveName, name)];
  });
  return (
    folders.some((folder) => lstatSync(folder, { throwIfNoEntry: false }) !== undefined) ||
    hasRun(projectRoot, name) ||
    (await hasLanded(projectRoot, name))
  );
}

/** The name, or the first of `-2`, `-3`, ... that nobody has or had. */
export async function freeName(projectRoot: string, wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!(await isNameTaken(projectRoot, name))) return name;
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
