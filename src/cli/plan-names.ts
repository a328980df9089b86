/**
 * Names for new plans. A name lives on in folders, in the log and in what has landed: under one that
 * was used before, the same work would count as done already.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { scanLanded } from "../git/landed.ts";
import { headOf } from "../git/revisions.ts";
import { openEventLogForReading } from "../log/event-log.ts";
import { folderOf } from "../plan/locate.ts";
import { archiveName } from "../plan/names.ts";
import { repositoryOf } from "./compile-plan.ts";

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
