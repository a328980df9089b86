/**
 * Preparation of a run: the plan and its target, the units that need work, and the run's context.
 *
 * The conditions of a run are checked before its first worker starts: the target, the plan, the checkout, earlier
 * failures, keys and trust, and last the gates. Compiling may send requests to a model, to select SOPs; target, plan
 * and checkout are checked before that.
 */
import { join } from "node:path";
import { childVariables } from "../config/execution-policy.ts";
import { DgovError } from "../error.ts";
import type { LandedUnit } from "../git/landing/landed.ts";
import { removeOwnFolder } from "../git/own-folder.ts";
import { baseRef, beforeRef, isCheckedOut, updateRef } from "../git/refs.ts";
import { listSubmodules, missingPaths, submoduleRemedy } from "../git/submodules.ts";
import { notArchived } from "../kernel/reasons.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import { ledgerFile, openLedger } from "../ledger/file.ts";
import type { EventLog } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { declaredName, type PlanLocation, resolveUnit } from "../plan/locate.ts";
import { childEnvironment } from "../process/environment.ts";
import { ownCommand } from "../process/own-command.ts";
import { mayTrustSealed } from "../settlement/context.ts";
import { copiedText } from "../settlement/trees/copied-files.ts";
import { watchDependencies } from "../settlement/trees/dependencies.ts";
import { environmentsInPlace } from "../settlement/trees/environment.ts";
import { snakeCase } from "../std/case.ts";
import { systemClock } from "../std/clock.ts";
import { errorMessage, listed, plural } from "../std/text.ts";
import { type EarlierWork, LiveAttempts, RunMemory } from "./attempt/state.ts";
import { runBaseGates } from "./base-gates.ts";
import {
  archiveInBooks,
  commitBookkeeping,
  leftText,
  openBooks,
  recordArchived,
  recordLandings,
} from "./bookkeeping.ts";
import { deployedFile, landedUnits } from "./history/landings.ts";
import {
  lastTarget,
  planHistory,
  settledUnits,
  type UnitHistory,
  unresolvedUnits,
} from "./history/runs.ts";
import { OwnFiles } from "./operator/own-files.ts";
import { isOutOfScope } from "./operator/takeover.ts";
import {
  confirmTarget,
  requireCleanTree,
  requireHistory,
  requireModels,
  resolveTarget,
  staleTarget,
} from "./preconditions.ts";
import { gateReporter } from "./records.ts";
import type { RunContext } from "./run-context.ts";
import { type RunEnvironment, settlementIn } from "./run-environment.ts";
import type { ModelCall, RunRequest } from "./run-request.ts";
import { SharedState } from "./shared-state.ts";

export type PreparedRun =
  | { kind: "ready"; context: RunContext }
  /** A bare run that would repeat failed or abandoned work starts nothing. */
  | { kind: "unresolved"; units: UnitHistory[] }
  /** Every unit is settled. */
  | { kind: "nothing_to_do"; plan: CompiledPlan; landed: { unit: string; commit: string }[] };

/** Defaults of `[merge] checkout_wait_s`: with a person who can clear the checkout, and where none is expected. */
const checkoutWaitS = { onTerminal: 600, withoutTerminal: 10 };

/**
 * Prepares a run; `signal` stops the preparation, which then throws its reason, and everything that the
 * context starts. Throws DgovError when the run cannot start.
 */
