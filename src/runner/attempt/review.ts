/** Judges finished work: a clean-context reviewer's word, then the structural review that commits it. */

import { detectTampering } from "../../git/changes.ts";
import { diffText } from "../../git/snapshot.ts";
import { resetWorkerGitDir } from "../../git/worktree.ts";
import type { Role } from "../../kernel/dag.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import { type ReviewOutcome, reviewAndCommit as review } from "../../settlement/review.ts";
import { present } from "../../std/assert.ts";
import type { LiveAttempt, RunContext } from "../run-context.ts";
import type { Answer } from "../run-loop.ts";
import { commitMessage } from "./landing-task.ts";
import { promptDiffBytesMax, selfReviewPrompt } from "./prompt.ts";
import { type ActionOf, type Attempts, taskOf } from "./state.ts";
import { handleWorkerMessage, runWorker, type WorkerEnd, workerRequest } from "./worker.ts";

/** A clean-context reviewer reads the diff; what it finds goes back with the next attempt. */
export async function performSelfReview(
  { context, memory, live: attempts }: Attempts,
  action: ActionOf<"self_review.start">,
): Promise<Answer | null> {
  const { unit, attempt } = action;
  const live = attempts.find(action);
  if (live === null) return null;
  const { approved, reason, detail } = await selfReview(context, live, taskOf(context, live));
  if (!approved) {
    memory.suspect(action, { verdict: "self_review", reason, detail });
    attempts.remove(live);
  }
  return { event: { type: "self_review.finished", unit, attempt, approved, reason } };
}

/** The structural review. The directory is not needed after it, whatever it came to. */
export async function performReview(
  { context: c, memory, live: attempts }: Attempts,
  action: ActionOf<"attempt.review">,
  at: string,
): Promise<Answer | null> {
  const live = attempts.find(action);
  if (live === null) return null;
  const task = taskOf(c, live);
  const outcome = await review(c.settlement, {
    tree: live.tree,
    claims: task.claims,
    message: commitMessage(c, task.id),
    date: at,
    marker: live.marker,
    unitSummary: task.summary,
    changes: live.changes,
  });
  // Autofix and hooks may have changed files since the work was kept.
  if (outcome.touched) await attempts.keep(live, at);
  attempts.remove(live);
  const { unit, attempt } = action;
  if (outcome.passed) {
    memory.reviewed.set(unit, { attempt, base: live.tree.base, commit: outcome.commit });
  } else {
    memory.suspect(action, outcome);
  }
  return reviewAnswer({ unit, attempt }, outcome);
}

function reviewAnswer(of: { unit: string; attempt: number }, outcome: ReviewOutcome): Answer {
  if (!outcome.passed) {
    const { verdict, reason, retriable } = outcome;
    return { event: { type: "review.finished", ...of, passed: false, verdict, reason, retriable } };
  }
  const { commit, tree, autofixed } = outcome;
  return {
    event: { type: "review.finished", ...of, passed: true, commit, tree },
    records:
      autofixed.length === 0
        ? []
        : [{ ...of, type: "attempt.autofixed", data: { paths: autofixed } }],
  };
}

// ------------------------------------------------------------
// A clean-context reviewer reads an attempt's change before settlement: its verdict, or that there is none.

/** Conversations with a reviewer that fell over without having said anything of the change. */
const triesMax = 2;

export interface SelfReviewVerdict {
  approved: boolean;
  /** One sentence; empty for an approval. */
  reason: string;
  /** What the worker is told: everything the reviewer found. */
  detail: string;
}

/** Asks the reviewer. Whatever is not a clear approval is none (A16). */
export async function selfReview(
  c: RunContext,
  live: LiveAttempt,
  task: CompiledTask,
): Promise<SelfReviewVerdict> {
  const tampered = await detectTampering(live.tree);
  if (tampered !== null) return { approved: false, reason: tampered, detail: tampered };
  // What the worker's git was told to run (filters, drivers) must not run for a role that only reads.
  resetWorkerGitDir(c.repository, live.tree, { identity: c.identity, filters: c.filters });
  const diff = await diffText(c.repository, live.tree, { bytesMax: promptDiffBytesMax });
  const prompt = selfReviewPrompt({ task, attempt: live.attempt, diff });
  let end = await ask(c, { live, task, prompt });
  for (let tries = 1; tries < triesMax && fell(end) && !live.abort.signal.aborted; tries++) {
    end = await ask(c, { live, task, prompt });
  }
  const verdict = readOnlyOutcome("reviewer", end);
  if (verdict.outcome === "complete") return { approved: true, reason: "", detail: "" };
  if (verdict.outcome === "disapproved") {
    const detail = `The reviewer of your change did not approve of it:\n${reviewFindings(end.result)}`;
    return { approved: false, reason: verdict.reason, detail };
  }
  const reason = `no verdict on the change: ${verdict.reason || verdict.outcome}`;
  return { approved: false, reason, detail: reason };
}

async function ask(
  c: RunContext,
  { live, task, prompt }: { live: LiveAttempt; task: CompiledTask; prompt: string },
): Promise<WorkerEnd> {
  const reviewer = { ...task, role: "reviewer" as const };
  const end = await runWorker({
    request: workerRequest(c, { task: reviewer, live, fork: 0, prompt }),
    command: c.workerCommand,
    environment: c.workerEnvironment,
    timeoutMs: task.timeoutS * 1000,
    signal: live.abort.signal,
    onStart: () => {},
    onMessage: (message, reply) => handleWorkerMessage(c, live, message, reply),
  });
  const model = present(c.models.get(live.unit), `model of ${live.unit}`);
  c.permits.release(model.provider.name, live.marker);
  return end;
}

/** It said nothing of the change: the process or the provider failed it. */
function fell({ outcome }: WorkerEnd): boolean {
  return outcome === "crashed" || outcome === "provider_failed";
}

// ------------------------------------------------------------
// How a read-only unit's answer becomes an outcome: a reviewer that does not approve fails its unit.

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
  const issues = reviewIssues(end.result);
  const named = issues.slice(0, namedMax).map((issue) => clip(issue.replace(/\s+/g, " ")));
  const more = issues.length > namedMax ? `; and ${issues.length - namedMax} more` : "";
  const said = named.length === 0 ? "" : `: ${named.join("; ")}${more}`;
  return { ...end, outcome: "disapproved", reason: `the reviewer did not approve${said}` };
}

/** Everything a reviewer found, one finding a line, for whoever mends it. */
export function reviewFindings(result: unknown): string {
  const { summary } = Object(result) as { summary?: unknown };
  const said = typeof summary === "string" && summary.trim() !== "" ? [summary.trim()] : [];
  return [...reviewIssues(result).map((issue) => `- ${issue}`), ...said].join("\n");
}

/** `file:line: text` of each. */
function reviewIssues(result: unknown): string[] {
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
