/** New plans that dgov writes itself: a name nobody had, a folder, its files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { folderOf, type PlanLocation } from "../plan/locate.ts";
import { freeName } from "./plan-names.ts";

/**
 * Writes a plan tree under the name wanted or, when that is or was in use, under the next that is
 * free. `exact` refuses instead. `filesOf` gives the files by their path below the folder.
 */
export async function newPlanFolder(
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
