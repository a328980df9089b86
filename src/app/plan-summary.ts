/** Facts of plans on disk for lists and status. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { parseToml } from "../config/toml.ts";
import { branchTip, headOf, isCheckedOut } from "../git/refs.ts";
import { findRepository } from "../git/repository.ts";
import type { EventLog } from "../log/event-log.ts";
import { declaredName, type PlanLocation } from "../plan/locate.ts";
import { archiveName } from "../plan/names.ts";
import { adoptedLines, landedUnits, readHistory } from "../runner/history.ts";
import type { PlanFacts } from "../views/plan-view.ts";
import type { RunView } from "../views/run-view.ts";
import type { LiveRun } from "../views/status.ts";
import { liveRun, readOverview } from "./open-log.ts";

/** The context that all plans of a list share. */
interface PlanListContext {
  projectRoot: string;
  log: EventLog | null;
  live: LiveRun | null;
  /** Units that landed, by plan, as the history of landings lists them. */
  deployed: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads what all plans of a list share. */
export async function planListContext({
  projectRoot,
  log,
}: Pick<PlanListContext, "projectRoot" | "log">): Promise<PlanListContext> {
  return {
    projectRoot,
    log,
    live: liveRun(projectRoot),
    deployed: await deployedUnits(projectRoot),
  };
}

/** Facts of one plan for `plan list`. */
export async function planFacts(
  location: PlanLocation,
  context: PlanListContext,
): Promise<PlanFacts> {
  const { log, projectRoot, live, deployed } = context;
  const source = readSource(location.dir);
  const plan = planNameAt(location);
  const run = log === null ? null : newestRunAt(log, plan, location);
  // The last run knows its own units.
  const isWhole = run !== null && run.units.length >= source.units.size;
  const elsewhere =
    run === null || isWhole ? null : await landedElsewhere(projectRoot, plan, run.target);
  const known = elsewhere ?? deployed.get(plan) ?? new Set();
  return {
    name: location.name,
    path: relative(projectRoot, location.dir).replaceAll("\\", "/"),
    kind: location.kind,
    archived: location.archived,
    compiled: source.compiledAt !== null,
    // Nothing compares an archived plan to its compiled file, which may come from a clone.
    changedSinceCompile:
      !location.archived && source.compiledAt !== null && source.changedAt > source.compiledAt,
    tasks: source.units.size,
    // A name may be used again for a plan with other units.
    deployed: source.units.intersection(known),
    run,
    live: run !== null && live?.run === run.run,
  };
}

/** Units of a plan that landed on a branch, by its commits; null when it is checked out or no longer exists. */
async function landedElsewhere(
  projectRoot: string,
  plan: string,
  branch: string,
): Promise<Set<string> | null> {
  const repository = await findRepository(projectRoot);
  if (repository === null || isCheckedOut(repository, branch)) return null;
  const tip = await branchTip(repository, branch);
  if (tip === null) return null;
  const { landed } = await landedUnits(repository, { projectRoot, branch, tip, plan });
  return new Set(landed.map(({ unit }) => unit));
}

/** `[plan] name`, by which the log and landed commits name a plan, else the name of its folder. */
export function planNameAt(location: PlanLocation): string {
  return declaredName(location) ?? location.name;
}

/** Runs of one name that are examined: a name may be used again after its plan was archived. */
const sameNameMax = 10;

/** The newest run of the plan in that folder, by the folder that a run recorded for its plan. */
export function newestRunAt(log: EventLog, plan: string, location: PlanLocation): RunView | null {
  for (const entry of log.runs({ plan, limit: sameNameMax })) {
    const run = readOverview(log, entry.run);
    if (run === null) continue;
    // A plan that was archived on another branch is in both folders, by what is checked out.
    const left = run.archivedTo !== null && run.archivedOn === null;
    const folders = [run.archivedTo ?? run.planPath, ...(left ? [] : [run.planPath])];
    const here = folders.some((folder) => {
      // A run of an archived plan leaves it in the archive.
      const archived = basename(dirname(folder)) === archiveName;
      return basename(folder) === basename(location.dir) && archived === location.archived;
    });
    if (here || run.planPath === "") return run;
  }
  return null;
}

interface Source {
  /** Ids of its units. */
  units: Set<string>;
  /** Newest change of a source file, epoch milliseconds. */
  changedAt: number;
  compiledAt: number | null;
}

/** Unit ids and modification times of `_root.toml` and of the files in section folders. */
function readSource(dir: string): Source {
  const source: Source = { units: new Set(), changedAt: 0, compiledAt: null };
  const changed = (path: string): void => {
    source.changedAt = Math.max(source.changedAt, mtime(path) ?? 0);
  };
  source.compiledAt = mtime(join(dir, "_compiled.toml"));
  changed(join(dir, "_root.toml"));
  for (const section of entries(dir)) {
    if (!section.isDirectory() || /^[._]/.test(section.name)) continue;
    for (const file of entries(join(dir, section.name))) {
      if (!file.isFile() || /^[._]/.test(file.name)) continue;
      const path = join(dir, section.name, file.name);
      changed(path);
      if (file.name.endsWith(".toml")) {
        const stem = `${section.name}/${basename(file.name, ".toml")}`;
        for (const key of taskKeys(readFileSync(path, "utf8"))) source.units.add(`${stem}.${key}`);
      }
    }
  }
  return source;
}

/** Keys of the tasks of a task file; empty when it is not valid TOML. */
function taskKeys(text: string): string[] {
  const parsed = parseToml(text);
  const tasks = parsed.ok ? parsed.value["tasks"] : undefined;
  return typeof tasks === "object" && tasks !== null ? Object.keys(tasks) : [];
}

function entries(dir: string) {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}

function mtime(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

/**
 * Units by plan in the history of landings. Lines of the Python program count while git has their commits on the
 * branch that is checked out.
 */
async function deployedUnits(projectRoot: string): Promise<Map<string, Set<string>>> {
  const lines = readHistory(projectRoot);
  const units = new Map<string, Set<string>>();
  for (const [plan, of] of Map.groupBy(lines, (line) => line.plan)) {
    units.set(plan, new Set(of.flatMap(({ digest, unit }) => (digest === null ? [] : [unit]))));
  }
  const python = new Set(lines.flatMap(({ plan, digest }) => (digest === null ? [plan] : [])));
  const repository = python.size === 0 ? null : await findRepository(projectRoot);
  const tip = repository === null ? null : (await headOf(repository)).commit;
  if (repository === null || tip === null) return units;
  for (const plan of python) {
    const known = adoptedLines(lines, plan);
    const { landed } = await landedUnits(repository, { projectRoot, tip, plan });
    const reached = new Set(landed.map(({ unit }) => unit));
    const gone = new Set(known.map(({ unit }) => unit).filter((unit) => !reached.has(unit)));
    units.set(plan, new Set([...(units.get(plan) ?? []), ...reached].filter((u) => !gone.has(u))));
  }
  return units;
}
