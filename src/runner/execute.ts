/**
 * `dgov run`, in order: lock, config, repository, compile, keys and trust, crashed runs, what is
 * settled already, every gate once on the base, the run itself, verification, bookkeeping.
 *
 * Nothing here decides about units; that is the kernel's. Everything a view needs is recorded.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import { userFilters } from "../git/private-dir.ts";
import { baseRef, beforeRef, updateRef } from "../git/refs.ts";
import {
  configuredIdentity,
  openRepository,
  type Repository,
  scanLanded,
} from "../git/repository.ts";
import { sharedState } from "../git/shared-state.ts";
import type { KernelLimits, RunStatus } from "../kernel/event.ts";
import type { State } from "../kernel/state.ts";
import { type EventLog, openEventLog, type RecordedEvent } from "../log/event-log.ts";
import { type CompiledPlan, dagOf } from "../plan/compiled.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { childEnvironment } from "../process/environment.ts";
import { acquireRunLock } from "../process/lock.ts";
import { selfCommand } from "../process/self-exec.ts";
import { openSettlement, type SettlementContext } from "../settlement/context.ts";
import { checkGatesRunnable, requiredGates } from "../settlement/gates/run-gates.ts";
import { systemClock } from "../std/clock.ts";
import { archivePlan, commitBookkeeping, recordLandings } from "./bookkeeping.ts";
import {
  type Confirm,
  ensureFirstCommit,
  projectDirOf,
  requireCleanTree,
  requireModels,
  resolveTarget,
} from "./checks.ts";
import type { EarlierWork, RunContext } from "./context.ts";
import { finishRun, type RunEnd } from "./finish.ts";
import { gateReporter } from "./gate-records.ts";
import { type UnitHistory, unresolved } from "./history.ts";
import { planHistory } from "./past-runs.ts";
import { realPerformer } from "./performer.ts";
import { Permits } from "./permits.ts";
import { placesOf, scratchPlace } from "./places.ts";
import { closeCrashedRuns, type Recovery } from "./recover.ts";
import { runLoop } from "./runner.ts";

export interface RunRequest {
  projectRoot: string;
  location: PlanLocation;
  /** Compiles the current source; throws PLAN_INVALID with diagnostics. */
  compile(config: Config, repository: Repository): Promise<{ plan: CompiledPlan; bytes: string }>;
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
  const clock = systemClock;
  const repository = await openRepository(request.projectRoot);
  const run = newRunId(clock.now());
  const lock = acquireRunLock(repository.commonDir, { run, plan: request.location.name });
  try {
    const config = requireConfig(request.projectRoot);
    const projectDir = projectDirOf(repository, request.projectRoot);
    await ensureFirstCommit(repository, projectDir, request);
    // First of all what crashed is closed: a landing cut short may have left the tree dirty.
    const identity = await requireIdentity(repository);
    const places = placesOf({
      repositoryId: repository.id,
      configured: config.worktree.root,
      env: request.env,
    });
    mkdirSync(places.runs, { recursive: true });
    const log = observed(openEventLog(request.projectRoot), request.onRecord);
    const filters = await userFilters(repository);
    const recovered = await closeCrashedRuns({
      log,
      repository,
      places,
      identity,
      keepBytesMax: config.worktree.keepMibMax * 1024 * 1024,
      now: () => new Date(clock.now()).toISOString(),
    });
    for (const recovery of recovered) request.status(recoveryText(recovery));

    const { target } = await resolveTarget(repository, request.target);
    const compiled = await request.compile(config, repository);
    const chosen = selected(compiled.plan, request.only);
    // Nobody would change work done by hand between two attempts.
    const plan = request.byHand.size === 0 ? chosen : { ...chosen, maxRetries: 0 };
    await requireCleanTree(repository, projectDir, plan, request.allowDirty);
    const models = await requireModels(config, plan, request);

    const base = await resolveTarget(repository, target);
    const landed = await scanLanded(repository, { tip: base.tip, plan: plan.name });
    if (repository.shallow && !request.yes) {
      throw new DgovError(
        "ENVIRONMENT",
        "this is a shallow clone: what landed earlier cannot be seen",
        {
          hint: "git fetch --unshallow, or run again with -y to run every unit",
        },
      );
    }
    const history = planHistory(log, plan.name);
    if (request.mode === "bare") {
      const landedKeys = new Set(landed.map((l) => `${l.unit} ${l.digest}`));
      const units = unresolved(history, plan.tasks).filter(
        (entry) => !landedKeys.has(`${entry.unit} ${entry.digest}`),
      );
      if (units.length > 0) return { kind: "unresolved", units };
    }
    const settled = settledUnits(plan, landed, history, request.mode);
    const mine = landed.filter((l) => plan.tasks.some((task) => task.id === l.unit));
    const desk = {
      repository,
      projectRoot: request.projectRoot,
      projectDir,
      target,
      run,
      plan: plan.name,
    };
    recordLandings(desk, mine);
    if (settled.length === plan.tasks.length) {
      // What landed before a crash may still wait for its bookkeeping.
      if (request.only.length === 0) {
        archivePlan(desk, request.location);
        await commitBookkeeping(desk, request.location);
      }
      return {
        kind: "nothing_to_do",
        plan,
        landed: mine,
      };
    }

    const denied = Object.values(config.providers).map((p) => p.apiKeyEnv);
    const toolEnvironment = childEnvironment(request.env, { extra: config.run.env, deny: denied });
    const reporter = gateReporter(log, { run, plan: plan.name });
    const abort = new AbortController();
    const settlement = openSettlement({
      repository,
      projectRoot: request.projectRoot,
      projectDir,
      config,
      environment: toolEnvironment,
      identity,
      slotsRoot: places.slots,
      scratch: scratchPlace(places, run),
      signal: abort.signal,
      report: reporter,
      putOutput: (bytes) => log.putBlob(bytes),
    });
    const baselineNotes = await requireRunnableGates(settlement, base.tip, request.status);
    const context: RunContext = {
      run,
      plan,
      tasks: new Map(plan.tasks.map((task) => [task.id, task])),
      projectRoot: request.projectRoot,
      projectDir,
      repository,
      filters,
      config,
      target,
      identity,
      log,
      places,
      models,
      settlement,
      permits: new Permits(
        (name) => config.providers[name]?.maxConcurrent ?? Number.POSITIVE_INFINITY,
        clock,
      ),
      clock,
      workerCommand: [...selfCommand(), "worker"],
      workerEnvironment: childEnvironment(request.env, { extra: [], deny: denied, proxies: true }),
      toolEnvironment,
      notes: request.notes,
      earlier: new Map([...earlierWork(log, history, plan), ...request.byHand]),
      byHand: new Set(request.byHand.keys()),
      baselineNotes,
      signal: abort.signal,
    };
    await updateRef(repository, baseRef(run), base.tip);
    await updateRef(repository, beforeRef(run), base.tip);
    log.savePlan(run, compiled.bytes);
    const performer = realPerformer(context, await sharedState(repository));
    for (const l of landed) performer.attempts.landed.set(l.unit, l.commit);
    for (const task of plan.tasks) {
      const result = history.get(task.id)?.result;
      if (result && task.role !== "worker") performer.attempts.results.set(task.id, result.text);
    }
    const startedAt = clock.now();
    const { state, status } = await interruptible(
      request.interrupt,
      abort,
      performer,
      (connected) =>
        runLoop({
          run,
          plan: plan.name,
          journal: log,
          performer: connected,
          start: {
            type: "run.started",
            dag: dagOf(plan),
            limits: limitsOf(config, plan, request.jobs),
            order: config.merge.order,
            tip: base.tip,
            gates: requiredGates(
              config,
              plan.tasks.map((task) => task.testCmd),
            ),
            settled,
          },
          about: {
            plan_digest: compiled.plan.digest,
            plan_path: request.location.dir,
            target,
            before: base.tip,
            mode: request.mode,
            only: request.only,
            units: plan.tasks.map((task) => ({
              unit: task.id,
              summary: task.summary,
              role: task.role,
              depends_on: task.dependsOn,
              digest: task.digest,
            })),
          },
          onState: request.onState,
        }),
    );
    await performer.close(new Date(clock.now()).toISOString());
    const end = await finishRun(context, {
      state,
      status,
      before: base.tip,
      startedAt,
      location: request.location,
      whole: request.only.length === 0,
    });
    return { kind: "finished", run, status, end, log };
  } finally {
    lock.release();
  }
}

