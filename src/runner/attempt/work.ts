/** Performs `worker.start`: one conversation with a worker, from its prompt to its kept work. */

import { cutText, patchBetween } from "../../git/trees.ts";
import { diffText } from "../../git/worktrees/snapshot.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import { faultPoint } from "../../process/fault-injection.ts";
import { processStart } from "../../process/tree.ts";
import { present } from "../../std/assert.ts";
import { snakeCase } from "../../std/case.ts";
import { redBaseNotes } from "../base-gates.ts";
import type { RunRecord } from "../records.ts";
import { type RunContext, record } from "../run-context.ts";
import type { ActionOf, Answer } from "../run-loop.ts";
import { attemptTask } from "./landing-task.ts";
import { assemblePrompt, entriesFor, promptDiffBytesMax } from "./prompt.ts";
import { readOnlyOutcome, reviewText } from "./review.ts";
import type { LiveAttempt } from "./state.ts";
import { handleWorkerMessage, runWorker, type WorkerEnd, workerRequest } from "./worker.ts";
import { endAttempt, keepAttempt } from "./worktree.ts";

/** Bytes of a read-only unit's result that are recorded and given to its dependents. */
const resultBytesMax = 32 * 1024;

/** Answers when the worker has ended and its work is kept; null when the attempt is over already. */
export async function performWork(
  c: RunContext,
  action: ActionOf<"worker.start">,
  at: string,
): Promise<Answer | null> {
  const live = c.attempts.find(action);
  if (live === null) return null;
  const { unit, attempt, fork } = action;
  const task = attemptTask(c, live);
  const end = await runConversation(c, live, fork);
  const records =
    task.role === "worker"
      ? await keepWorkOf(c, live, { end, at })
      : recordResult(c, live, { end, task });
  const forking = end.outcome === "exhausted" && fork < task.maxForkDepth;
  const reviewed = task.role === "worker" && end.outcome === "complete";
  if (!forking && !reviewed) endAttempt(c, live);
  const { outcome, reason } = end;
  records.push(...operatorDecisions(c, live));
  return { event: { type: "worker.exited", unit, attempt, fork, outcome, reason }, records };
}

/** One conversation, from the prompt to the death of the process. */
async function runConversation(c: RunContext, live: LiveAttempt, fork: number): Promise<WorkerEnd> {
  const { unit, attempt } = live;
  if (c.takenOver.has(unit)) return takenOverEnd(live);
  if (fork === 0 && needsNoWorker(c, live))
    return { ...workDone, reason: "it passed the gates before" };
  const { provider, model } = present(c.models.get(unit), `${unit} has a model`);
  const task = attemptTask(c, live);
  const prompt = await promptOf(c, live, fork);
  const conversation = runWorker({
    request: await workerRequest(c, { task, live, fork, prompt }),
    command: c.workerCommand,
    environment: c.workerEnvironment,
    timeoutMs: task.timeoutS * 1000,
    signal: live.abort.signal,
    onStart: (pid) => {
      const data = { pid, start: processStart(pid), fork, model, provider: provider.name };
      record(c, { unit, attempt, type: "worker.started", data });
      faultPoint("worker.started");
    },
    onMessage: (message, reply) => {
      if (message.type === "result") c.attempts.touched.add(unit);
      live.summary.observe(message);
      handleWorkerMessage(c, live, message, reply);
    },
  });
  const end = await conversation.finally(() => c.rateLimiter.release(provider.name, live.marker));
  return task.role === "worker" ? end : readOnlyOutcome(task.role, end);
}

/** Records of what the operator allows in the work of this attempt: findings, and paths beyond its claims. */
function operatorDecisions({ takenOver }: RunContext, of: LiveAttempt): RunRecord[] {
  const { unit, attempt } = of;
  const { accepted = [], claims = [], commit = null } = takenOver.get(unit) ?? {};
  const record = (type: string, data: object): RunRecord => {
    return { unit, attempt, type, data: { ...data, commit } };
  };
  return [
    ...accepted.map((finding) => record("finding.accepted", finding)),
    ...(claims.length === 0 ? [] : [record("claims.widened", { claims })]),
  ];
}

const workDone: WorkerEnd = { outcome: "complete", reason: "", result: null };

