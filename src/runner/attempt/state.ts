/**
 * What a run remembers of its units between attempts: earlier work, reviewed commits, results,
 * findings, and why an attempt may be rejected.
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { keepWork, removeWorktree } from "../../git/keep.ts";
import { keepRef } from "../../git/refs.ts";
import type { Action } from "../../kernel/action.ts";
import type { PhaseChange } from "../../kernel/state.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import { present } from "../../std/assert.ts";
import type { WorkerMessage } from "../../worker/protocol.ts";
import {
  type EarlierWork,
  type LiveAttempt,
  type Reviewed,
  type RunContext,
  record,
} from "../run-context.ts";
import type { Answer } from "../run-loop.ts";
import { taskToLand } from "./landing-task.ts";

/** Why an attempt may not land; `detail` is what the next one is told. */
export interface PendingRejection {
  verdict: string;
  reason: string;
  detail: string;
  gates?: unknown;
}

export class RunMemory {
  readonly #putBlob: (text: string) => string;
  readonly #earlier: Map<string, EarlierWork>;
  readonly #suspicions = new Map<string, PendingRejection & { attempt: number }>();
  /** Commit each unit landed as in this run or an earlier one. */
  readonly landed = new Map<string, string>();
  /** Results of read-only units, handed to their dependents. */
  readonly results = new Map<string, string>();
  /** Each unit's reviewed commit, and the base it was made on. */
  readonly reviewed = new Map<string, Reviewed>();
  /** What reviewers found in what had landed, by their unit. */
  readonly findings = new Map<string, string>();

  /** `earlier` is the kept work of earlier runs; `putBlob` stores a text and gives its digest. */
  constructor(earlier: ReadonlyMap<string, EarlierWork>, putBlob: (text: string) => string) {
    this.#earlier = new Map(earlier);
    this.#putBlob = putBlob;
  }

  /** Last rejected work of a unit: what its next attempt starts from. */
  earlier(unit: string): EarlierWork | undefined {
    return this.#earlier.get(unit);
  }

  /** Work was kept; it counts as abandoned until something else is said of it. */
  keep(unit: string, work: Omit<EarlierWork, "rejection">): void {
    this.#earlier.set(unit, { ...work, rejection: "the attempt was abandoned" });
  }

  /** The unit's work is on the target: nothing of an earlier attempt is to be gone on with. */
  hasLanded(unit: string, commit: string): void {
    this.landed.set(unit, commit);
    this.#earlier.delete(unit);
  }

  /** Remembers why an attempt may be rejected; it is recorded when the kernel says that it is. */
  suspect({ unit, attempt }: { unit: string; attempt: number }, why: PendingRejection): void {
    this.#suspicions.set(unit, { ...why, attempt });
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
      detail: this.#putBlob(why.detail),
      ref: work?.ref ?? null,
      ...(why.gates === undefined ? {} : { gates: why.gates }),
    };
    return [{ unit, attempt: why.attempt, type: "attempt.rejected", data }];
  }
}

// ------------------------------------------------------------
//  * The attempts whose directories are there: their work is kept before anything touches a directory
// again, and a directory goes only after that.

export class LiveAttempts {
  readonly #context: RunContext;
  readonly #memory: RunMemory;
  readonly #live = new Map<string, LiveAttempt>();
  readonly #removals = new Set<Promise<void>>();
  /** Units whose workers used a tool since somebody looked at their files. */
  readonly touched = new Set<string>();

  constructor(context: RunContext, memory: RunMemory) {
    this.#context = context;
    this.#memory = memory;
  }

  add(live: LiveAttempt): void {
    this.#live.set(live.unit, live);
  }

  /** The attempt an action is about, unless it is over. */
  find({ unit, attempt }: { unit: string; attempt: number }): LiveAttempt | null {
    const live = this.#live.get(unit);
    return live?.attempt === attempt ? live : null;
  }

  all(): Iterable<LiveAttempt> {
    return this.#live.values();
  }

