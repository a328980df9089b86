/** What planners left behind whose process was killed: checkouts, and drafts that are no plan yet. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import type { Repository } from "../git/repository.ts";
import { openAttemptTree, removeAttemptTree, removeFolder } from "../git/worktree.ts";
import { processStart } from "../process/tree.ts";
import type { Cleaned } from "./clean.ts";
import type { Places } from "./places.ts";

const draftsDir = ".dgov/runtime/planner";

/** Where planners work: a folder each, its name beginning with the id of its process. */
export function plannerFolder({ root }: Pick<Places, "root">): string {
  return join(root, "planner");
}

/** Removes the checkouts of processes that are gone; one that somebody worked in stays. `dry` only looks. */
export async function cleanPlanners(o: {
  repository: Repository;
  places: Pick<Places, "root">;
  dry: boolean;
}): Promise<Cleaned> {
  const { repository, dry } = o;
  const cleaned: Cleaned = { removed: [], kept: [] };
  const folder = plannerFolder(o.places);
  for (const name of abandoned(folder)) {
    const [pid = "", base = ""] = name.split("-");
    const at = join(folder, name);
    const place = { path: join(at, "tree"), meta: join(at, "meta"), base };
    const label = `checkout of planner ${pid}`;
    try {
      if (!dry && existsSync(place.path)) {
        await removeAttemptTree(repository, openAttemptTree(repository, place), {});
      }
      if (!dry) removeFolder(at);
      cleaned.removed.push(label);
    } catch (error) {
      if (!(error instanceof DgovError)) throw error;
      cleaned.kept.push(`${label}: ${error.message}`);
    }
  }
  return cleaned;
}

/** Removes drafts of processes that are gone; gives what was removed, in words. `dry` only looks. */
export function cleanDrafts(projectRoot: string, dry: boolean): string[] {
  const folder = join(projectRoot, draftsDir);
  // A link of the repository's may lead anywhere.
  if (!existsSync(folder) || realpathSync(folder) !== join(realpathSync(projectRoot), draftsDir)) {
    return [];
  }
  return abandoned(folder).map((name) => {
    if (!dry) removeFolder(join(folder, name));
    return `draft of planner ${name}`;
  });
}

/** Folders of a folder whose process is gone. */
function abandoned(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => {
    const pid = /^\d+/.exec(name)?.[0];
    return pid !== undefined && processStart(Number(pid)) === null;
  });
}