export async function prepareRun(
  request: RunRequest,
  environment: RunEnvironment,
  signal: AbortSignal,
): Promise<PreparedRun> {
  const { repository, projectRoot, projectPrefix, config, log, run } = environment;
  const { location, mode, env, status } = request;

  const name = declaredName(location) ?? location.name;
  const { target, tip } = await resolveTarget(repository, request.target, {
    ...config.run,
    agree: (branch) =>
      confirmTarget(
        { plan: name, last: lastTarget(log, name, location), target: branch },
        request.confirm,
      ),
  });
  const stale = await staleTarget(repository, target);
  if (stale !== null) status(`${stale.message}; ${stale.hint}`);
  let scan: Promise<LandedUnit[]> | undefined;
  const progressOf = async (of: CompiledPlan) => {
    scan ??= unitsLandedAt(request, environment, { plan: of, target, tip });
    const [landed, history] = [await scan, planHistory(log, of.name)];
    return { landed, history, settled: settledUnits(of, landed, history, mode) };
  };
  const compiled = await request.compile(config, repository, {
    signal,
    async beforeModel(checked) {
      const { only } = resolveNames(checked, request);
      const selected = planToRun(checked, only, request);
      await requireCleanTree(repository, projectPrefix, selected, request.allowDirty);
      const { settled } = await progressOf(selected);
      const open = new Set(selected.tasks.map(({ id }) => id));
      for (const { unit } of settled) open.delete(unit);
      return open;
    },
    async settled(checked) {
      const { only } = resolveNames(checked, request);
      const { settled } = await progressOf(planToRun(checked, only, request));
      return new Set(settled.map(({ unit }) => unit));
    },
  });
  signal.throwIfAborted();
  const { only, notes } = resolveNames(compiled.plan, request);
  const plan = planToRun(compiled.plan, only, request);

  const { landed, history, settled } = await progressOf(plan);
  const isSettled = new Set(settled.map(({ unit }) => unit));
  const unresolved = unresolvedUnits(history, plan.tasks).filter(
    ({ unit }) => !isSettled.has(unit),
  );
  if (mode === "bare" && unresolved.length > 0) return { kind: "unresolved", units: unresolved };
  recordEarlier({ ...environment, target, plan }, landed);
  if (settled.length === plan.tasks.length) {
    // A run that crashed after its landings left the rest of the bookkeeping to this one.
    if (only.length === 0) {
      await keepBooks({ ...environment, target, plan }, { location, tip, landed, status });
    }
    return { kind: "nothing_to_do", plan, landed };
  }

  const open = { ...plan, tasks: plan.tasks.filter((task) => !isSettled.has(task.id)) };
  const models = await requireModels(config, open, request);
  signal.throwIfAborted();
  const report = gateReporter(log, { run, plan: plan.name });
  const missing = missingPaths(await listSubmodules(repository, tip));
  if (missing.length > 0) {
    const remedy = submoduleRemedy(missing);
    status(
      `empty in every tree, since its commit is not on this machine: ${listed(missing, 5)}; ${remedy}`,
    );
  }
  const settlement = await settlementIn(environment, { target, tip, env, signal, report });
  const sandbox = await settlement.sandbox();
  if (sandbox.level !== "namespaces" && config.sandbox.mode !== "off") {
    const remedy = sandbox.hint === null ? "" : `; ${sandbox.hint}`;
    status(`sandbox: ${sandbox.level}: ${sandbox.reason}${remedy}`);
  }
  // Before any worker's code runs.
  await settlement.refs();
  const copied = await settlement.copied();
  for (const text of copiedText(copied, config)) status(text);
  const { dependencies } = settlement;
  const testCommands = open.tasks.flatMap(({ testCmd }) => testCmd ?? []);
  await dependencies.beginInPlace(environmentsInPlace(settlement, testCommands));
  const watching = watchDependencies(settlement);
  // Where verdicts of an earlier run count, the state of the dependencies is a part of their key.
  if (await mayTrustSealed(settlement)) await watching;
  const [baseGates] = await Promise.all([
    runBaseGates(settlement, {
      tip,
      checkedOut: isCheckedOut(repository, target),
      rejected: await isRejectedByReview(environment, open.tasks, request),
      status,
    }),
    watching,
  ]);
  await dependencies.settleInPlace();
  const { deny } = childVariables(config);
  const workerEnvironment = childEnvironment(env, { deny, proxies: true });
  const rateLimiter = request.rateLimiter(config);
  const earlier = new Map([
    ...earlierWork(log, history, { plan, mode: request.mode }),
    ...request.takenOver,
  ]);
  const memory = new RunMemory(earlier, (text) => {
    try {
      return log.putBlob(text);
    } catch (error) {
      // The next attempt of this run has the text.
      status(`a rejection's text was not stored: ${errorMessage(error)}`);
      return null;
    }
  });
  const roles = new Map(plan.tasks.map(({ id, role }) => [id, role]));
  for (const { unit, commit } of landed) {
    if (roles.get(unit) === "worker") memory.landed.set(unit, commit);
  }
  for (const task of plan.tasks) {
    const result = history.get(task.id)?.result;
    if (result && task.role !== "worker") memory.results.set(task.id, result.text);
  }
  const ledger = readLedger(projectRoot, status);

  await updateRef(repository, baseRef(run), tip);
  await updateRef(repository, beforeRef(run), tip);
  log.savePlan(compiled.bytes);
  recordModelCalls(log, { run, plan: plan.name }, compiled.modelCalls);

  const context: RunContext = {
    ...environment,
    plan,
    tasks: new Map(plan.tasks.map((task) => [task.id, task])),
    location,
    only,
    settled,
    landedBefore: landed,
    target,
    before: tip,
    startedAt: systemClock.now(),
    models,
    settlement,
    secrets: copied.secrets,
    baseGates,
    rateLimiter,
    clock: systemClock,
    workerCommand: [...ownCommand(), "worker"],
    workerEnvironment,
    notes,
    takenOver: request.takenOver,
    checkoutWaitS:
      config.merge.checkoutWaitS ??
      checkoutWaitS[request.confirm === null ? "withoutTerminal" : "onTerminal"],
    ownFiles: await OwnFiles.read({ ...environment, target, location }),
    ledger,
    attempts: new LiveAttempts(),
    memory,
    shared: await SharedState.read({ ...environment, before: tip, settlement, memory }),
    signal,
  };
  return { kind: "ready", context };
}

