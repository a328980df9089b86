/**
 * Removes what runs that are over left behind: worktrees, gate trees, slots, candidate refs; and what
 * killed planners did.
 *
 * Never a keep-ref, never anything live: the caller holds the run lock, so nothing is live. A
 * directory with work that is under no ref stays and is named.
 */
import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { removeWorktree } from "../git/keep.ts";
import { deleteRef, keepRef, listRefs } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { openWorktree } from "../git/worktree.ts";
import type { EventLog } from "../log/event-log.ts";
import { processStart } from "../process/tree.ts";
import { removeFolder } from "../std/files.ts";
import { sortedBy } from "../std/order.ts";
import { attemptPaths, type RunPaths } from "./paths.ts";

export interface CleanResult {
  /** What was (or, dry, would be) removed, in words. */
  removed: string[];
  /** What stays because it may hold work, with the reason. */
  kept: string[];
}

/** Cleans one repository's places and refs. `dry` only looks. */
export async function cleanRuns(o: {
  repository: Repository;
  projectRoot: string;
  places: RunPaths;
  log: EventLog | null;
  dry: boolean;
}): Promise<CleanResult> {
  const cleaned: CleanResult = { removed: [], kept: [] };
  for (const run of foldersOf(o.places.runs)) await cleanRun(o, run, cleaned);
  for (const slot of foldersOf(o.places.slots)) {
    cleaned.removed.push(`gate tree ${slot}`);
    if (!o.dry) removeFolder(join(o.places.slots, slot));
  }
  for (const { ref } of await listRefs(o.repository, "refs/dgov/candidate")) {
    cleaned.removed.push(ref);
    if (!o.dry) await deleteRef(o.repository, ref);
  }
  for (const { ref } of await listRefs(o.repository, "refs/dgov/base")) {
    cleaned.removed.push(ref);
    if (!o.dry) await deleteRef(o.repository, ref);
  }
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
  const folder = join(o.places.runs, run);
  for (const record of o.log?.lifecycle({ run }) ?? []) {
    if (record.type !== "attempt.prepared" || record.unit === null || record.attempt === null)
      continue;
    const place = attemptPaths(o.places, { run, unit: record.unit, attempt: record.attempt });
    if (!existsSync(place.path)) continue;
    const label = `worktree of ${record.unit}, attempt ${record.attempt} (run ${run})`;
    const tree = openWorktree({ ...place, base: String(record.data["base"]) });
    try {
      if (!o.dry) {
        await removeWorktree(o.repository, tree, {
          keptRef: keepRef(run, record.unit, record.attempt),
        });
      }
      cleaned.removed.push(label);
    } catch (error) {
      if (!(error instanceof DgovError)) throw error;
      cleaned.kept.push(`${label}: ${error.message}`);
    }
  }
  const left = foldersOf(folder).filter((name) => existsSync(join(folder, name, "tree")));
  if (left.length === 0) {
    cleaned.removed.push(`folder of run ${run}`);
    if (!o.dry) removeFolder(folder);
  } else if (!o.dry) {
    const known = cleaned.kept.length;
    if (known === 0)
      cleaned.kept.push(`${left.length} worktrees of run ${run}, which the log does not know`);
  }
}

function foldersOf(path: string): string[] {
  if (!existsSync(path)) return [];
  return sortedBy(
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name),
    (name) => name,
  );
}

// ------------------------------------------------------------
// What planners left behind whose process was killed: checkouts, and drafts that are no plan yet.

const draftsDir = ".dgov/runtime/planner";

/** Where planners work: a folder each, its name beginning with the id of its process. */
export function plannerFolder({ root }: Pick<RunPaths, "root">): string {
  return join(root, "planner");
}

/** Removes the checkouts of processes that are gone; one that somebody worked in stays. `dry` only looks. */
export async function cleanPlanners(o: {
  repository: Repository;
  places: Pick<RunPaths, "root">;
  dry: boolean;
}): Promise<CleanResult> {
  const { repository, dry } = o;
  const cleaned: CleanResult = { removed: [], kept: [] };
  const folder = plannerFolder(o.places);
  for (const name of abandoned(folder)) {
    const [pid = "", base = ""] = name.split("-");
    const at = join(folder, name);
    const place = { path: join(at, "tree"), meta: join(at, "meta"), base };
    const label = `checkout of planner ${pid}`;
    try {
      if (!dry && existsSync(place.path)) {
        await removeWorktree(repository, openWorktree(place), {});
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