/** `20260102-030405-1a2b`: sorts by time, and is a valid ref component. */
function newRunId(now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${time}-${randomBytes(2).toString("hex")}`;
}

/** The plan cut down to the chosen units and everything they depend on. */
export function selected(plan: CompiledPlan, only: readonly string[]): CompiledPlan {
  if (only.length === 0) return plan;
  const tasks = new Map(plan.tasks.map((task) => [task.id, task]));
  const wanted = new Set<string>();
  const stack = [...only];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (wanted.has(id)) continue;
    wanted.add(id);
    stack.push(...(tasks.get(id)?.dependsOn ?? []));
  }
  return { ...plan, tasks: plan.tasks.filter((task) => wanted.has(task.id)) };
}

/** Units that need no work: landed with this text, or read-only with a result for these inputs. */
export function settledUnits(
  plan: CompiledPlan,
  landed: readonly { unit: string; digest: string; commit: string }[],
  history: ReadonlyMap<string, UnitHistory>,
  mode: RunRequest["mode"],
): { unit: string; as: "landed" | "done" }[] {
  if (mode === "restart") return [];
  const commits = new Map(landed.map((l) => [`${l.unit} ${l.digest}`, l.commit]));
  const settled: { unit: string; as: "landed" | "done" }[] = [];
  const landedAs = new Map(landed.map((l) => [l.unit, l.commit]));
  for (const task of plan.tasks) {
    if (task.role === "worker") {
      if (commits.has(`${task.id} ${task.digest}`)) settled.push({ unit: task.id, as: "landed" });
      continue;
    }
    const entry = history.get(task.id);
    const result = entry?.digest === task.digest ? entry.result : null;
    const sameInputs =
      result !== null &&
      task.dependsOn.every(
        (unit) => (landedAs.get(unit) ?? null) === (result.inputs[unit] ?? null),
      );
    if (sameInputs) settled.push({ unit: task.id, as: "done" });
  }
  return settled;
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

async function requireIdentity(repository: Repository): Promise<{ name: string; email: string }> {
  const identity = await configuredIdentity(repository);
  if (identity !== null) return identity;
  throw new DgovError("ENVIRONMENT", "git does not know who you are", {
    hint: "git config --global user.name NAME; git config --global user.email ADDRESS",
  });
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

/** The log, telling somebody of every record: the live view and `--stream` read along. */
function observed(log: EventLog, onRecord: (record: RecordedEvent) => void): EventLog {
  return {
    ...log,
    append(events) {
      const records = log.append(events);
      for (const record of records) onRecord(record);
      return records;
    },
    note(event) {
      log.note(event);
      onRecord({ ...event, seq: 0, ts: new Date().toISOString(), kind: "telemetry" });
    },
  };
}

function recoveryText(recovery: Recovery): string {
  const parts = [
    ...recovery.landed.map((unit) => `${unit} had landed`),
    ...recovery.kept.map(({ unit, ref }) => `work of ${unit} kept as ${ref}`),
  ];
  return `closed run ${recovery.run} of ${recovery.plan}, which had ended without saying so${parts.length > 0 ? `: ${parts.join("; ")}` : ""}`;
}
