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

/** Compiles the current source of the plan to run. Throws PLAN_INVALID with diagnostics. */
export type Compiler = (config: Config, repository: Repository) => Promise<CompiledSource>;

export interface CompiledSource {
  plan: CompiledPlan;
  /** Text of `_compiled.toml`. */
  bytes: string;
  /** Requests to a model that compiling made. */
  asked: readonly AskedTurn[];
}

export interface RunRequest {
  projectRoot: string;
  location: PlanLocation;
  compile: Compiler;
  /** Units to run, besides those they depend on: full ids or unique suffixes. Empty for all. */
  only: readonly string[];
  mode: "bare" | "continue" | "restart";
  /** Text for the next prompt of a unit, which is named as in `only`. */
  notes: readonly { unit: string; text: string }[];
  /** A person's work by unit id: it goes through review and gates without a worker. */
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