  /** Commits what is in the directory to the attempt's keep-ref, and gives what to record of it. */
  async keep(live: LiveAttempt, at: string): Promise<Record<string, unknown>> {
    const c = this.#context;
    const { unit, attempt, tree } = live;
    const ref = keepRef(c.run, unit, attempt);
    const { commit, omitted, changes } = await keepWork(c.repository, tree, {
      ref,
      message: `Kept work of ${unit}, attempt ${attempt}`,
      identity: c.identity,
      date: at,
      bytesMax: c.config.worktree.keepMibMax * 1024 * 1024,
    });
    live.changes = changes;
    this.#memory.keep(unit, { attempt, ref, commit, base: tree.base });
    return { ref, commit, omitted, base: tree.base };
  }

  /** The directory goes; what was in it is kept. Not worth waiting for. */
  remove(live: LiveAttempt): void {
    this.#live.delete(live.unit);
    this.#removals.add(this.#removeKept(live));
  }

  async #removeKept(live: LiveAttempt): Promise<void> {
    const c = this.#context;
    const proof = { keptRef: keepRef(c.run, live.unit, live.attempt) };
    try {
      await removeWorktree(c.repository, live.tree, proof);
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
      const kept = await this.keep(live, at);
      const { unit, attempt } = live;
      record(this.#context, { unit, attempt, type: "attempt.kept", data: kept });
      this.remove(live);
    }
    await Promise.all(this.#removals);
  }
}

// ------------------------------------------------------------
//  * The attempts of a run, as those who perform something of them hold them: `attempt/prepare.ts`,
// `attempt/work.ts` and `attempt/review.ts` do what the kernel asks for, in that order.

/** An action by its type. */
export type ActionOf<T extends Action["type"]> = Extract<Action, { type: T }>;

export interface Attempts {
  context: RunContext;
  memory: RunMemory;
  live: LiveAttempts;
}

/** The attempts of a run that has none yet. */
export function openAttempts(context: RunContext): Attempts {
  const memory = new RunMemory(context.earlier, (text) => context.log.putBlob(text));
  return { context, memory, live: new LiveAttempts(context, memory) };
}

/** What an attempt is about: its unit's task, or the mending of what its unit judged. */
export function taskOf(context: RunContext, { unit, fixing }: LiveAttempt): CompiledTask {
  return fixing ? taskToLand(context, unit) : present(context.tasks.get(unit), `task of ${unit}`);
}

// ------------------------------------------------------------
//  * What a conversation that used up its turns hands to the one that goes on: what it did, told from its
// tool calls, and its last words. Bounded, whatever it did.

/** Calls told of, the last ones; characters of the last words and of one call. */
const callsMax = 60;
const wordsCharsMax = 4000;
const callCharsMax = 200;

/** Listens to a worker and tells afterwards what it did. */
export class ForkSummary {
  readonly #calls: string[] = [];
  readonly #pending = new Map<string, string>();
  #count = 0;
  #turns = 0;
  #words = "";

  /** Takes in one message of the worker. */
  observe(message: WorkerMessage): void {
    if (message.type === "turn.started") this.#turns++;
    if (message.type === "thought" && message.text.trim() !== "") this.#words = message.text;
    if (message.type === "call") this.#pending.set(message.callId, briefly(message.args));
    if (message.type !== "result") return;
    const args = this.#pending.get(message.callId) ?? "";
    this.#pending.delete(message.callId);
    this.#count++;
    this.#calls.push(
      `- ${message.tool} ${args}: ${message.ok ? "ok" : (message.errorKind ?? "failed")}`,
    );
    if (this.#calls.length > callsMax) this.#calls.shift();
  }

  /** The account, oldest first. */
  text(): string {
    const left = this.#count - this.#calls.length;
    return [
      `${this.#turns} turns, ${this.#count} tool calls${left > 0 ? `; the last ${this.#calls.length}` : ""}:`,
      ...this.#calls,
      ...(this.#words === "" ? [] : ["", `Its last words: ${this.#words.slice(0, wordsCharsMax)}`]),
    ].join("\n");
  }
}

/** Which file, which command, which words: texts of a call's arguments on one line, long ones cut. */
function briefly(args: unknown): string {
  const texts = Object.entries(Object(args) as Record<string, unknown>)
    .filter(([name]) => !bulky.has(name))
    .map(([, value]) => (typeof value === "string" ? value : JSON.stringify(value)));
  return texts.join(" ").replace(/\s+/g, " ").slice(0, callCharsMax);
}

/** Arguments whose text stands in the files now. */
const bulky: ReadonlySet<string> = new Set(["content", "old_text", "new_text", "patch", "summary"]);
