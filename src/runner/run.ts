/**
 * `dgov run`, in order: repository, lock, configuration, recovery of crashed runs, target, compile, settled units,
 * keys and trust, gates on the base; then the units, verification and bookkeeping.
 *
 * Decisions about units are the kernel's. Everything that a view needs is recorded.
 */
import { sandboxExceptions } from "../config/gates.ts";
import { openRepository } from "../git/repository.ts";
import type { Event, KernelLimits } from "../kernel/event.ts";
import type { EventLog } from "../log/event-log.ts";
import { dagOf } from "../plan/compiled.ts";
import { makeUndumpable } from "../process/libc.ts";
import { acquireRunLock } from "../process/lock.ts";
import { adoptOrphans } from "../process/orphans.ts";
import { requiredGates } from "../settlement/gates/run-gates.ts";
import { isAbortError, isoTime, systemClock, whenAborted } from "../std/clock.ts";
import { baseCheckedRecord } from "./base-gates.ts";
import { finishRun, type RunEnd } from "./finish.ts";
import { runPerformer } from "./performer.ts";
import { type PreparedRun, prepareRun } from "./prepare-run.ts";
import type { RunContext } from "./run-context.ts";
import { newRunId, openRunEnvironment } from "./run-environment.ts";
import { driveKernel, withInterrupt } from "./run-loop.ts";
import type { RunRequest } from "./run-request.ts";

export type RunResult =
  | { kind: "finished"; run: string; end: RunEnd; log: EventLog }
  /** The operator interrupted it before its first unit; nothing of the run was recorded. */
  | { kind: "interrupted" }
  | Exclude<PreparedRun, { kind: "ready" }>;

/** Executes a run from lock to bookkeeping. Throws DgovError when it cannot start. */
export async function executeRun(request: RunRequest): Promise<RunResult> {
  // The environment of this process holds the providers' keys.
  makeUndumpable();
  adoptOrphans();
  const repository = await openRepository(request.projectRoot);
  const run = newRunId(systemClock.now());
  const lock = acquireRunLock(repository.commonDir, { run, plan: request.location.name });
  const abort = new AbortController();
  const endListening = whenAborted(request.interrupt, () => abort.abort());
  try {
    const prepared = await unlessInterrupted(abort.signal, async () => {
      const { interrupt } = request;
      const environment = await openRunEnvironment(request, repository, run, interrupt);
      const ready = await prepareRun(request, environment, abort.signal);
      abort.signal.throwIfAborted();
      return ready;
    });
    if (prepared.kind !== "ready") return prepared;
    endListening();
    return await runUnits(prepared.context, request, abort);
  } finally {
    endListening();
    lock.release();
  }
}

/** The prepared run, or `interrupted`; only before the first unit, since landed units must be reported. */
async function unlessInterrupted<T>(
  signal: AbortSignal,
  prepare: () => Promise<T>,
): Promise<T | { kind: "interrupted" }> {
  try {
    return await prepare();
  } catch (error) {
    if (signal.aborted && isAbortError(error)) return { kind: "interrupted" };
    throw error;
  }
}

/** Runs the units to their end, then verification and bookkeeping. */
async function runUnits(
  c: RunContext,
  request: RunRequest,
  abort: AbortController,
): Promise<RunResult> {
  const performer = runPerformer(c);
  const { level, reason } = await c.settlement.sandbox();
  const sandbox = { level, reason, exceptions: exceptionsOf(c) };
  const drive = withInterrupt(request.interrupt, abort, performer, (connected) =>
    driveKernel({
      run: c.run,
      plan: c.plan.name,
      journal: c.log,
      performer: connected,
      start: startEvent(c, request.jobs),
      about: { ...aboutRun(c, request.mode), sandbox },
      opening: [baseCheckedRecord(c.before, c.baseGates)],
      onState: request.onState,
      stop: () => abort.abort(),
    }),
  );
  const { state, status } = await drive.finally(() =>
    performer.close(isoTime(c.clock.now())).catch(() => {}),
  );
  const endListening = whenAborted(request.interrupt, () => abort.abort());
  const end = await finishRun(c, { state, status }).finally(endListening);
  return { kind: "finished", run: c.run, end, log: c.log };
}

/** The exceptions from the sandbox that the project and the plan's tasks make. */
function exceptionsOf({ config, plan }: RunContext): string[] {
  const open = plan.tasks.filter(({ network }) => network === "host");
  return [
    ...sandboxExceptions(config),
    ...open.map(({ id }) => `commands of ${id} use the machine's network`),
  ];
}

function startEvent(
  { plan, config, before, settled, checkoutWaitS }: RunContext,
  jobs: number | null,
): Extract<Event, { type: "run.started" }> {
  const limits: KernelLimits = {
    jobs: jobs ?? config.run.jobs,
    rejectionRetries: plan.maxRetries,
    crashRetries: config.run.crashRetries,
    timeoutRetries: config.run.timeoutRetries,
    speculation: config.merge.speculation,
    maxGates: config.run.maxGates,
    rebuilds: config.merge.rebuilds,
    checkoutWaitS,
  };
  return {
    type: "run.started",
    dag: dagOf(plan),
    limits,
    order: config.merge.order,
    tip: before,
    gates: requiredGates(
      config,
      plan.tasks.map((task) => task.testCmd),
    ),
    screening: true,
    settled: [...settled],
  };
}

/** Facts for views, recorded in `run.started`. */
function aboutRun(
  { plan, location, target, before, only }: RunContext,
  mode: RunRequest["mode"],
): Record<string, unknown> {
  return {
    plan_digest: plan.digest,
    plan_path: location.dir,
    target,
    before,
    mode,
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
