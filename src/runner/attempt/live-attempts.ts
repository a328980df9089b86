/**
 * The attempts whose directories are there: their work is kept before anything touches a directory
 * again, and a directory goes only after that.
 */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { keepWork } from "../../git/keep.ts";
import { keepRef } from "../../git/refs.ts";
import { removeAttemptTree } from "../../git/worktree.ts";
import { type LiveAttempt, type RunContext, record } from "../context.ts";
import type { Memory } from "./memory.ts";

export class LiveAttempts {
  readonly #context: RunContext;
  readonly #memory: Memory;
  readonly #live = new Map<string, LiveAttempt>();
  readonly #removals = new Set<Promise<void>>();
  /** Units whose workers used a tool since somebody looked at their files. */
  readonly touched = new Set<string>();

  constructor(context: RunContext, memory: Memory) {
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
      const kept = await this.keep(live, at);
      const { unit, attempt } = live;
      record(this.#context, { unit, attempt, type: "attempt.kept", data: kept });
      this.remove(live);
    }
    await Promise.all(this.#removals);
  }
}
