/** Plans as `status`, `plan list`, `plan status`, `plan review` and `explain` show them: text, runs and landings. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { projectPath } from "../config/find.ts";
import { parseToml } from "../config/toml.ts";
import { DgovError } from "../error.ts";
import type { EventLog } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { readCompiled } from "../plan/compiled-file.ts";
import { declaredName, listPlans, type PlanLocation } from "../plan/locate.ts";
import { archiveName } from "../plan/names.ts";
import type { BranchLandings, ClaimedLanding } from "../runner/history/landings.ts";
import { readText } from "../std/files.ts";
import {
  isWholeHistory,
  type PlanFacts,
  type PlannedUnit,
  type PlanRow,
  type PlanView,
  viewOneRun,
  viewPlan,
} from "../views/plan-view.ts";
import type { RunView } from "../views/run-view.ts";
import type { LiveRun, RanPlan } from "../views/status.ts";
import { liveRun, type ProjectLog, readOverview } from "./open-log.ts";

/** A plan with what its folder says. */
export interface ShownPlan extends PlanView {
  location: PlanLocation | null;
  /** The target branch; null when landings were not read from git. */
  target: string | null;
  compiled: boolean;
  /** A source file is newer than the compiled plan. */
  changedSinceCompile: boolean;
}

/** Runs of a plan that are read to find the last work on each of its units. */
const runsReadMax = 50;
/** Runs of one name that are looked through. */
const runsNamedMax = 1_000;

/** Reads the plans of a project. */
export class Plans {
  readonly #seen: ProjectLog;
  /** The run that held the lock before the log was read. */
  readonly live: LiveRun | null;
  #landings: Promise<BranchLandings | null> | null = null;
  #deployed: Promise<ReadonlySet<string>> | null = null;

  constructor(seen: ProjectLog, live = liveRun(seen.projectRoot)) {
    this.#seen = seen;
    this.live = live;
  }

  /**
   * The plan in a folder. `units` are those of its text, when the caller has compiled it. A plan that neither a run nor
   * the history of landings names is looked for in git only when the caller is `thorough`.
   */
  async at(
    location: PlanLocation,
    o: { units?: readonly PlannedUnit[] | null; thorough?: boolean } = {},
  ): Promise<ShownPlan> {
    const plan = planNameAt(location);
    const { thorough = false } = o;
    const source = readSource(location);
    const planned = o.units ?? source.planned;
    return await this.#view({ ...source, plan, location, planned, thorough });
  }

  /** A plan of which no folder is left. */
  async named(plan: string): Promise<ShownPlan> {
    return await this.#view({ plan, ...noFolder, thorough: true });
  }

  /** The plan of a run, as its folder is now. */
  async ofRun(run: RunView): Promise<ShownPlan> {
    const location =
      listPlans(this.#seen.projectRoot).find(
        (one) => isRunOf(run, one) && planNameAt(one) === run.plan,
      ) ?? null;
    const found = location === null ? null : await this.at(location);
    return found?.run?.run === run.run ? found : await this.named(run.plan);
  }

  /** One run, with its units as it left them. */
  async oneRun(run: RunView): Promise<RanPlan> {
    const { log } = this.#seen;
    const { plan } = run;
    const live = this.live?.run ?? null;
    const all = log === null ? [] : [...runsOf(log, plan, null)];
    const at = all.findIndex((one) => one.run === run.run);
    const newer = new Set(all.slice(0, Math.max(at, 0)).map((one) => one.run));
    const older = at < 0 ? [] : all.slice(at + 1);
    const runs = [run, ...older];
    const git = await this.#git({ plan, planned: run.units, runs, thorough: true });
    return { plan, run, ...viewOneRun(run, { older, newer, live, git }) };
  }

