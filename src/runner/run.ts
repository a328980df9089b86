/**
 * `dgov run`, in order: lock, config, repository, compile, keys and trust, crashed runs, what is
 * settled already, every gate once on the base, the run itself, verification, bookkeeping.
 *
 * Nothing here decides about units; that is the kernel's. Everything a view needs is recorded.
 */
import type { Config } from "../config/config.ts";
import { baseRef, beforeRef, updateRef } from "../git/refs.ts";
import { openRepository } from "../git/repository.ts";
import { repositoryFingerprint } from "../git/repository-fingerprint.ts";
import type { Event, KernelLimits, RunStatus } from "../kernel/event.ts";
import type { EventLog } from "../log/event-log.ts";
import { type CompiledPlan, dagOf } from "../plan/compiled.ts";
import { acquireRunLock } from "../process/lock.ts";
import { makeUndumpable } from "../process/tree.ts";
import { requiredGates } from "../settlement/gates/run-gates.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { noteAsked } from "./asked.ts";
import { baseCheckRecord } from "./base-check.ts";
import { archivePlan, commitBookkeeping, recordLandings } from "./bookkeeping.ts";
import { newRunId, openRunEnvironment, type RunEnvironment } from "./environment.ts";
import { finishRun, type RunEnd } from "./finish.ts";
import type { UnitHistory } from "./history.ts";
import { type Chosen, choosePlan, lookBack, type Past } from "./look-back.ts";
import { openContext } from "./open-context.ts";
import { type RealPerformer, realPerformer } from "./performer.ts";
import { driveKernel, withInterrupt } from "./run-loop.ts";
import type { RunRequest } from "./run-request.ts";
export type RunResult =
  | { kind: "finished"; run: string; status: RunStatus; end: RunEnd; log: EventLog }
  /** A bare run that would repeat failed or abandoned work starts nothing. */
  | { kind: "unresolved"; units: UnitHistory[] }
  /** Everything is settled already. */
  | { kind: "nothing_to_do"; plan: CompiledPlan; landed: { unit: string; commit: string }[] };

/** Executes a run from lock to bookkeeping. Throws DgovError when the environment is not ready. */
export async function executeRun(request: RunRequest): Promise<RunResult> {
  // The key is in the environment this process was started with.
  makeUndumpable();
  const repository = await openRepository(request.projectRoot);
  const run = newRunId(systemClock.now());
  const lock = acquireRunLock(repository.commonDir, { run, plan: request.location.name });
  try {
    const ground = await openRunEnvironment(request, repository, run);
    const chosen = await choosePlan(request, ground);
    const past = await lookBack(request, ground, chosen);
    if (past.unresolved.length > 0) return { kind: "unresolved", units: past.unresolved };
    const desk = { ...ground, target: chosen.target, plan: chosen.plan.name };
    recordLandings(desk, past.landed);
    if (past.settled.length < chosen.plan.tasks.length) {
      return await runUnits(request, ground, chosen, past);
    }
    // What landed before a crash may still wait for its bookkeeping.
    if (chosen.only.length === 0) {
      archivePlan(desk, request.location);
      await commitBookkeeping(desk, request.location);
    }
    return { kind: "nothing_to_do", plan: chosen.plan, landed: past.landed };
  } finally {
    lock.release();
  }
}

/** The run itself: keys, gates, units, verification, bookkeeping. */
async function runUnits(
  request: RunRequest,
  ground: RunEnvironment,
  chosen: Chosen,
  past: Past,
): Promise<RunResult> {
  const { run, repository, log } = ground;
  const { plan, tip } = chosen;
  const abort = new AbortController();
  const { signal } = abort;
  const { context, check } = await openContext(request, { ground, chosen, past, signal });
  await updateRef(repository, baseRef(run), tip);
  await updateRef(repository, beforeRef(run), tip);
  log.savePlan(run, chosen.bytes);
  noteAsked(log, { run, plan: plan.name }, chosen.asked);
  const performer = realPerformer(context, await repositoryFingerprint(repository));
  remember(performer, plan, past);
  const startedAt = systemClock.now();
  const options = {
    run,
    plan: plan.name,
    journal: log,
    start: startEvent(request, ground.config, chosen, past),
    about: aboutRun(request, chosen),
    opening: [baseCheckRecord(check)],
    onState: request.onState,
  };
  const { state, status } = await withInterrupt(request.interrupt, abort, performer, (connected) =>
    driveKernel({ ...options, performer: connected }),
  );
  await performer.close(isoTime(systemClock.now()));
  const { location } = request;
  const whole = chosen.only.length === 0;
  const end = await finishRun(context, { state, status, before: tip, startedAt, location, whole });
  return { kind: "finished", run, status, end, log };
}

/** What landed, and what read-only units answered, before this run. */
function remember({ memory }: RealPerformer, plan: CompiledPlan, past: Past): void {
  for (const { unit, commit } of past.landed) memory.landed.set(unit, commit);
  for (const task of plan.tasks) {
    const result = past.history.get(task.id)?.result;
    if (result && task.role !== "worker") memory.results.set(task.id, result.text);
  }
}

/** What only views want to know of the run. */
function aboutRun(
  request: RunRequest,
  { plan, target, tip, only }: Chosen,
): Record<string, unknown> {
  return {
    plan_digest: plan.digest,
    plan_path: request.location.dir,
    target,
    before: tip,
    mode: request.mode,
    only,
    units: plan.tasks.map((task) => ({
      unit: task.id,
      summary: task.summary,
      role: task.role,
      depends_on: task.dependsOn,
      digest: task.digest,
    })),
  };
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
