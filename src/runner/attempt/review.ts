/** Performs `self_review.start` and `attempt.review`, and reads the verdicts of reviewers. */

import { coversAny } from "../../claims/cover.ts";
import { parseClaims } from "../../claims/path.ts";
import { projectPath } from "../../config/find.ts";
import { branchTip } from "../../git/refs.ts";
import { diffTrees } from "../../git/trees.ts";
import { detectTampering } from "../../git/worktrees/changes.ts";
import { diffText } from "../../git/worktrees/snapshot.ts";
import { resetWorkerGitDir } from "../../git/worktrees/worktree.ts";
import type { Role } from "../../kernel/dag.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import { type ReviewOutcome, reviewAndCommit } from "../../settlement/review.ts";
import { present } from "../../std/assert.ts";
import { oneLine } from "../../std/text.ts";
import { landedUnits } from "../history/landings.ts";
import type { RunContext } from "../run-context.ts";
import type { ActionOf, Answer } from "../run-loop.ts";
import { judgeEmptyDiff, lastCommit } from "./empty-diff.ts";
import { attemptTask, commitMessage } from "./landing-task.ts";
import { promptDiffBytesMax, selfReviewPrompt } from "./prompt.ts";
import type { LiveAttempt } from "./state.ts";
import { widerClaims } from "./wider-claims.ts";
import { handleWorkerMessage, runWorker, type WorkerEnd, workerRequest } from "./worker.ts";
import { endAttempt, keepAttempt } from "./worktree.ts";

/** Performs the self-review: a reviewer without the worker's conversation reads the diff. */
export async function performSelfReview(
  c: RunContext,
  action: ActionOf<"self_review.start">,
): Promise<Answer | null> {
  const { unit, attempt } = action;
  const live = c.attempts.find(action);
  if (live === null) return null;
  const { approved, reason, detail } = await selfReview(c, live, attemptTask(c, live));
  if (!approved) {
    c.memory.setPendingRejection(action, { verdict: "self_review", reason, detail });
    endAttempt(c, live);
  }
  return { event: { type: "self_review.finished", unit, attempt, approved, reason } };
}

/** Performs the claims review, which commits the work it passes. The worktree is removed either way. */
export async function performReview(
  c: RunContext,
  action: ActionOf<"attempt.review">,
  at: string,
): Promise<Answer | null> {
  const live = c.attempts.find(action);
  if (live === null) return null;
  const task = attemptTask(c, live);
  const outcome = await reviewAndCommit(c.settlement, {
    tree: live.tree,
    claims: task.claims,
    message: commitMessage(c, task.id),
    date: at,
    marker: live.marker,
    unitSummary: task.summary,
    changes: live.changes,
  });
  // Autofix and hooks may have changed files since the work was kept.
  if (outcome.touched) await keepAttempt(c, live, at);
  endAttempt(c, live);
  const { unit, attempt } = action;
  if (!outcome.passed && outcome.verdict === "empty_diff") {
    return await emptyDiffAnswer(c, live, outcome);
  }
  if (outcome.passed) {
    c.memory.reviewed.set(unit, { attempt, base: live.tree.base, commit: outcome.commit });
  } else {
    const planDir = projectPath(c.projectRoot, c.location.dir);
    const paths = outcome.unclaimed.flatMap((path) =>
      path.startsWith(c.projectPrefix) ? [path.slice(c.projectPrefix.length)] : [],
    );
    const wider = live.fixing ? null : widerClaims(task, planDir, paths);
    c.memory.setPendingRejection(action, { ...outcome, widerClaims: wider });
  }
  return reviewAnswer({ unit, attempt }, outcome);
}

/** Answers for an attempt that changed nothing: satisfied by an earlier commit, or rejected. */
async function emptyDiffAnswer(
  c: RunContext,
  { unit, attempt, fixing }: LiveAttempt,
  outcome: Extract<ReviewOutcome, { passed: false }>,
): Promise<Answer> {
  const task = present(c.tasks.get(unit), `${unit} has a task`);
  const tip = await branchTip(c.repository, c.target);
  const { projectRoot, target: branch, plan } = c;
  const of = { projectRoot, branch, plan: plan.name, units: plan.tasks };
  const known = fixing || tip === null ? null : await landedUnits(c.repository, { ...of, tip });
  const landed = known?.landed ?? [];
  const commit = lastCommit(landed, unit);
  const changedSince =
    commit === null || tip === null ? [] : await claimedChanges(c, task, commit, tip);
  const rejection = c.memory.rejection(unit);
  const judged = judgeEmptyDiff({ unit, landed, changedSince, rejection });
  if (judged.satisfied !== null) {
    c.memory.setLanded(unit, judged.satisfied);
    // The commit's trailers have the digest that the task had then.
    await c.ownFiles.record(c, [{ unit, digest: task.digest, commit: judged.satisfied }]);
    return { event: { type: "review.satisfied", unit, attempt, commit: judged.satisfied } };
  }
  c.memory.setPendingRejection({ unit, attempt }, outcome);
  return reviewAnswer({ unit, attempt }, { ...outcome, retriable: judged.retriable });
}

