/**
 * `dgov clean`: removes what ended runs and killed planners left: worktrees, gate trees, refs of candidates.
 *
 * Keep-refs stay. Nothing is live, since the caller holds the run lock. A worktree with work that no ref keeps stays
 * and is named.
 */
import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DgovError } from "../../error.ts";
import { isOwnFolder, removeOwnFolder } from "../../git/own-folder.ts";
import { removeAbandonedGitDirs } from "../../git/private-dir.ts";
import { deleteRef, keepRef, listRefs } from "../../git/refs.ts";
import type { Repository } from "../../git/repository.ts";
import { removeWorktree } from "../../git/worktrees/keep.ts";
import { openWorktree } from "../../git/worktrees/worktree.ts";
import type { EventLog } from "../../log/event-log.ts";
import { processStart } from "../../process/tree.ts";
import { lstatIfPresent, removeFolder } from "../../std/files.ts";
import { sortedBy } from "../../std/order.ts";
import { preparedAttempts } from "../history.ts";
import { attemptPaths, type RunPaths } from "../paths.ts";

export interface CleanResult {
  /** Descriptions of what was removed or, with `dry`, would be. */
  removed: string[];
  /** Descriptions of what may hold work and stays, with the reason. */
  kept: string[];
}

/** Cleans the directories and refs of a repository. `dry` changes nothing. */
export async function cleanRuns(o: {
  repository: Repository;
  projectRoot: string;
  paths: RunPaths;
  log: EventLog | null;
  dry: boolean;
}): Promise<CleanResult> {
  const cleaned: CleanResult = { removed: cleanLinks(o), kept: [] };
  for (const run of foldersOf(o.paths.runs)) await cleanRun(o, run, cleaned);
  for (const slot of foldersOf(o.paths.slots)) {
    cleaned.removed.push(`gate tree ${slot}`);
    if (!o.dry) removeOwnFolder(join(o.paths.slots, slot));
  }
  for (const { ref } of await listRefs(o.repository, "refs/dgov/candidate")) {
    cleaned.removed.push(ref);
    if (!o.dry) await deleteRef(o.repository, ref);
  }
  for (const { ref } of await listRefs(o.repository, "refs/dgov/base")) {
    cleaned.removed.push(ref);
    if (!o.dry) await deleteRef(o.repository, ref);
  }
  cleaned.removed.push(...removeAbandonedGitDirs(o).map((path) => `git dir ${path}`));
  const planners = await cleanPlanners(o);
  cleaned.removed.push(...planners.removed, ...cleanDrafts(o.projectRoot, o.dry));
  cleaned.kept.push(...planners.kept);
  const fixes = join(o.projectRoot, ".dgov/runtime/fix-plans/archive");
  for (const name of foldersOf(fixes)) {
    cleaned.removed.push(`archived fix plan ${name}`);
    if (!o.dry) rmSync(join(fixes, name), { recursive: true });
  }
  return cleaned;
}

async function cleanRun(
  o: Parameters<typeof cleanRuns>[0],
  run: string,
  cleaned: CleanResult,
): Promise<void> {
  const folder = join(o.paths.runs, run);
  /** Folders of attempts that are named already, as removed or as kept. */
  const named = new Set<string>();
  for (const { unit, attempt, base } of preparedAttempts(o.log?.lifecycle({ run }) ?? [])) {
    const place = attemptPaths(o.paths, { run, unit, attempt });
    if (!existsSync(place.path)) continue;
    named.add(basename(dirname(place.path)));
    const label = `worktree of ${unit}, attempt ${attempt} (run ${run})`;
    const tree = openWorktree({ ...place, base });
    try {
      if (!o.dry) {
        await removeWorktree(o.repository, tree, { keptRef: keepRef(run, unit, attempt) });
      }
      cleaned.removed.push(label);
    } catch (error) {
      if (!(error instanceof DgovError)) throw error;
      cleaned.kept.push(`${label}: ${error.message}`);
    }
  }
  const left = foldersOf(folder).filter((name) => existsSync(join(folder, name, "tree")));
  const unknown = left.filter((name) => !named.has(name));
  for (const name of unknown) {
    cleaned.kept.push(`${join(folder, name)}: a worktree that is not in the log`);
  }
  // Of a dry run, worktrees that would be removed are still there.
  const stays = o.dry ? unknown : left;
  if (stays.length > 0) return;
  cleaned.removed.push(`folder of run ${run}`);
  if (!o.dry) removeOwnFolder(folder);
}

/** Removes links that a process put in place of dgov's folders; returns descriptions. */
function cleanLinks({ paths, dry }: { paths: RunPaths; dry: boolean }): string[] {
  const removed: string[] = [];
  const clean = (path: string): void => {
    removed.push(`link ${path}`);
    if (!dry) removeFolder(path);
  };
  if (existsSync(paths.root) && !isOwnFolder(paths.root)) clean(paths.root);
  for (const folder of [paths.runs, paths.slots, plannerFolder(paths)]) {
    if (lstatIfPresent(folder)?.isSymbolicLink()) clean(folder);
    if (!isOwnFolder(folder)) continue;
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries) if (entry.isSymbolicLink()) clean(join(folder, entry.name));
  }
  return removed;
}

/** Names of the folders in a folder; none in a link to one. */
function foldersOf(path: string): string[] {
  if (lstatIfPresent(path)?.isDirectory() !== true) return [];
  return sortedBy(
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name),
    (name) => name,
  );
}

const draftsDir = ".dgov/runtime/planner";

/** Folder of planners' checkouts. Each has a folder whose name begins with the id of its process. */
export function plannerFolder({ root }: Pick<RunPaths, "root">): string {
  return join(root, "planner");
}

/** Removes checkouts of planners that were killed. A changed one stays. `dry` changes nothing. */
export async function cleanPlanners(o: {
  repository: Repository;
  paths: Pick<RunPaths, "root">;
  dry: boolean;
}): Promise<CleanResult> {
  const { repository, dry } = o;
  const cleaned: CleanResult = { removed: [], kept: [] };
  const folder = plannerFolder(o.paths);
  for (const name of abandoned(folder)) {
    const [pid = "", base = ""] = name.split("-");
    const at = join(folder, name);
    const place = { path: join(at, "tree"), meta: join(at, "meta"), base };
    const label = `checkout of planner ${pid}`;
    try {
      if (!dry && existsSync(place.path)) {
        await removeWorktree(repository, openWorktree(place), {});
      }
      if (!dry) removeOwnFolder(at);
      cleaned.removed.push(label);
    } catch (error) {
      if (!(error instanceof DgovError)) throw error;
      cleaned.kept.push(`${label}: ${error.message}`);
    }
  }
  return cleaned;
}

/** Removes drafts of planners that were killed; returns descriptions of them. `dry` changes nothing. */
function cleanDrafts(projectRoot: string, dry: boolean): string[] {
  const folder = join(projectRoot, draftsDir);
  // A link in the repository may lead out of it.
  if (!existsSync(folder) || realpathSync(folder) !== join(realpathSync(projectRoot), draftsDir)) {
    return [];
  }
  return abandoned(folder).map((name) => {
    if (!dry) removeFolder(join(folder, name));
    return `draft of planner ${name}`;
  });
}

/** Names in a folder that begin with the id of a process that has ended. */
function abandoned(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => {
    const pid = /^\d+/.exec(name)?.[0];
    return pid !== undefined && processStart(Number(pid)) === null;
  });
}
