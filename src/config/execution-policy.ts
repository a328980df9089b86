/** The scope policy of a unit: its claims, and what the project says about paths. Pure. */
import type { ScopePolicy } from "../claims/verdict.ts";
import type { Config } from "./config.ts";

/** Changed files an attempt may have. */
const changedFilesMax = 100;

/** What `judgeChanges` and `writeClaimed` need to know; `projectDir` is relative to the repository. */
export function scopePolicy(
  config: Config,
  of: { claims: ScopePolicy["claims"]; projectDir: string; unitSummary: string },
): ScopePolicy {
  return {
    claims: of.claims,
    scope: config.scope,
    projectDir: of.projectDir,
    filesMax: changedFilesMax,
    departments: config.departments,
    unitSummary: of.unitSummary,
  };
}

// ------------------------------------------------------------
// The variables a project's commands may see, by its configuration. Pure.

/**
 * Names for `childEnvironment`: `extra` are the variables `[run] env` passes on, `deny` the variables that
 * hold providers' keys.
 */
export function childVariables(config: Pick<Config, "run" | "providers">): {
  extra: string[];
  deny: string[];
} {
  const deny = Object.values(config.providers).map((provider) => provider.apiKeyEnv);
  return { extra: config.run.env, deny };
}
