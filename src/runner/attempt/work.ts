/** Runs an attempt's worker: what it is told, one conversation, what is kept and recorded of its end. */

import { diffText } from "../../git/snapshot.ts";
import { cutText, patchBetween } from "../../git/trees.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import { faultPoint } from "../../process/fault-injection.ts";
import { processStart } from "../../process/tree.ts";
import { present } from "../../std/assert.ts";
import { snakeCase } from "../../std/case.ts";
import { type LiveAttempt, type RunContext, record } from "../run-context.ts";
import type { Answer } from "../run-loop.ts";
import { assemblePrompt, entriesFor, promptDiffBytesMax } from "./prompt.ts";
import { readOnlyOutcome, reviewFindings } from "./review.ts";
import { type ActionOf, type Attempts, taskOf } from "./state.ts";
import { handleWorkerMessage, runWorker, type WorkerEnd, workerRequest } from "./worker.ts";

/** Bytes of a read-only unit's result that are recorded and handed on. */
const resultBytesMax = 32 * 1024;

/** Answers when the worker is dead and its work is kept; null when the attempt is over already. */
export async function performWork(
  attempts: Attempts,
  action: ActionOf<"worker.start">,
  at: string,
): Promise<Answer | null> {
  const live = attempts.live.find(action);
  if (live === null) return null;
  const { unit, attempt, fork } = action;
  const task = taskOf(attempts.context, live);
  const end = await converse(attempts, live, fork);
  const records =
    task.role === "worker"
      ? await keepWorkOf(attempts, live, { end, at })
      : recordResult(attempts, live, { end, task });
  const forking = end.outcome === "exhausted" && fork < task.maxForkDepth;
  const reviewed = task.role === "worker" && end.outcome === "complete";
  if (!forking && !reviewed) attempts.live.remove(live);
  const { outcome, reason } = end;
  return { event: { type: "worker.exited", unit, attempt, fork, outcome, reason }, records };
}

/** One conversation, from the prompt to the death of the process. */
async function converse(attempts: Attempts, live: LiveAttempt, fork: number): Promise<WorkerEnd> {
  const c = attempts.context;
  const { unit, attempt } = live;
  if (c.byHand.has(unit)) return workByHand(live);
  const { provider, model } = present(c.models.get(unit), `model of ${unit}`);
  const task = taskOf(c, live);
  const prompt = await promptOf(attempts, live, fork);
  const end = await runWorker({
    request: workerRequest(c, { task, live, fork, prompt }),
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
      if (message.type === "result") attempts.live.touched.add(unit);
      live.heard.observe(message);
      handleWorkerMessage(c, live, message, reply);
    },
  });
  c.permits.release(provider.name, live.marker);
  return task.role === "worker" ? end : readOnlyOutcome(task.role, end);
}

async function promptOf(
  { context: c, memory }: Attempts,
  live: LiveAttempt,
  fork: number,
): Promise<string> {
  const task = taskOf(c, live);
  const judged = task.role === "worker" ? [] : [...task.dependsOn, task.id];
  return assemblePrompt({
    plan: c.plan,
    task,
    attempt: live.attempt,
    fork,
    earlier: live.earlier,
    notes: [...(c.notes.get(task.id) ?? [])],
    ledger: entriesFor(c.ledger, task),
    baselineNotes: c.baselineNotes,
    results: valuesOf(memory.results, task.dependsOn).map(([unit, text]) => ({ unit, text })),
    findings: live.fixing ? (memory.findings.get(task.id) ?? null) : null,
    diffs: await landedDiffs(c, valuesOf(memory.landed, judged)),
    handover: fork === 0 ? null : await handoverOf(c, live, task),
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

/** What the conversations before a fork did, and the change they left; new files are part of it (E13). */
async function handoverOf(
  { repository }: RunContext,
  { tree, heard }: LiveAttempt,
  { role }: CompiledTask,
): Promise<{ account: string; diff: string | null }> {
  const bytesMax = promptDiffBytesMax;
  const diff = role === "worker" ? await diffText(repository, tree, { bytesMax }) : null;
  return { account: heard.text(), diff };
}

async function keepWorkOf(
  { live: attempts, memory }: Attempts,
  live: LiveAttempt,
  { end, at }: { end: WorkerEnd; at: string },
): Promise<NonNullable<Answer["records"]>> {
  const { unit, attempt } = live;
  const kept = await attempts.keep(live, at);
  const { outcome, reason } = end;
  if (outcome !== "complete") memory.suspect(live, { verdict: outcome, reason, detail: reason });
  return [{ unit, attempt, type: "attempt.kept", data: kept }];
}

/** A read-only unit's answer, with the commits it was given for. */
function recordResult(
  { memory }: Attempts,
  { unit, attempt }: LiveAttempt,
  { end, task }: { end: WorkerEnd; task: CompiledTask },
): NonNullable<Answer["records"]> {
  const { outcome, reason } = end;
  const given = end.result ?? null;
  const text = typeof given === "string" ? given : JSON.stringify(snakeCase(given));
  const result = cutText(Buffer.from(text), resultBytesMax);
  if (outcome === "complete") memory.results.set(unit, result);
  if (outcome === "disapproved") {
    const detail = reviewFindings(end.result);
    memory.findings.set(unit, detail);
    memory.suspect({ unit, attempt }, { verdict: outcome, reason, detail });
  }
  const inputs = Object.fromEntries(valuesOf(memory.landed, task.dependsOn));
  return [{ unit, attempt, type: "unit.result", data: { result, outcome, inputs } }];
}

/** The entries of those units that have one, in their order. */
function valuesOf(map: ReadonlyMap<string, string>, units: readonly string[]): [string, string][] {
  return units.flatMap((unit): [string, string][] => {
    const value = map.get(unit);
    return value === undefined ? [] : [[unit, value]];
  });
}

/** Work done by hand is complete, unless the target left some of it out. */
function workByHand(live: LiveAttempt): WorkerEnd {
  const conflicted = live.earlier?.conflicted ?? [];
  if (conflicted.length === 0) return { outcome: "complete", reason: "", result: null };
  const reason = `conflicts with the target in ${conflicted.join(", ")}; take it again`;
  return { outcome: "blocked", reason, result: null };
}