  async #view(
    of: Omit<Source, "planned"> & PlanQuery & { location: PlanLocation | null },
  ): Promise<ShownPlan> {
    const { plan, location, planned, compiled, changedSinceCompile, thorough } = of;
    const { log } = this.#seen;
    const runs: RunView[] = [];
    for (const run of log === null ? [] : runsOf(log, plan, location)) {
      runs.push(run);
      if (isWholeHistory(runs) || runs.length === runsReadMax) break;
    }
    const git = await this.#git({ plan, planned, runs, thorough });
    const units = new Set([...(planned ?? []), ...runs.flatMap((run) => run.units)].map(unitName));
    const known = new Set(runs.map(({ run }) => run));
    const named = git?.landed.filter(({ unit }) => units.has(unit)).map(({ run }) => run) ?? [];
    // A run that landed a unit may be older than those that were read.
    for (const run of new Set(named)) {
      const found = log === null || run === null || known.has(run) ? null : readOverview(log, run);
      if (found !== null) runs.push(found);
    }
    const facts = { planned, runs, live: this.live?.run ?? null, git };
    const target = git?.branch ?? null;
    return { ...viewPlan(plan, facts, compiled), location, target, compiled, changedSinceCompile };
  }

  /** The landings of a plan; null when the log is enough: a run is live, or nothing landed. */
  async #git(of: PlanQuery & { runs: readonly RunView[] }): Promise<PlanFacts["git"]> {
    const { plan, planned, runs, thorough } = of;
    const [newest] = runs;
    if (newest !== undefined && newest.run === this.live?.run) return null;
    if (newest === undefined && !thorough && !(await this.#isDeployed(plan))) return null;
    this.#landings ??= openLandings(this.#seen);
    const target = newest?.target ?? null;
    const landings = await this.#landings;
    try {
      return (
        (await landings?.of({ plan, target, units: planned, claimed: claimedBy(runs) })) ?? null
      );
    } catch (error) {
      if (error instanceof DgovError && error.code !== "INTERNAL") return null;
      throw error;
    }
  }

  /** True when the history of landings names the plan. */
  async #isDeployed(plan: string): Promise<boolean> {
    const { projectRoot } = this.#seen;
    this.#deployed ??= import("../runner/history/landings.ts").then(
      ({ readHistory }) => new Set(readHistory(projectRoot).map((line) => line.plan)),
    );
    return (await this.#deployed).has(plan);
  }
}

interface PlanQuery {
  plan: string;
  planned: readonly PlannedUnit[] | null;
  thorough: boolean;
}

function unitName({ unit }: { unit: string }): string {
  return unit;
}

/** Null outside a repository. Git's modules are loaded only by commands that ask it. */
async function openLandings({ projectRoot, log }: ProjectLog): Promise<BranchLandings | null> {
  const { findRepository } = await import("../git/repository.ts");
  const { BranchLandings: Landings } = await import("../runner/history/landings.ts");
  const repository = await findRepository(projectRoot);
  if (repository === null) return null;
  const before = log?.starts(1)[0]?.data["before"];
  const since = typeof before === "string" && before !== "" ? before : null;
  return new Landings({ repository, projectRoot, since });
}

/** The landings that runs, newest first, claim: those of units of which the newest record is a landing. */
function claimedBy(runs: readonly RunView[]): ClaimedLanding[] {
  const records = new Map(
    runs.toReversed().flatMap((run) => run.units.map((unit) => [unit.unit, unit])),
  );
  return [...records.values()].flatMap(({ unit, role, digest, phase, landed }) =>
    role === "worker" && phase === "landed"
      ? [{ unit, digest, commit: landed?.commit ?? null }]
      : [],
  );
}

/** A row of `plan list`. */
export function planRow(shown: ShownPlan, projectRoot: string): PlanRow {
  const { location, status, landed, total, changedSinceCompile, run, units } = shown;
  return {
    name: location?.name ?? shown.plan,
    path: location === null ? "" : projectPath(projectRoot, location.dir),
    kind: location?.kind ?? "plan",
    archived: location?.archived ?? false,
    ...{ status, landed, total, changedSinceCompile },
    lastRun: run?.run ?? null,
    lastRunAt: run?.startedAt ?? null,
    units: units.map(({ unit, phase, state }) => ({ unit, phase, state })),
  };
}

/** `[plan] name`, by which the log and landed commits name a plan, else the name of its folder. */
export function planNameAt(location: PlanLocation): string {
  return declaredName(location) ?? location.name;
}

