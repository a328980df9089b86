/**
 * `dgov run`, in order: lock, config, repository, compile, keys and trust, crashed runs, what is
 * settled already, every gate once on the base, the run itself, verification, bookkeeping.
 *
 * Nothing here decides about units; that is the kernel's. Everything a view needs is recorded.
 */
import type { Config } from "../config/config.ts";
import { DgovError } from "../error.ts";
import { baseRef, beforeRef, updateRef } from "../git/refs.ts";
import { type LandedUnit, openRepository, type Repository, scanLanded } from "../git/repository.ts";
import { sharedState } from "../git/shared-state.ts";
import type { Event, KernelLimits, RunStatus } from "../kernel/event.ts";
import type { State } from "../kernel/state.ts";
import type { Entry } from "../ledger/entry.ts";
import { ledgerFile, openLedger } from "../ledger/file.ts";
import type { EventLog, RecordedEvent } from "../log/event-log.ts";
import { type CompiledPlan, dagOf } from "../plan/compiled.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { childEnvironment } from "../process/environment.ts";
import { acquireRunLock } from "../process/lock.ts";
import { selfCommand } from "../process/self-exec.ts";
import { harden } from "../process/tree.ts";
import { openSettlement, type SettlementContext } from "../settlement/context.ts";
import { checkGatesRunnable, requiredGates } from "../settlement/gates/run-gates.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { type AskedTurn, noteAsked } from "./asked.ts";
import { archivePlan, commitBookkeeping, recordLandings } from "./bookkeeping.ts";
import { type Confirm, requireCleanTree, requireModels, resolveTarget } from "./checks.ts";
import type { EarlierWork, RunContext } from "./context.ts";
import { finishRun, type RunEnd } from "./finish.ts";
import { gateReporter } from "./gate-records.ts";
import { type Ground, openGround } from "./ground.ts";
import { type UnitHistory, unresolved } from "./history.ts";
import { planHistory } from "./past-runs.ts";
import { realPerformer } from "./performer.ts";
import { Permits, providerLimits } from "./permits.ts";
import { scratchPlace } from "./places.ts";
import { newRunId } from "./run-id.ts";
import { runLoop } from "./runner.ts";
import { selected, settledUnits } from "./selection.ts";
import { announceBaseline } from "./structure.ts";

export interface RunRequest {
  projectRoot: string;
  location: PlanLocation;
  /** Compiles the current source; throws PLAN_INVALID with diagnostics. */
  compile(
    config: Config,
    repository: Repository,
  ): Promise<{ plan: CompiledPlan; bytes: string; asked: readonly AskedTurn[] }>;
  /** Full ids or unique suffixes; empty for the whole plan. */
  only: string[];
  mode: "bare" | "continue" | "restart";
  notes: ReadonlyMap<string, string[]>;
  /** Work done by hand, by unit: it goes through review and gates without a worker. */
  byHand: ReadonlyMap<string, EarlierWork>;
  jobs: number | null;
  target: string | undefined;
  allowDirty: boolean;
  yes: boolean;
  confirm: Confirm | null;
  env: Record<string, string | undefined>;
  status(text: string): void;
  onRecord(record: RecordedEvent): void;
  onState(state: State): void;
  /** Aborted on the first SIGINT or SIGTERM. */
  interrupt: AbortSignal;
}

export type RunResult =
  | { kind: "finished"; run: string; status: RunStatus; end: RunEnd; log: EventLog }
  /** A bare run that would repeat failed or abandoned work starts nothing. */
  | { kind: "unresolved"; units: UnitHistory[] }
  /** Everything is settled already. */
  | { kind: "nothing_to_do"; plan: CompiledPlan; landed: { unit: string; commit: string }[] };

/** Executes a run from lock to bookkeeping. Throws DgovError when the environment is not ready. */
export async function executeRun(request: RunRequest): Promise<RunResult> {
  // The key is in the environment this process was started with.
  harden();
  const repository = await openRepository(request.projectRoot);
  const run = newRunId(systemClock.now());
  const lock = acquireRunLock(repository.commonDir, { run, plan: request.location.name });
  try {
    const ground = await openGround(request, repository, run);
    const chosen = await choosePlan(request, ground);
    const past = await lookBack(request, ground, chosen);
    if (past.unresolved.length > 0) return { kind: "unresolved", units: past.unresolved };
    const desk = { ...ground, target: chosen.target, plan: chosen.plan.name };
    recordLandings(desk, past.landed);
    if (past.settled.length < chosen.plan.tasks.length) {
      return await runUnits(request, ground, chosen, past);
    }
    // What landed before a crash may still wait for its bookkeeping.
    if (request.only.length === 0) {
      archivePlan(desk, request.location);
      await commitBookkeeping(desk, request.location);
    }
    return { kind: "nothing_to_do", plan: chosen.plan, landed: past.landed };
  } finally {
    lock.release();
  }
}

