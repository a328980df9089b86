/**
 * Performs what happens to one attempt: worktree, worker, review.
 *
 * Work is committed to the attempt's keep-ref as soon as its processes are dead, before anything
 * touches its directory again; the directory goes only after that.
 */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { DgovError } from "../error.ts";
import { cutText, patchBetween } from "../git/diff.ts";
import { keepWork } from "../git/keep.ts";
import { keepRef } from "../git/refs.ts";
import { branchTip, isAncestor } from "../git/revisions.ts";
import { diffText } from "../git/snapshot.ts";
import { createAttemptTree, removeAttemptTree, replayWork } from "../git/worktree.ts";
import type { Action } from "../kernel/action.ts";
import type { PhaseChange } from "../kernel/draft.ts";
import type { Event } from "../kernel/event.ts";
import type { CompiledTask } from "../plan/compiled.ts";
import { faultPoint } from "../process/fault.ts";
import { processStart } from "../process/tree.ts";
import { prepareDependencies } from "../settlement/dependencies.ts";
import { reviewAttempt } from "../settlement/review.ts";
import { present } from "../std/assert.ts";
import {
  type EarlierWork,
  type LiveAttempt,
  markerOf,
  type Reviewed,
  type RunContext,
  record,
} from "./context.ts";
import { Handover } from "./handover.ts";
import { entriesFor } from "./ledger.ts";
import { landingTask, mendedUnits } from "./mending.ts";
import { attemptPlace } from "./places.ts";
import type { Answer } from "./ports.ts";
import { assemblePrompt } from "./prompt.ts";
import { findingsIn, readOnlyOutcome } from "./read-only.ts";
import { selfReview } from "./self-review.ts";
import { onWorkerMessage } from "./telemetry.ts";
import { runWorker, type WorkerEnd } from "./worker-process.ts";
import { workerRequest } from "./worker-request.ts";

/** Bytes of a diff that goes into a prompt. */
const diffBytesMax = 64 * 1024;
/** Bytes of a read-only unit's result that are recorded and handed on. */
const resultBytesMax = 32 * 1024;

type Of<T extends Action["type"]> = Extract<Action, { type: T }>;

export class Attempts {
  readonly #context: RunContext;
  readonly #live = new Map<string, LiveAttempt>();
  /** Last rejected work of each unit: what the next attempt starts from. */
  readonly #earlier = new Map<string, EarlierWork>();
  /** Commit each unit landed as in this run or an earlier one. */
  readonly landed = new Map<string, string>();
  /** Results of read-only units, handed to their dependents. */
  readonly results = new Map<string, string>();
  /** Each unit's reviewed commit, and the base it was made on. */
  readonly reviewed = new Map<string, Reviewed>();
  /** Units whose workers used a tool since somebody looked at their files. */
  readonly touched = new Set<string>();

  constructor(context: RunContext) {
    this.#context = context;
    for (const [unit, work] of context.earlier) this.#earlier.set(unit, work);
  }

  /** The unit's work is on the target: nothing of an earlier attempt is to be gone on with. */
  hasLanded(unit: string, commit: string): void {
    this.landed.set(unit, commit);
    this.#earlier.delete(unit);
  }

  /** Attempts whose directories are there. */
  live(): Iterable<LiveAttempt> {
    return this.#live.values();
  }

