/** How a read-only unit's answer becomes an outcome: a reviewer that does not approve fails its unit. */
import type { Role } from "../kernel/dag.ts";
import type { WorkerEnd } from "./worker-process.ts";

/** Findings named in one sentence, and characters of each there; all of them go into the details. */
const namedMax = 3;
const namedCharsMax = 300;

/** A reviewer's typed answer decides; one that cannot be read is never an approval. */
export function readOnlyOutcome(role: Role, end: WorkerEnd): WorkerEnd {
  if (role !== "reviewer" || end.outcome !== "complete") return end;
  const verdict = end.result as { approved?: unknown } | null;
  if (verdict?.approved === true) return end;
  if (verdict?.approved !== false) {
    return { ...end, outcome: "incomplete", reason: "the reviewer's verdict could not be read" };
  }
  const issues = issuesIn(end.result);
  const named = issues.slice(0, namedMax).map((issue) => clip(issue.replace(/\s+/g, " ")));
  const more = issues.length > namedMax ? `; and ${issues.length - namedMax} more` : "";
  const said = named.length === 0 ? "" : `: ${named.join("; ")}${more}`;
  return { ...end, outcome: "disapproved", reason: `the reviewer did not approve${said}` };
}

/** Everything a reviewer found, one finding a line, for whoever mends it. */
export function findingsIn(result: unknown): string {
  const { summary } = Object(result) as { summary?: unknown };
  const said = typeof summary === "string" && summary.trim() !== "" ? [summary.trim()] : [];
  return [...issuesIn(result).map((issue) => `- ${issue}`), ...said].join("\n");
}

/** `file:line: text` of each. */
function issuesIn(result: unknown): string[] {
  const { issues } = Object(result) as { issues?: unknown };
  if (!Array.isArray(issues)) return [];
  return issues.map((issue: unknown) => {
    if (typeof issue === "string") return issue;
    const { file, line, text } = Object(issue) as Record<string, unknown>;
    if (typeof text !== "string") return JSON.stringify(issue);
    if (typeof file !== "string") return text;
    return `${file}${typeof line === "number" ? `:${line}` : ""}: ${text}`;
  });
}

function clip(text: string): string {
  return text.length <= namedCharsMax ? text : `${text.slice(0, namedCharsMax)}…`;
}