/** The plan as it is run, and where it lands. */
interface Chosen {
  plan: CompiledPlan;
  bytes: string;
  /** What compiling asked a model. */
  asked: readonly AskedTurn[];
  target: string;
  tip: string;
}

async function choosePlan(request: RunRequest, ground: Ground): Promise<Chosen> {
  const { repository, config, projectDir } = ground;
  const { target, tip } = await resolveTarget(repository, request.target);
  const compiled = await request.compile(config, repository);
  const some = selected(compiled.plan, request.only);
  // Nobody would change work done by hand between two attempts.
  const plan = request.byHand.size === 0 ? some : { ...some, maxRetries: 0 };
  await requireCleanTree(repository, projectDir, plan, request.allowDirty);
  return { plan, bytes: compiled.bytes, asked: compiled.asked, target, tip };
}

/** What earlier runs came to. */
interface Past {
  history: Map<string, UnitHistory>;
  /** Commits of this plan's units that the target has. */
  landed: LandedUnit[];
  settled: { unit: string; as: "landed" | "done" }[];
  /** What a bare run must not quietly start again. */
  unresolved: UnitHistory[];
}

async function lookBack(request: RunRequest, ground: Ground, chosen: Chosen): Promise<Past> {
  const { repository, log } = ground;
  const { plan, tip } = chosen;
  if (repository.shallow && !request.yes) {
    throw new DgovError(
      "ENVIRONMENT",
      "this is a shallow clone: what landed earlier cannot be seen",
      { hint: "git fetch --unshallow, or run again with -y to run every unit" },
    );
  }
  const all = await scanLanded(repository, { tip, plan: plan.name });
  const ids = new Set(plan.tasks.map((task) => task.id));
  const landed = all.filter((one) => ids.has(one.unit));
  const history = planHistory(log, plan.name);
  const settled = settledUnits(plan, landed, history, request.mode);
  const known = new Set(settled.map((one) => one.unit));
  const open = unresolved(history, plan.tasks).filter((entry) => !known.has(entry.unit));
  return { history, landed, settled, unresolved: request.mode === "bare" ? open : [] };
}

/** The run itself: keys, gates, units, verification, bookkeeping. */
async function runUnits(
  request: RunRequest,
  ground: Ground,
  chosen: Chosen,
  past: Past,
): Promise<RunResult> {
  const { run, repository, log } = ground;
  const { plan, target, tip } = chosen;
  const abort = new AbortController();
  const context = await contextOf(request, ground, chosen, past, abort.signal);
  await updateRef(repository, baseRef(run), tip);
  await updateRef(repository, beforeRef(run), tip);
  log.savePlan(run, chosen.bytes);
  noteAsked(log, { run, plan: plan.name }, chosen.asked);
  const performer = realPerformer(context, await sharedState(repository));
  for (const { unit, commit } of past.landed) performer.memory.landed.set(unit, commit);
  for (const task of plan.tasks) {
    const result = past.history.get(task.id)?.result;
    if (result && task.role !== "worker") performer.memory.results.set(task.id, result.text);
  }
  const startedAt = systemClock.now();
  const about = {
    plan_digest: plan.digest,
    plan_path: request.location.dir,
    target,
    before: tip,
    mode: request.mode,
    only: request.only,
    units: plan.tasks.map((task) => ({
      unit: task.id,
      summary: task.summary,
      role: task.role,
      depends_on: task.dependsOn,
      digest: task.digest,
    })),
  };
  const start = startEvent(request, ground.config, chosen, past);
  const { onState } = request;
  const { state, status } = await interruptible(request.interrupt, abort, performer, (connected) =>
    runLoop({ run, plan: plan.name, journal: log, performer: connected, start, about, onState }),
  );
  await performer.close(isoTime(systemClock.now()));
  const { location, only } = request;
  const whole = only.length === 0;
  const end = await finishRun(context, { state, status, before: tip, startedAt, location, whole });
  return { kind: "finished", run, status, end, log };
}

function startEvent(
  request: RunRequest,
  config: Config,
  { plan, tip }: Chosen,
  past: Past,
): Extract<Event, { type: "run.started" }> {
  return {
    type: "run.started",
    dag: dagOf(plan),
    limits: limitsOf(config, plan, request.jobs),
    order: config.merge.order,
    tip,
    gates: requiredGates(
      config,
      plan.tasks.map((task) => task.testCmd),
    ),
    settled: past.settled,
  };
}

