/** The request for a run, as a command makes it. */
import type { Config } from "../config/config.ts";
import type { Repository } from "../git/repository.ts";
import type { State } from "../kernel/state.ts";
import type { RecordedEvent } from "../log/event-log.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import type { PlanLocation } from "../plan/locate.ts";
import type { TokenUsage } from "../worker/protocol.ts";
import type { TakenWork } from "./operator/takeover.ts";
import type { Confirm } from "./preconditions.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface RunRequest {
  projectRoot: string;
  location: PlanLocation;
  compile: Compiler;
  /** Units to run, besides those they depend on: full ids or unique suffixes. Empty for all. */
  only: readonly string[];
  mode: "bare" | "continue" | "restart";
  /** Text for the next prompt of a unit, which is named as in `only`. */
  notes: readonly { unit: string; text: string }[];
  /** The operator's own work by unit id (`dgov land`): it goes through review and gates without a worker. */
  takenOver: ReadonlyMap<string, TakenWork>;
  jobs: number | null;
  target: string | undefined;
  allowDirty: boolean;
  yes: boolean;
  confirm: Confirm | null;
  env: Record<string, string | undefined>;
  /** The rate limiter of this process. Requests for compiling have gone through it as well. */
  rateLimiter(config: Config): RateLimiter;
  status(text: string): void;
  onRecord(record: RecordedEvent): void;
  onState(state: State): void;
  /** Aborted on the first SIGINT or SIGTERM. */
  interrupt: AbortSignal;
}

/** Compiles the current source of the plan to run. Throws PLAN_INVALID with diagnostics. */
export type Compiler = (
  config: Config,
  repository: Repository,
  o?: {
    /** Ends requests to a model; its reason is thrown. */
    signal: AbortSignal;
    /**
     * Called with the checked plan, still without SOPs, before the first request to a model. Returns the units that
     * will run; for others no model is asked. May throw.
     */
    beforeModel(plan: CompiledPlan): Promise<ReadonlySet<string>>;
    /** The units of a plan that need no work in this run; none in a restart. */
    settled(plan: CompiledPlan): Promise<ReadonlySet<string>>;
  },
) => Promise<CompiledSource>;

interface CompiledSource {
  plan: CompiledPlan;
  /** Text of `_compiled.toml`. */
  bytes: string;
  /** Requests to a model that compiling made. */
  modelCalls: readonly ModelCall[];
}

/** A request to a model outside of any attempt, for the choice of SOPs. */
export interface ModelCall {
  model: string;
  /** The provider's finish reason, or the kind of failure. */
  finishReason: string;
  usage: TokenUsage | null;
  durationMs: number;
}
