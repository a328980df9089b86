/** Facts for views of plans and runs that come from git, the log and compiled plans. */
import { realpathSync } from "node:fs";
import { configFile, isLocal, ownPath } from "../config/find.ts";
import { loadConfig } from "../config/load.ts";
import { resolveModel } from "../config/providers.ts";
import { DgovError } from "../error.ts";
import { branchTip, headOf, listRefs, resolveCommit } from "../git/refs.ts";
import {
  findRepository,
  openRepository,
  prefixOf,
  projectDirOf,
  type Repository,
} from "../git/repository.ts";
import { commitStats, patchBetween } from "../git/trees.ts";
import { ignoredPaths } from "../git/working-tree.ts";
import { ledgerFile, openLedger } from "../ledger/file.ts";
import type { EventLog } from "../log/event-log.ts";
import { costOf } from "../model/usage.ts";
import { listPlans, type PlanLocation } from "../plan/locate.ts";
import { landedUnits } from "../runner/history/landings.ts";
import { foldHistory } from "../runner/history/runs.ts";
import { readText } from "../std/files.ts";
import { type DiagnoseFacts, type Diagnosis, diagnose, landedKey } from "../views/diagnose.ts";
import type { LandedFact, PlannedUnit, ShownRun } from "../views/plan-view.ts";
import { type SelfCorrection, selfCorrections } from "../views/recovered-tool-errors.ts";
import type { DiffStat, ReviewFacts } from "../views/review.ts";
import type { UnitView } from "../views/run-view.ts";
import { compileFromDisk, trackedPaths } from "./compile.ts";
import { liveRun } from "./open-log.ts";
import { planNameAt, plannedUnits } from "./plan-summary.ts";

// Review

/** The facts of `dgov plan review` besides the runs themselves. `runs` are those that worked on the units. */
export async function reviewFacts(
  projectRoot: string,
  log: EventLog,
  run: ShownRun,
): Promise<ReviewFacts> {
  const runs = new Set([run.run, ...run.units.flatMap((unit) => unit.run ?? [])]);
  const counts = new Map([...runs].map((id) => [id, log.counts(id)]));
  const corrections = new Map<string, SelfCorrection[]>();
  for (const id of runs) {
    const results = log.telemetry({ run: id, types: ["result"] });
    for (const [unit, events] of Map.groupBy(results, (event) => event.unit ?? "")) {
      corrections.set(`${id} ${unit}`, selfCorrections(events));
    }
  }
  return {
    counts: (id) => counts.get(id) ?? [],
    cost: costFunction(projectRoot),
    diffs: await diffStats(projectRoot, run.units),
    corrections: (id, unit) => corrections.get(`${id} ${unit}`) ?? [],
    crashed: run.phase === "running" && liveRun(projectRoot)?.run !== run.run,
  };
}

/**
 * The function that gives the cost of counted tokens at the prices in project.toml, null without a price.
 * The configuration is loaded only when it contains a price.
 */
export function costFunction(projectRoot: string): ReviewFacts["cost"] {
  const text = readText(ownPath(projectRoot, configFile)) ?? "";
  if (!/\bprice\b/.test(text)) return () => null;
  const loaded = loadConfig(projectRoot);
  if (!loaded.ok) return () => null;
  const { providers } = loaded.config;
  // Requests without an attempt, such as choosing SOPs, went to the project's own model.
  const none = { defaultAgent: null, defaultProvider: null };
  const project = resolveModel(loaded.config, none, { agent: null, provider: null });
  const ofPlan = project.ok ? project.value.provider.name : "";
  return (counts, attempt) => {
    const name = attempt === null ? ofPlan : (attempt.provider ?? "");
    return costOf(counts, Object.hasOwn(providers, name) ? (providers[name]?.price ?? null) : null);
  };
}

/** Diff statistics of landed commits by unit; a commit that git no longer has is left out. */
export async function diffStats(
  projectRoot: string,
  units: readonly UnitView[],
): Promise<Map<string, DiffStat>> {
  const commits = new Map<string, string>();
  for (const { unit, landed } of units) if (landed !== null) commits.set(unit, landed.commit);
  const repository = commits.size === 0 ? null : await findRepository(projectRoot);
  if (repository === null) return new Map();
  const ofCommit = await commitStats(repository, [...commits.values()]);
  const stats = new Map<string, DiffStat>();
  for (const [unit, commit] of commits) {
    const stat = ofCommit.get(commit);
    if (stat !== undefined) stats.set(unit, stat);
  }
  return stats;
}

const patchBytesMax = 4 * 1024 * 1024;

/**
 * The change of a unit as a patch: its landed commit, else what its last attempt kept. Throws NOT_FOUND when
 * there is neither, or git no longer has it.
 */
export async function unitPatch(
  projectRoot: string,
  unit: UnitView,
): Promise<{ landed: boolean; base: string; commit: string; patch: string }> {
  const repository = await openRepository(projectRoot);
  const attempt = unit.attempts.findLast(({ kept }) => kept !== null);
  const commit = unit.landed?.commit ?? attempt?.kept?.commit;
  if (commit === undefined) throw new DgovError("NOT_FOUND", `${unit.unit} has no change yet`);
  const landed = unit.landed !== null;
  const from = landed ? `${commit}^` : (attempt?.base ?? null);
  const base = from === null ? null : await resolveCommit(repository, from);
  if (base === null || (await resolveCommit(repository, commit)) === null) {
    throw new DgovError("NOT_FOUND", `git no longer has ${commit}`);
  }
  const patch = await patchBetween(repository, base, commit, { bytesMax: patchBytesMax });
  return { landed, base, commit, patch };
}