  async prepare(action: Of<"attempt.prepare">): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt } = action;
    const failed = (reason: string, retriable: boolean): Answer => ({
      event: { type: "attempt.unprepared", unit, attempt, reason, retriable },
    });
    const task = present(c.tasks.get(unit), `task of ${unit}`);
    const base = await branchTip(c.repository, c.target);
    if (base === null) return failed(`the branch ${c.target} is gone`, false);
    for (const dependency of task.dependsOn) {
      const commit = this.landed.get(dependency);
      if (commit !== undefined && !(await isAncestor(c.repository, commit, base))) {
        return failed(
          `dependency_lost: ${dependency} (${commit.slice(0, 10)}) is no longer on ${c.target}`,
          false,
        );
      }
    }
    try {
      const place = attemptPlace(c.places, { run: c.run, unit, attempt });
      const tree = await createAttemptTree(c.repository, {
        ...place,
        base,
        identity: c.identity,
        filters: c.filters,
      });
      const abort = new AbortController();
      c.signal.addEventListener("abort", () => abort.abort(), { once: true });
      const live: LiveAttempt = {
        unit,
        attempt,
        marker: markerOf(c.run, unit, attempt),
        tree,
        fixing: action.fixing,
        earlier: null,
        changes: null,
        abort,
      };
      const work = this.#earlier.get(unit);
      const writes = task.role === "worker" || live.fixing;
      if (work !== undefined && writes) live.earlier = await this.#replay(live, work);
      if (writes) {
        const ready = await prepareDependencies(c.settlement, {
          path: tree.path,
          marker: live.marker,
          signal: abort.signal,
        });
        if (!ready.ok) {
          this.#remove(live);
          return failed(`setup failed: ${ready.reason}`, false);
        }
      }
      this.#live.set(unit, live);
      return { event: { type: "attempt.prepared", unit, attempt, base } };
    } catch (error) {
      if (!(error instanceof DgovError) || error.code === "INTERNAL") throw error;
      return failed(error.message, true);
    }
  }

  /** Earlier work back into the worktree, left uncommitted. */
  async #replay(live: LiveAttempt, work: EarlierWork): Promise<LiveAttempt["earlier"]> {
    const c = this.#context;
    const earlier = {
      attempt: work.attempt,
      rejection: work.rejection,
      conflicted: [] as string[],
      conflictedDiff: "",
    };
    if (work.commit === null || work.base === null) return earlier;
    const { conflicted } = await replayWork(c.repository, live.tree, {
      work: work.commit,
      workBase: work.base,
    });
    if (conflicted.length > 0) {
      earlier.conflicted = conflicted;
      earlier.conflictedDiff = await patchBetween(c.repository, work.base, work.commit, {
        bytesMax: diffBytesMax,
      });
    }
    return earlier;
  }

  async work(action: Of<"worker.start">, at: string): Promise<Answer | null> {
    const c = this.#context;
    const live = this.#live.get(action.unit);
    if (live === undefined || live.attempt !== action.attempt) return null;
    const task = this.#taskOf(live);
    if (c.byHand.has(action.unit)) return this.#ended(action, live, workByHand(live), at);
    const model = present(c.models.get(action.unit), `model of ${action.unit}`);
    const heard = this.#listenTo(live, action.fork);
    const prompt = assemblePrompt({
      plan: c.plan,
      task,
      attempt: action.attempt,
      fork: action.fork,
      earlier: live.earlier,
      notes: [...(c.notes.get(task.id) ?? [])],
      ledger: entriesFor(c.ledger, task),
      baselineNotes: c.baselineNotes,
      results: task.dependsOn.flatMap((unit) => {
        const text = this.results.get(unit);
        return text === undefined ? [] : [{ unit, text }];
      }),
      findings: live.fixing ? (this.#findings.get(task.id) ?? null) : null,
      diffs: task.role === "worker" ? [] : await this.#landedDiffs([...task.dependsOn, task.id]),
      handover: action.fork === 0 ? null : await this.#handover(live, task, heard),
    });
    const request = workerRequest(c, { task, live, fork: action.fork, prompt });
    const end = await runWorker({
      request,
      command: c.workerCommand,
      environment: c.workerEnvironment,
      timeoutMs: task.timeoutS * 1000,
      signal: live.abort.signal,
      onStart: (pid) => {
        record(c, {
          unit: live.unit,
          attempt: live.attempt,
          type: "worker.started",
          data: {
            pid,
            start: processStart(pid),
            fork: action.fork,
            model: model.model,
            provider: model.provider.name,
          },
        });
        faultPoint("worker.started");
      },
      onMessage: (message, reply) => {
        if (message.type === "result") this.touched.add(live.unit);
        heard.observe(message);
        onWorkerMessage(c, live, message, reply);
      },
    });
    c.permits.release(model.provider.name, live.marker);
    return this.#ended(
      action,
      live,
      task.role === "worker" ? end : readOnlyOutcome(task.role, end),
      at,
    );
  }

  /** Who listens to an attempt's conversations, all of its forks. */
  #listenTo({ unit }: LiveAttempt, fork: number): Handover {
    const heard = (fork === 0 ? undefined : this.#heard.get(unit)) ?? new Handover();
    this.#heard.set(unit, heard);
    return heard;
  }

  readonly #heard = new Map<string, Handover>();

  /** What the conversations before a fork did, and the change they left; new files are part of it (E13). */
  async #handover(
    live: LiveAttempt,
    { role }: CompiledTask,
    heard: Handover,
  ): Promise<{ account: string; diff: string | null }> {
    const { repository } = this.#context;
    const changes = role === "worker";
    const diff = changes ? await diffText(repository, live.tree, { bytesMax: diffBytesMax }) : null;
    return { account: heard.text(), diff };
  }

  async #ended(
    action: Of<"worker.start">,
    live: LiveAttempt,
    end: WorkerEnd,
    at: string,
  ): Promise<Answer> {
    const { unit, attempt } = action;
    const task = this.#taskOf(live);
    const records: NonNullable<Answer["records"]> = [];
    if (task.role === "worker") {
      const kept = await this.#keep(live, at);
      records.push({ unit, attempt, type: "attempt.kept", data: kept });
      if (end.outcome !== "complete") {
        const { outcome: verdict, reason } = end;
        this.suspect(action, { verdict, reason, detail: reason });
      }
    } else {
      const text = typeof end.result === "string" ? end.result : JSON.stringify(end.result ?? null);
      const result = cutText(Buffer.from(text), resultBytesMax);
      if (end.outcome === "complete") this.results.set(unit, result);
      if (end.outcome === "disapproved") {
        const detail = findingsIn(end.result);
        this.#findings.set(unit, detail);
        this.suspect(action, { verdict: "disapproved", reason: end.reason, detail });
      }
      records.push({
        unit,
        attempt,
        type: "unit.result",
        data: { result, outcome: end.outcome, inputs: this.#inputs(task.dependsOn) },
      });
    }
    const forking = end.outcome === "exhausted" && action.fork < task.maxForkDepth;
    if (!forking && (task.role !== "worker" || end.outcome !== "complete")) this.#remove(live);
    const event: Event = {
      type: "worker.exited",
      unit,
      attempt,
      fork: action.fork,
      outcome: end.outcome,
      reason: end.reason,
    };
    return { event, records };
  }

  /** What an attempt is about: its unit's task, or the mending of what its unit judged. */
  #taskOf({ unit, fixing }: LiveAttempt): CompiledTask {
    const c = this.#context;
    return fixing ? landingTask(c, unit) : present(c.tasks.get(unit), `task of ${unit}`);
  }

  async #keep(live: LiveAttempt, at: string): Promise<Record<string, unknown>> {
    const c = this.#context;
    const ref = keepRef(c.run, live.unit, live.attempt);
    const { commit, omitted, changes } = await keepWork(c.repository, live.tree, {
      ref,
      message: `Kept work of ${live.unit}, attempt ${live.attempt}`,
      identity: c.identity,
      date: at,
      bytesMax: c.config.worktree.keepMibMax * 1024 * 1024,
    });
    live.changes = changes;
    this.#earlier.set(live.unit, {
      attempt: live.attempt,
      rejection: "the attempt was abandoned",
      ref,
      commit,
      base: live.tree.base,
    });
    return { ref, commit, omitted, base: live.tree.base };
  }

  /** Remembers why an attempt may be rejected; it is recorded when the kernel says that it is. */
  suspect(of: { unit: string; attempt: number }, why: Suspicion): void {
    this.#suspicions.set(of.unit, { ...of, ...why });
  }

  /** The attempt is over and did not land: its evidence, for everybody and for the next prompt. */
  evidence({ unit, to }: PhaseChange): NonNullable<Answer["records"]> {
    if (to === "landed" || to === "done") this.#suspicions.delete(unit);
    if (to !== "waiting" && to !== "failed" && to !== "timed_out") return [];
    const why = this.#suspicions.get(unit);
    if (why === undefined) return [];
    this.#suspicions.delete(unit);
    const work = this.#earlier.get(unit);
    if (work !== undefined) this.#earlier.set(unit, { ...work, rejection: why.detail });
    const data = {
      verdict: why.verdict,
      reason: why.reason,
      detail: this.#context.log.putBlob(why.detail),
      ref: work?.ref ?? null,
      ...(why.gates === undefined ? {} : { gates: why.gates }),
    };
    return [{ unit, attempt: why.attempt, type: "attempt.rejected", data }];
  }

  /** What reviewers found in what had landed, by their unit. */
  readonly #findings = new Map<string, string>();
  readonly #suspicions = new Map<string, Suspicion & { unit: string; attempt: number }>();

  /** A clean-context reviewer reads the diff; what it finds goes back with the next attempt. */
  async selfReview(action: Of<"self_review.start">): Promise<Answer | null> {
    const { unit, attempt } = action;
    const live = this.#live.get(unit);
    if (live === undefined || live.attempt !== attempt) return null;
    const { approved, reason, detail } = await selfReview(this.#context, live, this.#taskOf(live));
    if (!approved) {
      this.suspect(action, { verdict: "self_review", reason, detail });
      this.#remove(live);
    }
    return { event: { type: "self_review.finished", unit, attempt, approved, reason } };
  }

  async review(action: Of<"attempt.review">, at: string): Promise<Answer | null> {
    const c = this.#context;
    const { unit, attempt } = action;
    const live = this.#live.get(unit);
    if (live === undefined || live.attempt !== attempt) return null;
    const task = this.#taskOf(live);
    const outcome = await reviewAttempt(c.settlement, {
      tree: live.tree,
      claims: task.claims,
      message: commitMessage(c, task.id),
      date: at,
      marker: live.marker,
      unitSummary: task.summary,
      changes: live.changes,
    });
    // Autofix and hooks may have changed files since the work was kept.
    if (outcome.touched) await this.#keep(live, at);
    this.#remove(live);
    if (outcome.passed) {
      this.reviewed.set(unit, { attempt, base: live.tree.base, commit: outcome.commit });
      return {
        event: {
          type: "review.finished",
          unit,
          attempt,
          passed: true,
          commit: outcome.commit,
          tree: outcome.tree,
        },
        records:
          outcome.autofixed.length === 0
            ? []
            : [{ unit, attempt, type: "attempt.autofixed", data: { paths: outcome.autofixed } }],
      };
    }
    this.suspect(action, outcome);
    return {
      event: {
        type: "review.finished",
        unit,
        attempt,
        passed: false,
        verdict: outcome.verdict,
        reason: outcome.reason,
        retriable: outcome.retriable,
      },
    };
  }

  /** Kills the worker; its `worker.start` answers when it is dead. */
  stop(action: Of<"worker.stop">): void {
    const live = this.#live.get(action.unit);
    if (live?.attempt === action.attempt) live.abort.abort();
  }

  /** Commits a read-only unit's answer was given for. */
  #inputs(dependencies: string[]): Record<string, string> {
    return Object.fromEntries(
      dependencies.flatMap((unit) => {
        const commit = this.landed.get(unit);
        return commit === undefined ? [] : [[unit, commit]];
      }),
    );
  }

  async #landedDiffs(units: string[]): Promise<{ unit: string; text: string }[]> {
    const c = this.#context;
    const diffs: { unit: string; text: string }[] = [];
    for (const unit of units) {
      const commit = this.landed.get(unit);
      if (commit === undefined) continue;
      const text = await patchBetween(c.repository, `${commit}^`, commit, {
        bytesMax: diffBytesMax,
      });
      diffs.push({ unit, text });
    }
    return diffs;
  }

  /** The directory goes; what was in it is kept. Not worth waiting for. */
  #remove(live: LiveAttempt): void {
    this.#live.delete(live.unit);
    this.#removals.add(this.#removeKept(live));
  }

  async #removeKept(live: LiveAttempt): Promise<void> {
    const c = this.#context;
    const proof = { keptRef: keepRef(c.run, live.unit, live.attempt) };
    try {
      await removeAttemptTree(c.repository, live.tree, proof);
      rmSync(dirname(live.tree.path), { recursive: true, force: true });
    } catch (error) {
      const { run, plan } = c;
      const text = `${live.tree.path} was not removed: ${error instanceof Error ? error.message : error}`;
      const of = { run, plan: plan.name, unit: live.unit, attempt: live.attempt };
      c.log.note({ ...of, type: "warning", data: { text } });
    }
  }

  /** Keeps and removes what an interrupted run left, and waits for removals under way. */
  async close(at: string): Promise<void> {
    for (const live of [...this.#live.values()]) {
      const kept = await this.#keep(live, at);
      record(this.#context, {
        unit: live.unit,
        attempt: live.attempt,
        type: "attempt.kept",
        data: kept,
      });
      this.#remove(live);
    }
    await Promise.all(this.#removals);
  }

  readonly #removals = new Set<Promise<void>>();
}

