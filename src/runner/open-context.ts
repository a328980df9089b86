/** Opens what a run performs with: keys, environments, settlement, ledger, kept work, the base's gates. */

import { childVariables } from "../config/execution-policy.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import { ledgerFile, openLedger } from "../ledger/file.ts";
import type { EventLog } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { childEnvironment } from "../process/environment.ts";
import { ownCommand } from "../process/own-command.ts";
import { systemClock } from "../std/clock.ts";
import { type BaseCheck, baselineNotes, checkBase } from "./base-check.ts";
import { type RunEnvironment, settlementIn } from "./environment.ts";
import type { UnitHistory } from "./history.ts";
import type { Chosen, Past } from "./look-back.ts";
import { requireModels } from "./preconditions.ts";
import { gateReporter } from "./records.ts";
import type { EarlierWork, RunContext } from "./run-context.ts";
import type { RunRequest } from "./run-request.ts";

/** Everything the run's shell knows from the start, with what its gates said of the base. */
export async function openContext(
  request: RunRequest,
  of: { ground: RunEnvironment; chosen: Chosen; past: Past; signal: AbortSignal },
): Promise<{ context: RunContext; check: BaseCheck }> {
  const { ground, past, signal } = of;
  const { plan, target, tip } = of.chosen;
  const { config, log } = ground;
  const known = new Set(past.settled.map((one) => one.unit));
  const open = { ...plan, tasks: plan.tasks.filter((task) => !known.has(task.id)) };
  const models = await requireModels(config, open, request);
  const { deny } = childVariables(config);
  const settlement = settlementIn(ground, {
    env: request.env,
    signal,
    report: gateReporter(log, { run: ground.run, plan: plan.name }),
  });
  const check = await checkBase(settlement, tip, request.status);
  const context = {
    ...ground,
    plan,
    target,
    tasks: new Map(plan.tasks.map((task) => [task.id, task])),
    models,
    settlement,
    permits: request.permits(config),
    clock: systemClock,
    workerCommand: [...ownCommand(), "worker"],
    workerEnvironment: childEnvironment(request.env, { deny, proxies: true }),
    notes: of.chosen.notes,
    earlier: new Map([...earlierWork(log, past.history, plan), ...request.byHand]),
    byHand: new Set(request.byHand.keys()),
    baselineNotes: baselineNotes(check),
    ledger: ledgerEntries(ground.projectRoot, request.status),
    signal,
  };
  return { context, check };
}

/** The ledger as it is now; a line that cannot be read is announced, and the others count. */
function ledgerEntries(projectRoot: string, status: (text: string) => void): LedgerEntry[] {
  const { entries, broken } = openLedger(projectRoot);
  for (const { line, problem } of broken) status(`${ledgerFile}:${line}: ${problem}`);
  return entries;
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
