/**
 * `dgov clean`: removes what ended runs and killed planners left: worktrees, gate trees, refs of candidates.
 *
 * Keep-refs stay. Nothing is live, since the caller holds the run lock. A worktree with work that no ref keeps stays
 * and is named.
 */
import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { ownPath, ownRoot } from "../../config/find.ts";
import { DgovError, endsRun } from "../../error.ts";
import { recoverLanding } from "../../git/landing/land.ts";
import type { Identity } from "../../git/objects.ts";
import { asideMark, isOwnFolder, removeOwnFolder } from "../../git/own-folder.ts";
import { removeAbandonedGitDirs } from "../../git/private-dir.ts";
import { deleteRef, deleteRefs, keepRef, listRefs } from "../../git/refs.ts";
import type { Repository } from "../../git/repository.ts";
import { removeWorktree } from "../../git/worktrees/keep.ts";
import { openWorktree, pruneRegistrations } from "../../git/worktrees/worktree.ts";
import type { Worktree } from "../../git/worktrees/worktree-files.ts";
import type { EventLog } from "../../log/event-log.ts";
import { processStart } from "../../process/tree.ts";
import { openLayers } from "../../settlement/context.ts";
import { lstatIfPresent, removeFolder } from "../../std/files.ts";
import { sortedBy } from "../../std/order.ts";
import { errorMessage } from "../../std/text.ts";
import { preparedAttempts } from "../history/runs.ts";
import { attemptPaths, type RunPaths, restoreAccess } from "../paths.ts";
import { isKept, keepLeftWork } from "../recovery.ts";

export interface CleanResult {
  /** Descriptions of what was removed or, with `dry`, would be. */
  removed: string[];
  /** Descriptions of what may hold work and stays, with the reason. */
  kept: string[];
}

/** Refs that only a live run needs. */
const refsOfRuns = ["refs/dgov/base", "refs/dgov/candidate"];

/** Cleans the directories and refs of a repository. `dry` changes nothing. */
export async function cleanRuns(o: {
  repository: Repository;
  projectRoot: string;
  paths: RunPaths;
  log: EventLog | null;
  dry: boolean;
  /** Variables of this process. */
  env: Record<string, string | undefined>;
  /** True to remove the layers of gate trees, which the next run then builds again. */
  layers: boolean;
}): Promise<CleanResult> {
  if (!o.dry) restoreAccess(o.paths);
  const cleaned: CleanResult = { removed: cleanLinks(o), kept: [] };
  const landing = await recoverLanding(o.repository, o);
  if (landing !== null) cleaned.removed.push(`locks of a landing on ${landing}`);
  for (const run of foldersOf(o.paths.runs)) {
    const { removed, kept } = await cleanRun(o, run);
    cleaned.removed.push(...removed);
    cleaned.kept.push(...kept);
  }
  for (const slot of foldersOf(o.paths.slots)) {
    const path = join(o.paths.slots, slot);
    try {
      if (!o.dry) removeOwnFolder(path);
      cleaned.removed.push(`gate tree ${slot}`);
    } catch (error) {
      cleaned.kept.push(`${path}: ${errorMessage(error)}`);
    }
  }
  const store = openLayers(o.paths.layers, o.env);
  cleaned.removed.push(...store.trim(o.layers ? 0 : Number.POSITIVE_INFINITY, o));
  for (const { ref } of await listRefs(o.repository, ...refsOfRuns)) {
    cleaned.removed.push(ref);
    if (!o.dry) await deleteRef(o.repository, ref);
  }
  cleaned.removed.push(...removeAbandonedGitDirs(o).map((path) => `git dir ${path}`));
  const planners = await cleanPlanners(o);
  cleaned.removed.push(...planners.removed, ...cleanDrafts(o.projectRoot, o.dry));
  cleaned.kept.push(...planners.kept);
  const fixes = ownPath(o.projectRoot, ".dgov/runtime/fix-plans/archive");
  for (const name of foldersOf(fixes)) {
    cleaned.removed.push(`archived fix plan ${name}`);
    if (!o.dry) rmSync(join(fixes, name), { recursive: true });
  }
  return cleaned;
}

/** The part of a run or its environment that keeping work needs. */
interface Keeping {
  log: EventLog;
  identity: Identity;
  config: Config;
}