// Plan status

/** Units of a plan's source, with defaults and without SOPs; null when it does not compile. Writes nothing. */
export async function unitsOfSource(o: {
  projectRoot: string;
  location: PlanLocation;
  env: Record<string, string | undefined>;
}): Promise<PlannedUnit[] | null> {
  const loaded = loadConfig(o.projectRoot);
  if (!loaded.ok) return null;
  const { config } = loaded;
  const picking = { sops: null, needModels: false, warn() {} };
  const result = await compileFromDisk({ ...o, ...picking, config });
  return result.ok ? plannedUnits(result.plan) : null;
}

/**
 * Units of a plan that landed on its target: the branch of its last run, or the one checked out when that no longer
 * exists. Null outside a repository or without commits. `units` are those of the plan's text; null when it is gone.
 */
export async function landedOnTarget(
  projectRoot: string,
  plan: string,
  o: { units: readonly Pick<PlannedUnit, "unit" | "digest">[] | null; target: string | null },
): Promise<{ branch: string | null; landed: LandedFact[] } | null> {
  try {
    const repository = await openRepository(projectRoot);
    const head = await headOf(repository);
    const last = o.target === null ? null : await branchTip(repository, o.target);
    const here = head.kind === "branch" ? head.branch : null;
    const branch = last === null ? here : o.target;
    const tip = last ?? head.commit;
    if (tip === null) return null;
    const units = o.units?.map(({ unit, digest }) => ({ id: unit, digest }));
    const of = { projectRoot, ...(branch !== null && { branch }), ...(units && { units }) };
    const { landed } = await landedUnits(repository, { ...of, tip, plan });
    return { branch, landed };
  } catch (error) {
    if (error instanceof DgovError && error.code !== "INTERNAL") return null;
    throw error;
  }
}

// Diagnose

/** Runs that are examined, newest first. */
const diagnosedRunsMax = 200;

/** Known failures of a project's runs, plans, ledger and ignore rules. */
export async function diagnoseProject(
  projectRoot: string,
  log: EventLog | null,
): Promise<Diagnosis[]> {
  const repository = await findRepository(projectRoot);
  const runs = log?.runs({ limit: diagnosedRunsMax }) ?? [];
  const live = listPlans(projectRoot).filter(({ archived }) => !archived);
  const facts: DiagnoseFacts = {
    runs: runs.map(({ run }) => log?.lifecycle({ run }) ?? []),
    liveRun: liveRun(projectRoot)?.run ?? null,
    plans: new Set(live.map(planNameAt)),
    landed: new Set(),
    brokenLedger: openLedger(projectRoot).broken.map(
      ({ line, problem }) => `${ledgerFile}:${line}: ${problem}`,
    ),
    keepRefs: new Set(),
    ignoredHistory: [],
    unignoredState: [],
  };
  if (repository === null) return diagnose(facts);
  if (!isLocal(projectRoot)) Object.assign(facts, await ignoreFacts(repository, projectRoot));
  const kept = await listRefs(repository, "refs/dgov/keep");
  facts.keepRefs = new Set(kept.map(({ ref }) => ref));
  const findings = diagnose(facts);
  // The scan of history is slow; only a unit that the log calls failed may have landed all the same.
  const plans = new Set(findings.flatMap(({ plan, unit }) => (plan && unit ? [plan] : [])));
  if (plans.size === 0) return findings;
  const landed = await landedKeys({ projectRoot, plans, runs: facts.runs });
  return diagnose({ ...facts, landed });
}

/** Paths that git must not ignore, unless the project ignores all of `.dgov`. */
const history = [
  ".dgov/plans/plan/_root.toml",
  ".dgov/plans/archive/plan/_root.toml",
  ".dgov/plans/deployed.jsonl",
  ledgerFile,
];
/** Paths that git must ignore. */
const state = [".dgov/state.db", ".dgov/runtime/x", ".dgov/out/x"];

async function ignoreFacts(
  repository: Repository,
  projectRoot: string,
): Promise<Pick<DiagnoseFacts, "ignoredHistory" | "unignoredState">> {
  const prefix = prefixOf(projectDirOf(repository, realpathSync(projectRoot)));
  const config = ".dgov/project.toml";
  const paths = [config, ...history, ...state].map((path) => prefix + path);
  const ignored = await ignoredPaths(repository, paths);
  const isIgnored = (path: string): boolean => ignored.has(prefix + path);
  if (isIgnored(config)) return { ignoredHistory: [], unignoredState: [] };
  const lost = history.filter(isIgnored);
  // Git keeps a file that it tracks, whatever pattern matches it.
  const tracked = new Set(lost.length === 0 ? [] : await trackedPaths(repository));
  return {
    ignoredHistory: lost.filter((path) => !tracked.has(prefix + path)),
    unignoredState: state.filter((path) => !isIgnored(path)),
  };
}

/** Landed units of plans, each on the branch of its newest run. `runs` are newest first. */
async function landedKeys(o: {
  projectRoot: string;
  plans: ReadonlySet<string>;
  runs: DiagnoseFacts["runs"];
}): Promise<Set<string>> {
  const found = new Set<string>();
  for (const plan of o.plans) {
    const runs = o.runs.map((run) => run.filter((one) => one.plan === plan));
    const units = [...foldHistory(runs.toReversed().flat()).values()];
    const target = runs.flat().find(({ type }) => type === "run.started")?.data["target"];
    const on = { units, target: typeof target === "string" ? target : null };
    const git = await landedOnTarget(o.projectRoot, plan, on);
    for (const one of git?.landed ?? []) found.add(landedKey({ plan, ...one }));
  }
  return found;
}