/** True when the only work is that of the operator, and the paths of one piece show that its review rejects it. */
async function isRejectedByReview(
  environment: RunEnvironment,
  open: CompiledPlan["tasks"],
  { takenOver }: RunRequest,
): Promise<boolean> {
  let rejected = false;
  for (const task of open) {
    const work = takenOver.get(task.id);
    if (work === undefined || task.role !== "worker") return false;
    rejected ||= await isOutOfScope(environment, work, task);
  }
  return rejected;
}

/** Records landings of earlier runs. Throws ENVIRONMENT when that fails. */
function recordEarlier(
  target: Parameters<typeof recordLandings>[0],
  landed: readonly LandedUnit[],
): void {
  try {
    recordLandings(target, landed);
  } catch (error) {
    throw unrecorded(`the history of landings was not written: ${errorMessage(error)}`);
  }
}

/** Does the bookkeeping of a plan whose units have all landed. Throws ENVIRONMENT when a step of it fails. */
async function keepBooks(
  target: RunEnvironment & { target: string; plan: CompiledPlan },
  o: {
    location: PlanLocation;
    tip: string;
    landed: readonly LandedUnit[];
    status(text: string): void;
  },
): Promise<void> {
  try {
    const open = await openBooks(target, o.tip);
    recordEarlier(open, o.landed);
    let archivedTo: string | null;
    try {
      archivedTo = archiveInBooks(open, o.location);
    } catch (error) {
      throw unrecorded(`${notArchived}: ${errorMessage(error)}`);
    }
    const problem = await commitBookkeeping(open, { location: o.location, archivedTo });
    if (problem !== null) throw unrecorded(problem);
    const { dir, archived, kind } = o.location;
    // A run that crashed after it had archived the plan recorded no end.
    const to = archivedTo ?? (archived ? dir : null);
    if (to !== null) {
      const on = open.books.copyOf !== null && kind === "plan" && !archived ? target.target : null;
      recordArchived(target.log, { plan: target.plan.name, from: dir, to, on });
    }
    const left = leftText(open);
    if (left !== null) o.status(left);
  } finally {
    const folder = join(target.paths.runs, target.run);
    try {
      removeOwnFolder(folder);
    } catch (error) {
      o.status(`${folder} was not removed: ${errorMessage(error)}; dgov clean removes it`);
    }
  }
}

function unrecorded(reason: string): DgovError {
  return new DgovError("ENVIRONMENT", `bookkeeping failed: ${reason}`, {
    hint: "landed units stay landed; remove the cause, then run the plan again",
  });
}

/** Ids of the units that `--only` and `--note` name. Throws NOT_FOUND for a name that no unit has. */
function resolveNames(
  plan: CompiledPlan,
  request: RunRequest,
): { only: string[]; notes: Map<string, string[]> } {
  const ids = plan.tasks.map((task) => task.id);
  const only = request.only.map((unit) => resolveUnit(ids, unit));
  const notes = new Map<string, string[]>();
  for (const { unit, text } of request.notes) {
    const id = resolveUnit(ids, unit);
    notes.set(id, [...(notes.get(id) ?? []), text]);
  }
  return { only, notes };
}