/** The runs of the plan in that folder, by the folder that each run recorded, newest first; of a name without one. */
export function* runsOf(
  log: EventLog,
  plan: string,
  location: PlanLocation | null,
): Generator<RunView> {
  /** The archived plan was found; its runs before that were in the folder of live plans. */
  let found = false;
  for (const entry of log.runs({ plan, limit: runsNamedMax })) {
    const run = readOverview(log, entry.run);
    if (run === null) continue;
    const mine = location === null || isRunOf(run, location);
    if (hasLeft(run)) {
      // The runs before belong to the plan that was archived then.
      if (!mine && (found || location?.archived === false)) return;
      found ||= mine && location?.archived === true;
    }
    if (mine || found) yield run;
  }
}

/** True when the plan of a run was moved to the archive. One archived on another branch is in both folders. */
function hasLeft(run: RunView): boolean {
  return run.archivedTo !== null && run.archivedOn === null;
}

function isRunOf(run: RunView, location: PlanLocation): boolean {
  if (run.planPath === "") return true;
  const folders = [run.archivedTo ?? run.planPath, ...(hasLeft(run) ? [] : [run.planPath])];
  return folders.some((folder) => {
    // A run of an archived plan leaves it in the archive.
    const archived = basename(dirname(folder)) === archiveName;
    return basename(folder) === basename(location.dir) && archived === location.archived;
  });
}

interface Source {
  /** Units of its text; null without a folder. */
  planned: PlannedUnit[] | null;
  compiled: boolean;
  changedSinceCompile: boolean;
}

const noFolder = { location: null, planned: null, compiled: false, changedSinceCompile: false };

/** The units of a plan's folder: as compiled, while the source is older, else the tasks of the source. */
function readSource(location: PlanLocation): Source {
  const { dir, archived } = location;
  const { ids, changedAt } = readTasks(dir);
  const compiledAt = mtime(join(dir, "_compiled.toml"));
  const units = compiledAt === null ? null : compiledUnits(dir);
  // Nothing compares an archived plan to its compiled file, which may come from a clone.
  const changedSinceCompile = !archived && compiledAt !== null && changedAt > compiledAt;
  const compiled = compiledAt !== null;
  if (units !== null && !changedSinceCompile) {
    const planned = archived ? units.map((unit) => ({ ...unit, digest: "" })) : units;
    return { planned, compiled, changedSinceCompile };
  }
  const known = new Map(units?.map((unit) => [unit.unit, unit]));
  const planned = [...ids].map((unit) => known.get(unit) ?? { unit, ...uncompiled });
  return { planned, compiled, changedSinceCompile };
}

const uncompiled = { summary: "", role: "worker", dependsOn: [], digest: "" };

/** Units of a plan folder's `_compiled.toml`; null when there is none or it cannot be read. */
export function compiledUnits(dir: string): PlannedUnit[] | null {
  let text: string;
  try {
    text = readFileSync(join(dir, "_compiled.toml"), "utf8");
  } catch {
    return null;
  }
  const plan = readCompiled(text);
  return plan === null ? null : plannedUnits(plan);
}

/** The units of a compiled plan. */
export function plannedUnits(plan: CompiledPlan): PlannedUnit[] {
  return plan.tasks.map(({ id, summary, role, dependsOn, digest }) => ({
    ...{ unit: id, summary, role, dependsOn, digest },
  }));
}

/** Unit ids, and the time of the newest change, of `_root.toml` and of the files in section folders. */
function readTasks(dir: string): { ids: Set<string>; changedAt: number } {
  const ids = new Set<string>();
  let changedAt = mtime(join(dir, "_root.toml")) ?? 0;
  for (const section of entries(dir)) {
    if (!section.isDirectory() || /^[._]/.test(section.name)) continue;
    for (const file of entries(join(dir, section.name))) {
      if (!file.isFile() || /^[._]/.test(file.name)) continue;
      const path = join(dir, section.name, file.name);
      changedAt = Math.max(changedAt, mtime(path) ?? 0);
      if (!file.name.endsWith(".toml")) continue;
      const stem = `${section.name}/${basename(file.name, ".toml")}`;
      // The plan may be moved to the archive while it is read.
      for (const key of taskKeys(readText(path) ?? "")) ids.add(`${stem}.${key}`);
    }
  }
  return { ids, changedAt };
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
