/**
 * Removes what runs that are over left behind: worktrees, gate trees, slots, candidate refs; and what
 * killed planners did.
 *
 * Never a keep-ref, never anything live: the caller holds the run lock, so nothing is live. A
 * directory with work that is under no ref stays and is named.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { deleteRef, keepRef, listRefs } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { openAttemptTree, removeAttemptTree, removeFolder } from "../git/worktree.ts";
import type { EventLog } from "../log/event-log.ts";
import { sortedBy } from "../std/order.ts";
import { attemptPlace, type Places } from "./places.ts";
import { cleanDrafts, cleanPlanners } from "./planner-leftovers.ts";

export interface Cleaned {
  /** What was (or, dry, would be) removed, in words. */
  removed: string[];
  /** What stays because it may hold work, with the reason. */
  kept: string[];
}

/** Cleans one repository's places and refs. `dry` only looks. */
export async function cleanRuns(o: {
  repository: Repository;
  projectRoot: string;
  places: Places;
  log: EventLog | null;
  dry: boolean;
}): Promise<Cleaned> {
  const cleaned: Cleaned = { removed: [], kept: [] };
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
  cleaned: Cleaned,
): Promise<void> {
  const folder = join(o.places.runs, run);
  for (const record of o.log?.lifecycle({ run }) ?? []) {
    if (record.type !== "attempt.prepared" || record.unit === null || record.attempt === null)
      continue;
    const place = attemptPlace(o.places, { run, unit: record.unit, attempt: record.attempt });
    if (!existsSync(place.path)) continue;
    const label = `worktree of ${record.unit}, attempt ${record.attempt} (run ${run})`;
    const tree = openAttemptTree(o.repository, { ...place, base: String(record.data["base"]) });
    try {
      if (!o.dry) {
        await removeAttemptTree(o.repository, tree, {
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