/** The plan with the selected units and everything that they depend on. */
function planToRun(
  plan: CompiledPlan,
  only: readonly string[],
  { takenOver }: RunRequest,
): CompiledPlan {
  const tasks = new Map(plan.tasks.map((task) => [task.id, task]));
  const selected = new Set<string>();
  const stack = only.length === 0 ? [...tasks.keys()] : [...only];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (selected.has(id)) continue;
    selected.add(id);
    stack.push(...(tasks.get(id)?.dependsOn ?? []));
  }
  return {
    ...plan,
    // A second attempt of the operator's own work would be the same as the first.
    maxRetries: takenOver.size === 0 ? plan.maxRetries : 0,
    tasks: plan.tasks.flatMap((task) => {
      if (!selected.has(task.id)) return [];
      const more = takenOver.get(task.id)?.claims ?? [];
      const { claims } = task;
      return [{ ...task, claims: { ...claims, touch: [...claims.touch, ...more] } }];
    }),
  };
}

/** Units of the plan that git says have landed. Throws ENVIRONMENT for a shallow clone, unless `-y` is given. */
async function unitsLandedAt(
  request: RunRequest,
  { repository, projectRoot }: RunEnvironment,
  { plan, target, tip }: { plan: CompiledPlan; target: string; tip: string },
): Promise<LandedUnit[]> {
  requireHistory(repository, request.yes);
  const of = { projectRoot, branch: target, tip, plan: plan.name, units: plan.tasks };
  const { landed, adopted } = await landedUnits(repository, of);
  const ids = new Set(plan.tasks.map((task) => task.id));
  const first = adopted.filter(({ unit }) => ids.has(unit)).map(({ unit }) => unit);
  if (first.length > 0) {
    request.status(
      `${plural(first.length, "unit")} landed with the Python program, by its ${deployedFile}: ${listed(first, 5)}`,
    );
  }
  return landed.filter(({ unit }) => ids.has(unit));
}

/** Kept work and rejections of units whose task has not changed, by unit. */
function earlierWork(
  log: EventLog,
  history: ReadonlyMap<string, UnitHistory>,
  { plan, mode }: { plan: CompiledPlan; mode: RunRequest["mode"] },
): Map<string, EarlierWork> {
  const works = new Map<string, EarlierWork>();
  const decoder = new TextDecoder();
  for (const task of plan.tasks) {
    const entry = history.get(task.id);
    if (entry === undefined || entry.digest !== task.digest) continue;
    if (entry.phase === "landed" || entry.phase === "done") continue;
    if (entry.kept === null && entry.rejection === null) continue;
    const blob = entry.rejection?.detail ? log.getBlob(entry.rejection.detail) : null;
    works.set(task.id, {
      attempt: entry.rejection?.attempt ?? entry.attempt,
      rejection:
        blob !== null
          ? decoder.decode(blob)
          : (entry.rejection?.reason ?? "the attempt was abandoned"),
      verdict: entry.rejection?.verdict ?? null,
      passed: entry.blocked && mode !== "restart",
      rejectedTree: entry.rejectedTree,
      ref: entry.kept?.ref ?? null,
      commit: entry.kept?.commit ?? null,
      base: entry.kept?.base ?? null,
    });
  }
  return works;
}

/** The entries of the ledger. Lines that cannot be read are reported and left out. */
function readLedger(projectRoot: string, status: (text: string) => void): LedgerEntry[] {
  const { entries, broken } = openLedger(projectRoot);
  for (const { line, problem } of broken) status(`${ledgerFile}:${line}: ${problem}`);
  return entries;
}

/** Records the requests for compiling as turns of no unit: they are part of the run's cost. */
function recordModelCalls(
  log: EventLog,
  of: { run: string; plan: string },
  calls: readonly ModelCall[],
): void {
  for (const [index, { model, finishReason, usage, durationMs }] of calls.entries()) {
    const data = {
      turn: index + 1,
      model,
      messages: [],
      response: "",
      finish_reason: finishReason,
      usage: usage === null ? null : snakeCase(usage),
      duration_ms: durationMs,
    };
    log.note({ ...of, unit: null, attempt: null, type: "turn.finished", data });
  }
}
