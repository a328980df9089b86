/** What every part of a run's shell needs to know, fixed when the run starts. */
import type { Config, ProviderConfig } from "../config/config.ts";
import type { FileChange } from "../git/changes.ts";
import type { FilterConfig, Repository } from "../git/repository.ts";
import type { Worktree } from "../git/worktree.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { EventLog, NewEvent } from "../log/event-log.ts";
import type { CompiledPlan, CompiledTask } from "../plan/compiled.ts";
import type { SettlementContext } from "../settlement/context.ts";
import type { Clock } from "../std/clock.ts";
import type { EarlierAttempt } from "./attempt/prompt.ts";
import type { ForkSummary } from "./attempt/state.ts";
import type { RunPaths } from "./paths.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface RunContext {
  run: string;
  plan: CompiledPlan;
  tasks: ReadonlyMap<string, CompiledTask>;
  projectRoot: string;
  /** The project's folder below the repository's root, "" or like `packages/app`. */
  projectDir: string;
  /** The prefix of paths below it: "" or like `packages/app/`. */
  projectPrefix: string;
  repository: Repository;
  filters: FilterConfig;
  config: Config;
  /** Branch that is landed on. */
  target: string;
  identity: { name: string; email: string };
  log: EventLog;
  places: RunPaths;
  /** Provider, model and key of each unit. */
  models: ReadonlyMap<string, { provider: ProviderConfig; model: string; apiKey: string }>;
  settlement: SettlementContext;
  permits: RateLimiter;
  clock: Clock;
  /** The command line of `dgov worker`. */
  workerCommand: string[];
  workerEnvironment: Record<string, string>;
  /** Operator's notes by unit. */
  notes: ReadonlyMap<string, string[]>;
  /** What each unit was last rejected for in an earlier run, with where its work is kept. */
  earlier: ReadonlyMap<string, EarlierWork>;
  /** Units whose work was done by hand (`dgov land`): no worker is started. */
  byHand: ReadonlySet<string>;
  baselineNotes: string[];
  /** Entries of the ledger when the run started. */
  ledger: readonly LedgerEntry[];
  /** Aborted when the run is interrupted. */
  signal: AbortSignal;
}

/** Kept work of a rejected or abandoned attempt. */
export interface EarlierWork {
  attempt: number;
  rejection: string;
  ref: string | null;
  commit: string | null;
  base: string | null;
}

/** What the run remembers of a live attempt, besides what is recorded. */
export interface LiveAttempt {
  unit: string;
  attempt: number;
  marker: string;
  tree: Worktree;
  /** A reviewer's unit at work on what it found. */
  fixing: boolean;
  earlier: EarlierAttempt | null;
  /** Listens to its conversations, all of its forks. */
  heard: ForkSummary;
  /** What its worktree differs in, seen when its processes were dead; null before that. */
  changes: FileChange[] | null;
  abort: AbortController;
}

/** What review made of an attempt: its commit, and the base it stands on. */
export interface Reviewed {
  attempt: number;
  base: string;
  commit: string;
}

/** Appends lifecycle records of this run. */
export function record(
  context: RunContext,
  event: Omit<NewEvent, "run" | "plan">,
): ReturnType<EventLog["append"]> {
  return context.log.append([{ ...event, run: context.run, plan: context.plan.name }]);
}

/** `DGOV_ATTEMPT` of every process of an attempt; a run's processes share the prefix `<run>/`. */
export function markerOf(run: string, unit: string, attempt: number): string {
  return `${run}/${unit}/${attempt}`;
}