/** True for an attempt that starts from work which only waited for a checkout, applies, and has no new note. */
function needsNoWorker({ memory, notes }: RunContext, { unit, earlier }: LiveAttempt): boolean {
  const applies = earlier?.kept === true && earlier.conflicted.length === 0;
  return applies && memory.earlier(unit)?.passed === true && !notes.has(unit);
}

/** The end of an operator's own work: complete, unless it conflicts with the target. */
function takenOverEnd(live: LiveAttempt): WorkerEnd {
  const conflicted = live.earlier?.conflicted ?? [];
  if (conflicted.length === 0) return workDone;
  const reason = `conflicts with the target in ${conflicted.join(", ")}; run dgov take again`;
  return { outcome: "blocked", reason, result: null };
}

async function promptOf(c: RunContext, live: LiveAttempt, fork: number): Promise<string> {
  const { memory } = c;
  const task = attemptTask(c, live);
  const judged = task.role === "worker" ? [] : [...task.dependsOn, task.id];
  return assemblePrompt({
    plan: c.plan,
    task,
    attempt: live.attempt,
    fork,
    earlier: live.earlier,
    notes: [...(c.notes.get(task.id) ?? [])],
    ledger: entriesFor(c.ledger, task),
    redBaseNotes: redBaseNotes(c.baseGates),
    results: entriesOf(memory.results, task.dependsOn).map(([unit, text]) => ({ unit, text })),
    issues: live.fixing ? (memory.issues.get(task.id) ?? null) : null,
    diffs: await landedDiffs(c, entriesOf(memory.landed, judged)),
    previous: fork === 0 ? null : await previousConversations(c, live, task),
  });
}

async function landedDiffs(
  { repository }: RunContext,
  landed: [unit: string, commit: string][],
): Promise<{ unit: string; text: string }[]> {
  const diffs: { unit: string; text: string }[] = [];
  for (const [unit, commit] of landed) {
    const bytesMax = promptDiffBytesMax;
    diffs.push({ unit, text: await patchBetween(repository, `${commit}^`, commit, { bytesMax }) });
  }
  return diffs;
}

/** Summary of the conversations before a fork and the diff they left, new files included (E13). */
async function previousConversations(
  { repository }: RunContext,
  { tree, summary }: LiveAttempt,
  { role }: CompiledTask,
): Promise<{ summary: string; diff: string | null }> {
  const bytesMax = promptDiffBytesMax;
  const diff = role === "worker" ? await diffText(repository, tree, { bytesMax }) : null;
  return { summary: summary.text(), diff };
}

async function keepWorkOf(
  c: RunContext,
  live: LiveAttempt,
  { end, at }: { end: WorkerEnd; at: string },
): Promise<RunRecord[]> {
  const { unit, attempt } = live;
  const data = await keepAttempt(c, live, at);
  const { outcome, reason } = end;
  if (outcome !== "complete") {
    c.memory.setPendingRejection(live, { verdict: outcome, reason, detail: reason });
  }
  return [{ unit, attempt, type: "attempt.kept", data }];
}

/** Stores a read-only unit's result; its record names the commits that it was given for. */
function recordResult(
  { memory }: RunContext,
  { unit, attempt }: LiveAttempt,
  { end, task }: { end: WorkerEnd; task: CompiledTask },
): RunRecord[] {
  const { outcome, reason } = end;
  const answer = end.result ?? null;
  const text = typeof answer === "string" ? answer : JSON.stringify(snakeCase(answer));
  const result = cutText(Buffer.from(text), resultBytesMax);
  if (outcome === "complete") memory.results.set(unit, result);
  if (outcome === "disapproved") {
    const detail = reviewText(end.result);
    memory.issues.set(unit, detail);
    memory.setPendingRejection({ unit, attempt }, { verdict: outcome, reason, detail });
  }
  const inputs = Object.fromEntries(entriesOf(memory.landed, task.dependsOn));
  return [{ unit, attempt, type: "unit.result", data: { result, outcome, inputs } }];
}

/** The map's entries for these units, in the units' order. */
function entriesOf(map: ReadonlyMap<string, string>, units: readonly string[]): [string, string][] {
  return units.flatMap((unit): [string, string][] => {
    const value = map.get(unit);
    return value === undefined ? [] : [[unit, value]];
  });
}