/** Paths that differ between two commits and that any claim of a task covers. */
async function claimedChanges(
  { repository, projectPrefix }: RunContext,
  { claims }: CompiledTask,
  from: string,
  to: string,
): Promise<string[]> {
  const all = parseClaims(Object.values(claims).flat());
  return (await diffTrees(repository, from, to)).flatMap(({ path }) =>
    path.startsWith(projectPrefix) && coversAny(all, path.slice(projectPrefix.length))
      ? [path]
      : [],
  );
}

function reviewAnswer(of: { unit: string; attempt: number }, outcome: ReviewOutcome): Answer {
  const changes = outcome.judgeChanged;
  const judged =
    changes.length === 0 ? [] : [{ ...of, type: "attempt.judge_changed", data: { changes } }];
  if (!outcome.passed) {
    const { verdict, reason, retriable } = outcome;
    return {
      event: { type: "review.finished", ...of, passed: false, verdict, reason, retriable },
      records: judged,
    };
  }
  const { commit, tree, autofixed } = outcome;
  return {
    event: { type: "review.finished", ...of, passed: true, commit, tree },
    records: [
      ...judged,
      ...(autofixed.length === 0
        ? []
        : [{ ...of, type: "attempt.autofixed", data: { paths: autofixed } }]),
    ],
  };
}

/** Maximum number of conversations with a reviewer; another starts when its process or provider failed. */
const triesMax = 2;

interface SelfReviewVerdict {
  approved: boolean;
  /** One sentence; empty for an approval. */
  reason: string;
  /** Text for the next attempt's prompt: every issue. */
  detail: string;
}

/** Asks a reviewer for its verdict. Anything but a readable approval rejects the attempt (A16). */
async function selfReview(
  c: RunContext,
  live: LiveAttempt,
  task: CompiledTask,
): Promise<SelfReviewVerdict> {
  const tampered = await detectTampering(live.tree);
  if (tampered !== null) return { approved: false, reason: tampered, detail: tampered };
  // Programs that the worker's git was configured to run must not run for a role that only reads.
  await resetWorkerGitDir(c.repository, live.tree, { identity: c.identity, filters: c.filters });
  const diff = await diffText(c.repository, live.tree, { bytesMax: promptDiffBytesMax });
  const prompt = selfReviewPrompt({ task, attempt: live.attempt, diff });
  let end = await askReviewer(c, { live, task, prompt });
  for (let tries = 1; tries < triesMax && hasFailed(end) && !live.abort.signal.aborted; tries++) {
    end = await askReviewer(c, { live, task, prompt });
  }
  const verdict = readOnlyOutcome("reviewer", end);
  if (verdict.outcome === "complete") return { approved: true, reason: "", detail: "" };
  if (verdict.outcome === "disapproved") {
    const detail = `The reviewer did not approve your change:\n${reviewText(end.result)}`;
    return { approved: false, reason: verdict.reason, detail };
  }
  const reason = `no verdict on the change: ${verdict.reason || verdict.outcome}`;
  return { approved: false, reason, detail: reason };
}

async function askReviewer(
  c: RunContext,
  { live, task, prompt }: { live: LiveAttempt; task: CompiledTask; prompt: string },
): Promise<WorkerEnd> {
  const reviewer = { ...task, role: "reviewer" as const };
  const end = await runWorker({
    request: await workerRequest(c, { task: reviewer, live, fork: 0, prompt }),
    command: c.workerCommand,
    environment: c.workerEnvironment,
    timeoutMs: task.timeoutS * 1000,
    signal: live.abort.signal,
    onStart: () => {},
    onMessage: (message, reply) => handleWorkerMessage(c, live, message, reply),
  });
  const model = present(c.models.get(live.unit), `${live.unit} has a model`);
  c.rateLimiter.release(model.provider.name, live.marker);
  return end;
}

function hasFailed({ outcome }: WorkerEnd): boolean {
  return outcome === "crashed" || outcome === "provider_failed";
}

/** Issues named in a reason, and characters of each there. */
const namedMax = 3;
const namedCharsMax = 300;

/**
 * The outcome of a read-only unit. A reviewer that completed without approval has `disapproved`, with its
 * first issues as the reason; one with an unreadable verdict is `incomplete`, never an approval.
 */
export function readOnlyOutcome(role: Role, end: WorkerEnd): WorkerEnd {
  if (role !== "reviewer" || end.outcome !== "complete") return end;
  const verdict = end.result as { approved?: unknown } | null;
  if (verdict?.approved === true) return end;
  if (verdict?.approved !== false) {
    return { ...end, outcome: "incomplete", reason: "the reviewer's verdict could not be read" };
  }
  const issues = reviewIssues(end.result);
  const named = issues.slice(0, namedMax).map((issue) => oneLine(issue, namedCharsMax));
  const more = issues.length > namedMax ? `; and ${issues.length - namedMax} more` : "";
  const listing = named.length === 0 ? "" : `: ${named.join("; ")}${more}`;
  return { ...end, outcome: "disapproved", reason: `the reviewer did not approve${listing}` };
}

/** Every issue of a reviewer, one a line, and its summary. */
export function reviewText(result: unknown): string {
  const { summary } = Object(result) as { summary?: unknown };
  const end = typeof summary === "string" && summary.trim() !== "" ? [summary.trim()] : [];
  return [...reviewIssues(result).map((issue) => `- ${issue}`), ...end].join("\n");
}

/** Each issue as `file:line: text`, as far as it says so. */
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
