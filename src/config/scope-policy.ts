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
