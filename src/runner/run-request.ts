/** What `dgov run` is asked for. */
import type { Config } from "../config/config.ts";
import type { Repository } from "../git/repository.ts";
import type { State } from "../kernel/state.ts";
import type { RecordedEvent } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import type { PlanLocation } from "../plan/locate.ts";
import type { AskedTurn } from "./asked.ts";
import type { Confirm } from "./preconditions.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { EarlierWork } from "./run-context.ts";

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
  /** The rate limiter; what was asked before the run took part in it. */
  permits(config: Config): RateLimiter;
  status(text: string): void;
  onRecord(record: RecordedEvent): void;
  onState(state: State): void;
  /** Aborted on the first SIGINT or SIGTERM. */
  interrupt: AbortSignal;
}