/** Why an attempt may not land; `detail` is what the next one is told. */
export interface Suspicion {
  verdict: string;
  reason: string;
  detail: string;
  gates?: unknown;
}

/** Work done by hand is complete, unless the target left some of it out. */
function workByHand(live: LiveAttempt): WorkerEnd {
  const conflicted = live.earlier?.conflicted ?? [];
  if (conflicted.length === 0) return { outcome: "complete", reason: "", result: null };
  const reason = `conflicts with the target in ${conflicted.join(", ")}; take it again`;
  return { outcome: "blocked", reason, result: null };
}

/** The commit message of a unit with the trailers that identify it between runs. */
export function commitMessage(context: RunContext, unit: string): string {
  const own = present(context.tasks.get(unit), `task of ${unit}`);
  const task = landingTask(context, unit);
  const identity =
    own.role === "reviewer"
      ? mendedUnits(context.tasks, own).map(({ id }) => `Dgov-Fixes: ${id}`)
      : [`Dgov-Unit: ${task.id}`, `Dgov-Digest: ${task.digest}`];
  const trailers = [`Dgov-Plan: ${context.plan.name}`, ...identity, `Dgov-Run: ${context.run}`];
  return `${task.commitMessage.trim()}\n\n${trailers.join("\n")}\n`;
}
