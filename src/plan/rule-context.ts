/** What the rules need to know besides the plan; whoever compiles looks it up. */
import type { Config } from "../config/config.ts";
import type { ModelResolution } from "../config/providers.ts";
import type { Diagnostic } from "../error.ts";
import type { Plan } from "./plan.ts";

export interface RuleContext {
  config: Config;
  /** Claimed paths that the repository ignores; a folder's may end in `/`. */
  ignored: ReadonlySet<string>;
  /** Whether a path (project-relative) exists. */
  exists(path: string): boolean;
  /** Folders of submodules, project-relative. */
  submodules: readonly string[];
  /** Programs among those named by `verifyTools` that are not on this machine. */
  missingTools: ReadonlySet<string>;
  /** Files of the project that a claimed file imports, by the claimed one; only where it matters. */
  imported: ReadonlyMap<string, readonly string[]>;
  /** Which model a task gets; null when it does not matter (`--dry-run`). */
  model:
    | ((
        plan: { defaultAgent: string | null; defaultProvider: string | null },
        task: { agent: string | null; provider: string | null },
      ) => ModelResolution)
    | null;
}

/** A rule: what it finds wrong with a plan. */
export type Rule = (plan: Plan, facts: RuleContext) => Diagnostic[];
