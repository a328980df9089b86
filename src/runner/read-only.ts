/** How a read-only unit's answer becomes an outcome: a reviewer that does not approve fails its unit. */
import type { Role } from "../kernel/dag.ts";
import type { WorkerEnd } from "./worker-process.ts";

/** A reviewer's typed answer decides; one that cannot be read is never an approval. */
export function readOnlyOutcome(role: Role, end: WorkerEnd): WorkerEnd {
  if (role !== "reviewer" || end.outcome !== "complete") return end;
  const verdict = end.result as { approved?: unknown; issues?: unknown } | null;
  if (verdict?.approved === true) return end;
  if (verdict?.approved === false) {
    const issues = Array.isArray(verdict.issues)
      ? verdict.issues.map((i) => (typeof i === "string" ? i : JSON.stringify(i)))
      : [];
    return {
      ...end,
      outcome: "disapproved",
      reason: `the reviewer did not approve${issues.length > 0 ? `: ${issues.join("; ")}` : ""}`,
    };
  }
  return { ...end, outcome: "incomplete", reason: "the reviewer's verdict could not be read" };
}