async function contextOf(
  request: RunRequest,
  ground: Ground,
  { plan, target, tip }: Chosen,
  past: Past,
  signal: AbortSignal,
): Promise<RunContext> {
  const { run, config, log, places } = ground;
  const known = new Set(past.settled.map((one) => one.unit));
  const open = { ...plan, tasks: plan.tasks.filter((task) => !known.has(task.id)) };
  const models = await requireModels(config, open, request);
  const deny = Object.values(config.providers).map((provider) => provider.apiKeyEnv);
  const environment = childEnvironment(request.env, { extra: config.run.env, deny });
  const settlement = openSettlement({
    repository: ground.repository,
    projectRoot: ground.projectRoot,
    projectDir: ground.projectDir,
    config,
    environment,
    identity: ground.identity,
    slotsRoot: places.slots,
    scratch: scratchPlace(places, run),
    signal,
    report: gateReporter(log, { run, plan: plan.name }),
    putOutput: (bytes) => log.putBlob(bytes),
  });
  return {
    ...ground,
    plan,
    target,
    tasks: new Map(plan.tasks.map((task) => [task.id, task])),
    models,
    settlement,
    permits: new Permits((name) => providerLimits(config.providers[name]), systemClock),
    clock: systemClock,
    workerCommand: [...selfCommand(), "worker"],
    workerEnvironment: childEnvironment(request.env, { extra: [], deny, proxies: true }),
    notes: request.notes,
    earlier: new Map([...earlierWork(log, past.history, plan), ...request.byHand]),
    byHand: new Set(request.byHand.keys()),
    baselineNotes: await requireGates(settlement, tip, request.status),
    ledger: ledgerEntries(ground.projectRoot, request.status),
    signal,
  };
}

/** The ledger as it is now; a line that cannot be read is announced, and the others count. */
function ledgerEntries(projectRoot: string, status: (text: string) => void): Entry[] {
  const { entries, broken } = openLedger(projectRoot);
  for (const { line, problem } of broken) status(`${ledgerFile}:${line}: ${problem}`);
  return entries;
}

function limitsOf(config: Config, plan: CompiledPlan, jobs: number | null): KernelLimits {
  return {
    jobs: jobs ?? config.run.jobs,
    rejectionRetries: plan.maxRetries,
    crashRetries: config.run.crashRetries,
    timeoutRetries: config.run.timeoutRetries,
    speculation: config.merge.speculation,
    maxGates: config.run.maxGates,
    rebuilds: config.merge.rebuilds,
  };
}

/** A word about the structural baseline, and the gates on the base; notes for the workers. */
async function requireGates(
  settlement: SettlementContext,
  tip: string,
  status: (text: string) => void,
): Promise<string[]> {
  await announceBaseline(settlement, { tip, now: systemClock.now(), status });
  return requireRunnableGates(settlement, tip, status);
}

/** Every configured gate once on the base, before a token is spent; a red one is announced. */
async function requireRunnableGates(
  settlement: SettlementContext,
  tip: string,
  status: (text: string) => void,
): Promise<string[]> {
  const check = await checkGatesRunnable(settlement, tip);
  if (!check.ok) {
    const lines = check.verdicts.map(
      (v) => `  ${v.gate}: ${v.reason}${v.command === null ? "" : ` (${v.command})`}`,
    );
    throw new DgovError(
      "GATE_UNRUNNABLE",
      `configured gates cannot run here:\n${lines.join("\n")}`,
      {
        hint: "dgov doctor",
      },
    );
  }
  for (const verdict of check.red) {
    status(`the base is red: ${verdict.gate} fails before any change (${verdict.reason})`);
  }
  return check.red.map((v) => `${v.gate} (${v.command ?? ""}): ${v.reason}\n${v.tail}`);
}

function earlierWork(
  log: EventLog,
  history: ReadonlyMap<string, UnitHistory>,
  plan: CompiledPlan,
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
      ref: entry.kept?.ref ?? null,
      commit: entry.kept?.commit ?? null,
      base: entry.kept?.base ?? null,
    });
  }
  return works;
}

/** Feeds an interrupt into the loop, and stops everything that is under way when it comes. */
async function interruptible<T>(
  interrupt: AbortSignal,
  abort: AbortController,
  performer: ReturnType<typeof realPerformer>,
  body: (performer: ReturnType<typeof realPerformer>) => Promise<T>,
): Promise<T> {
  let deliver: Parameters<typeof performer.connect>[0] | null = null;
  const stop = (): void => {
    deliver?.({
      event: { type: "run.interrupted", cause: "signal", reason: "interrupted by the operator" },
    });
    abort.abort();
  };
  interrupt.addEventListener("abort", stop);
  try {
    return await body({
      ...performer,
      connect: (report) => {
        deliver = report;
        performer.connect(report);
        if (interrupt.aborted) stop();
      },
    });
  } finally {
    interrupt.removeEventListener("abort", stop);
  }
}