/**
 * Removes the folder of an ended run, except worktrees with work that no ref keeps, and what cannot be removed. An
 * attempt that the log of the run lacks holds no work: its preparation did not finish. With `keeping`, work that could
 * not be kept when its attempt ended is kept first.
 */
export async function cleanRun(
  o: Pick<Parameters<typeof cleanRuns>[0], "repository" | "paths" | "log" | "dry"> & {
    keeping?: Keeping;
  },
  run: string,
): Promise<CleanResult> {
  const cleaned: CleanResult = { removed: [], kept: [] };
  const { repository, paths, dry, keeping } = o;
  const folder = join(paths.runs, run);
  const records = o.log?.lifecycle({ run }) ?? [];
  const attempts = new Map(
    preparedAttempts(records).map((one) => {
      const place = attemptPaths(paths, { run, ...one });
      return [basename(dirname(place.path)), { ...one, place }];
    }),
  );
  const names = foldersOf(folder);
  for (const name of names) {
    const at = join(folder, name);
    const known = attempts.get(name);
    const holdsTree = existsSync(join(at, "tree"));
    const label =
      known === undefined ? at : `worktree of ${known.unit}, attempt ${known.attempt} (run ${run})`;
    if (holdsTree && known === undefined && records.length === 0) {
      cleaned.kept.push(`${at}: a worktree that is not in the log`);
      continue;
    }
    try {
      if (!dry && holdsTree && known !== undefined) {
        const tree = openWorktree({ ...known.place, base: known.base });
        const keptRef = keepRef(run, known.unit, known.attempt);
        if (keeping !== undefined && !isKept(records, known)) {
          const of = { ...known, run, plan: records[0]?.plan ?? "" };
          await keepIfPossible({ ...keeping, repository }, of, tree);
        }
        await removeWorktree(repository, tree, { keptRef });
      }
      if (!dry) removeOwnFolder(at);
      if (holdsTree) cleaned.removed.push(label);
    } catch (error) {
      if (endsRun(error)) throw error;
      cleaned.kept.push(`${label}: ${errorMessage(error)}`);
    }
  }
  if (cleaned.kept.length === 0 && existsSync(folder)) {
    cleaned.removed.push(`folder of run ${run}`);
    if (!dry) removeOwnFolder(folder);
  }
  if (!dry) pruneRegistrations(repository, folder);
  return cleaned;
}

/** Keeps the work in a worktree. What cannot be kept stays, since `removeWorktree` refuses to remove it. */
async function keepIfPossible(
  { repository, log, identity, config }: Keeping & { repository: Repository },
  of: Parameters<typeof keepLeftWork>[1],
  tree: Worktree,
): Promise<void> {
  try {
    const keepBytesMax = config.worktree.keepMibMax * 1024 * 1024;
    await keepLeftWork({ repository, log, identity, keepBytesMax }, of, tree);
  } catch (error) {
    if (endsRun(error)) throw error;
  }
}

/** Removes gate trees that were moved aside; returns descriptions of those that still cannot be removed. */
export function removeAside({ slots }: Pick<RunPaths, "slots">): string[] {
  return foldersOf(slots).flatMap((slot) =>
    foldersOf(join(slots, slot))
      .filter((name) => name.includes(asideMark))
      .flatMap((name) => {
        const path = join(slots, slot, name);
        try {
          removeOwnFolder(path);
          return [];
        } catch (error) {
          return [`${path}: ${errorMessage(error)}`];
        }
      }),
  );
}

/** Keeps and removes what ended runs could not keep or remove, as far as that is possible now. */
export async function cleanEndedRuns(
  o: { repository: Repository; paths: RunPaths } & Keeping,
): Promise<void> {
  const { repository } = o;
  try {
    const refs = await listRefs(repository, ...refsOfRuns);
    await deleteRefs(
      repository,
      refs.map(({ ref }) => ref),
    );
    for (const run of foldersOf(o.paths.runs)) {
      await cleanRun({ ...o, dry: false, keeping: o }, run);
    }
  } catch (error) {
    // `dgov clean` says what is left and why.
    if (endsRun(error)) throw error;
  }
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
  const own = ownRoot(projectRoot);
  const folder = join(own, draftsDir);
  // A link in the repository may lead out of it.
  if (!existsSync(folder) || realpathSync(folder) !== join(realpathSync(own), draftsDir)) {
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
