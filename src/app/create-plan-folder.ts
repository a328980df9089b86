/** Plans that dgov writes itself: a free name, a folder, and its files. */
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { reservedReason } from "../claims/reserved.ts";
import { ownPath } from "../config/find.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import { headOf, resolveCommit } from "../git/refs.ts";
import {
  findRepository,
  openRepository,
  prefixOf,
  projectDirOf,
  type Repository,
} from "../git/repository.ts";
import { diffTrees } from "../git/trees.ts";
import { openEventLogForReading } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { type PlanLocation, plansFolder } from "../plan/locate.ts";
import { archiveName, safeName } from "../plan/names.ts";
import { remediationFiles } from "../plan/remediation-plan.ts";
import { landedUnits } from "../runner/history/landings.ts";
import type { Compiler } from "../runner/run-request.ts";
import type { RemediationNeeds } from "../views/remediation-needs.ts";
import type { RunView } from "../views/run-view.ts";

/**
 * Writes a plan tree under the wanted name or, when that is or was in use, under the first free one of
 * `name-2`, `name-3`, ... With `exact` it throws REFUSED instead. `filesOf` gives the files of the
 * plan by their path below its folder.
 */
export async function createPlanFolder(
  projectRoot: string,
  o: { wanted: string; kind: PlanLocation["kind"]; exact?: boolean },
  filesOf: (name: string) => Record<string, string>,
): Promise<PlanLocation> {
  const folder = ownPath(projectRoot, plansFolder(o.kind));
  mkdirSync(folder, { recursive: true });
  while (true) {
    const name = await freeName(projectRoot, o.wanted);
    if (o.exact === true && name !== o.wanted) {
      throw new DgovError("REFUSED", `the name ${o.wanted} is or was in use`, {
        hint: `choose another, e.g. ${name}`,
      });
    }
    const dir = join(folder, name);
    // Another process may have taken the name since it was found free.
    if (!makeFolder(dir)) continue;
    for (const [path, text] of Object.entries(filesOf(name))) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    return { dir, name, archived: false, kind: o.kind };
  }
}

/**
 * Writes and compiles a plan that repairs what a run left red or degraded. `name` is the exact name to
 * use; null derives one from the plan. A plan that does not compile is removed again.
 */
export async function createRemediationPlan(o: {
  projectRoot: string;
  run: RunView;
  trouble: RemediationNeeds;
  name: string | null;
  compilerOf(location: PlanLocation): Compiler;
}): Promise<{ location: PlanLocation; plan: CompiledPlan }> {
  const { projectRoot, run, trouble } = o;
  const config = requireConfig(projectRoot);
  const repository = await openRepository(projectRoot);
  const changed = await changedPaths(projectRoot, repository, run);
  const of = { plan: run.plan, run: run.run };
  const location = await createPlanFolder(
    projectRoot,
    {
      wanted: o.name ?? safeName(`${run.plan}-remediation`, "remediation"),
      kind: "plan",
      exact: o.name !== null,
    },
    (name) => remediationFiles({ name, of, ...trouble, changed }),
  );
  try {
    const { plan } = await o.compilerOf(location)(config, repository);
    return { location, plan };
  } catch (error) {
    // The name would stay in use.
    rmSync(location.dir, { recursive: true, force: true });
    throw error;
  }
}

/** Paths below the project that a run changed and that still exist, without reserved ones. */
async function changedPaths(
  projectRoot: string,
  repository: Repository,
  run: { before: string; after: string | null },
): Promise<string[]> {
  const [before, after] = await Promise.all(
    [run.before, run.after ?? ""].map((commit) => resolveCommit(repository, commit)),
  );
  // The commits may be gone after a reset and garbage collection.
  if (!before || !after) return [];
  const prefix = prefixOf(projectDirOf(repository, projectRoot));
  const nothing = { gitControlAllowed: false, exactClaims: new Set<string>() };
  return (await diffTrees(repository, before, after))
    .filter(({ path }) => path.startsWith(prefix))
    .map(({ path }) => path.slice(prefix.length))
    .filter((path) => reservedReason(path, nothing) === null)
    .filter((path) => existsSync(join(projectRoot, path)));
}

/**
 * True when a plan of that name, of either kind, exists, was archived, ran or landed. Under such a
 * name, work that landed before would count as done.
 */
export async function isNameTaken(projectRoot: string, name: string): Promise<boolean> {
  const folders = (["plan", "fix"] as const).flatMap((kind) => {
    const folder = ownPath(projectRoot, plansFolder(kind));
    return [join(folder, name), join(folder, archiveName, name)];
  });
  return (
    folders.some((folder) => lstatSync(folder, { throwIfNoEntry: false }) !== undefined) ||
    hasRun(projectRoot, name) ||
    (await hasLanded(projectRoot, name))
  );
}

/** The wanted name, or the first of `-2`, `-3`, ... that is not taken. */
export async function freeName(projectRoot: string, wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!(await isNameTaken(projectRoot, name))) return name;
  }
}

/** True when the log holds a run of the plan. */
export function hasRun(projectRoot: string, plan: string): boolean {
  using log = openEventLogForReading(projectRoot);
  return (log?.newestRun(plan) ?? null) !== null;
}

async function hasLanded(projectRoot: string, plan: string): Promise<boolean> {
  const repository = await findRepository(projectRoot);
  if (repository === null) return false;
  const { commit } = await headOf(repository);
  if (commit === null) return false;
  return (await landedUnits(repository, { projectRoot, tip: commit, plan })).landed.length > 0;
}

/** Makes the folder; false when it exists. */
function makeFolder(dir: string): boolean {
  try {
    mkdirSync(dir);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new DgovError("ENVIRONMENT", `failed to create ${dir}`, { cause: error });
  }
}
