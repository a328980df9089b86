/** The signature of rules, and the facts about the project that they use besides the plan. */
import type { Config } from "../config/config.ts";
import type { ModelResolution } from "../config/providers.ts";
import type { Diagnostic } from "../error.ts";
import type { ProposedDependencies } from "./dependency-order.ts";
import type { Plan } from "./plan.ts";

export interface RuleContext {
  config: Config;
  /** The dependencies that hints propose. */
  proposals: ProposedDependencies;
  /** Units that have landed, whose claims conflict with none. */
  landed: ReadonlySet<string>;
  /** Claimed paths that the repository ignores; folders may end in `/`. */
  ignored: ReadonlySet<string>;
  /** Lockfiles of claimed manifests that git tracks, relative to the project. */
  lockfiles: ReadonlySet<string>;
  /** True when a path, relative to the project, exists. */
  exists(path: string): boolean;
  /** Folders of submodules, relative to the project. */
  submodules: readonly string[];
  /** Programs found by `verifyTools` that are not installed. */
  missingTools: ReadonlySet<string>;
  /** Files of the project that a claimed file imports, by the claimed file; empty without independent tasks. */
  imported: ReadonlyMap<string, readonly string[]>;
  /** Resolves the model of a task; null when models are not checked (`--dry-run`). */
  model:
    | ((
        plan: { defaultAgent: string | null; defaultProvider: string | null },
        task: { agent: string | null; provider: string | null },
      ) => ModelResolution)
    | null;
}

/** A check of a whole plan. */
export type Rule = (plan: Plan, facts: RuleContext) => Diagnostic[];
