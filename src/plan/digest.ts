/** A unit's identity between runs. Pure. */
import { canonicalJson, sha256 } from "../std/digest.ts";
import type { CompiledTask } from "./compiled.ts";

/**
 * Covers what the unit is asked to do: summary, prompt text, commit message, role, claims,
 * dependencies, `test_cmd`, `self_review`. Not who does it or within which limits: agent, provider,
 * timeouts, SOPs.
 */
export function unitDigest(task: Omit<CompiledTask, "digest">): string {
  const { summary, prompt, commitMessage, role, testCmd, selfReview } = task;
  const claims = Object.fromEntries(
    Object.entries(task.claims).map(([kind, paths]) => [kind, [...paths].sort()]),
  );
  const dependsOn = [...task.dependsOn].sort();
  return sha256(
    canonicalJson({ summary, prompt, commitMessage, role, claims, dependsOn, testCmd, selfReview }),
  );
}
