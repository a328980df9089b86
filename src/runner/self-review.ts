/** A clean-context reviewer reads an attempt's change before settlement: its verdict, or that there is none. */
import { diffText, tampering } from "../git/snapshot.ts";
import { renewOwnGitDir } from "../git/worktree.ts";
import type { CompiledTask } from "../plan/compiled.ts";
import { present } from "../std/assert.ts";
import type { LiveAttempt, RunContext } from "./context.ts";
import { promptDiffBytesMax, selfReviewPrompt } from "./prompt.ts";
import { findingsIn, readOnlyOutcome } from "./read-only.ts";
import { onWorkerMessage } from "./telemetry.ts";
import { runWorker, type WorkerEnd } from "./worker-process.ts";
import { workerRequest } from "./worker-request.ts";

/** Conversations with a reviewer that fell over without having said anything of the change. */
const triesMax = 2;

export interface SelfVerdict {
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
): Promise<SelfVerdict> {
  const tampered = await tampering(live.tree);
  if (tampered !== null) return { approved: false, reason: tampered, detail: tampered };
  // What the worker's git was told to run (filters, drivers) must not run for a role that only reads.
  renewOwnGitDir(c.repository, live.tree, { identity: c.identity, filters: c.filters });
  const diff = await diffText(c.repository, live.tree, { bytesMax: promptDiffBytesMax });
  const prompt = selfReviewPrompt({ task, attempt: live.attempt, diff });
  let end = await ask(c, { live, task, prompt });
  for (let tries = 1; tries < triesMax && fell(end) && !live.abort.signal.aborted; tries++) {
    end = await ask(c, { live, task, prompt });
  }
  const verdict = readOnlyOutcome("reviewer", end);
  if (verdict.outcome === "complete") return { approved: true, reason: "", detail: "" };
  if (verdict.outcome === "disapproved") {
    const detail = `The reviewer of your change did not approve of it:\n${findingsIn(end.result)}`;
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
    onMessage: (message, reply) => onWorkerMessage(c, live, message, reply),
  });
  const model = present(c.models.get(live.unit), `model of ${live.unit}`);
  c.permits.release(model.provider.name, live.marker);
  return end;
}

/** It said nothing of the change: the process or the provider failed it. */
function fell({ outcome }: WorkerEnd): boolean {
  return outcome === "crashed" || outcome === "provider_failed";
}
