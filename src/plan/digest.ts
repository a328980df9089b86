/** A unit's identity between runs. Pure. */
import { sha256 } from "../std/digest.ts";
import type { CompiledTask } from "./compiled.ts";

/**
 * Covers what the unit is asked to do: summary, prompt text, commit message, role, claims,
 * dependencies, `test_cmd`, `self_review`. Not who does it or within which limits: agent, provider,
 * timeouts, SOPs. The order of claims and dependencies does not count.
 */
export function unitDigest(task: Omit<CompiledTask, "digest">): string {
  const { create, delete: remove, edit, read, touch } = task.claims;
  const identity = {
    claims: {
      create: create.toSorted(),
      delete: remove.toSorted(),
      edit: edit.toSorted(),
      read: read.toSorted(),
      touch: touch.toSorted(),
    },
    commitMessage: task.commitMessage,
    dependsOn: task.dependsOn.toSorted(),
    prompt: task.prompt,
    role: task.role,
    selfReview: task.selfReview,
    summary: task.summary,
    testCmd: task.testCmd,
  };
  return sha256(JSON.stringify(identity));
}
