/** Restrictions that the configuration places on units and on child processes. Pure. */
import { changedFilesMax, type ScopePolicy } from "../claims/verdict.ts";
import type { Config } from "./config.ts";

/** The scope policy of a unit, input of `judgeChanges` and `writeClaimed`. `projectDir` is relative to the repository. */
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

/**
 * Names of environment variables for `childEnvironment`: `extra` are those of `[run] env`, `deny` those that
 * contain API keys of providers.
 */
export function childVariables(config: Pick<Config, "run" | "providers">): {
  extra: string[];
  deny: string[];
} {
  const deny = Object.values(config.providers).map((provider) => provider.apiKeyEnv);
  return { extra: config.run.env, deny };
}
