/** Everything that performing a run's actions needs, assembled by `prepareRun` before the first one. */
import type { LandedUnit } from "../git/landing/landed.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { CompiledPlan, CompiledTask } from "../plan/compiled.ts";
import type { PlanLocation } from "../plan/locate.ts";
import type { SettlementContext } from "../settlement/context.ts";
import type { Clock } from "../std/clock.ts";
import type { LiveAttempts, RunMemory } from "./attempt/state.ts";
import type { BaseGates } from "./base-gates.ts";
import type { OwnFiles } from "./operator/own-files.ts";
import type { TakenWork } from "./operator/takeover.ts";
import type { ModelAccess } from "./preconditions.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { RunRecord } from "./records.ts";
import type { RunEnvironment } from "./run-environment.ts";
import type { SharedState } from "./shared-state.ts";

export interface RunContext extends RunEnvironment {
  plan: CompiledPlan;
  /** The plan's tasks by id. */
  tasks: ReadonlyMap<string, CompiledTask>;
  location: PlanLocation;
  /** Ids of the selected units; empty for the whole plan. */
  only: readonly string[];
  /** Units that needed no work when the run started. */
  settled: readonly { unit: string; as: "landed" | "done" }[];
  /** Landings of the plan's units in earlier runs, by git. */
  landedBefore: readonly LandedUnit[];
  /** Branch the run lands on. */
  target: string;
  /** Tip of the target when the run started. */
  before: string;
  startedAt: number;
  /** By unit, as far as it needs a model. */
  models: ReadonlyMap<string, ModelAccess>;
  settlement: SettlementContext;
  /** Values of ignored files that trees get, which no message or record contains. */
  secrets: readonly string[];
  /** Verdicts of the gates on `before`. */
  baseGates: BaseGates;
  rateLimiter: RateLimiter;
  clock: Clock;
  /** The command line of `dgov worker`. */
  workerCommand: string[];
  workerEnvironment: Record<string, string>;
  /** Notes of the operator, by unit. */
  notes: ReadonlyMap<string, string[]>;
  /** dgov's own files in the checkout, as they were before the first worker. */
  ownFiles: OwnFiles;
  /** Work of the operator (`dgov land`) by unit; such a unit starts no worker. */
  takenOver: ReadonlyMap<string, TakenWork>;
  /** Seconds to wait for checkouts that block the last landings. */
  checkoutWaitS: number;
  /** Entries of the ledger when the run started. */
  ledger: readonly LedgerEntry[];
  attempts: LiveAttempts;
  memory: RunMemory;
  /** The state that workers share with the operator, as it was before the first worker. */
  shared: SharedState;
  /** Aborted when the run is interrupted. */
  signal: AbortSignal;
}

/** Appends a lifecycle record that no action waits for. */
export function record(context: RunContext, entry: RunRecord): void {
  context.log.appendSoon([{ ...entry, run: context.run, plan: context.plan.name }]);
}

/** Appends a lifecycle record, and waits until it is on disk. */
export async function recordDurably(context: RunContext, entry: RunRecord): Promise<void> {
  await context.log.appendWhenFree([{ ...entry, run: context.run, plan: context.plan.name }]);
}

/** Notes a warning in the log. An unusable log is reported by the next lifecycle record, not here. */
export function warn(
  { log, run, plan }: RunContext,
  of: { unit: string | null; attempt: number | null },
  text: string,
): void {
  try {
    log.note({ run, plan: plan.name, ...of, type: "warning", data: { text } });
  } catch {}
}

/** `DGOV_ATTEMPT` of an attempt's processes. All processes of a run share the prefix `<run>/`. */
export function markerOf(run: string, unit: string, attempt: number): string {
  return `${run}/${unit}/${attempt}`;
}
