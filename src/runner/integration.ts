/**
 * Performs what happens to a reviewed commit: candidate, gates, landing.
 *
 * Landing is recorded before it is done, proven from git at that moment, and refused when git's
 * shared configuration changed while workers ran.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { writeClaimed } from "../claims/verdict.ts";
import { scopePolicy } from "../config/execution-policy.ts";
import { landCandidate } from "../git/land.ts";
import { buildCandidate } from "../git/merge.ts";
import { branchTip, candidateRef } from "../git/refs.ts";
import { describeFingerprintChange, repositoryFingerprint } from "../git/repository-fingerprint.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import { rejectionText } from "../settlement/rejection.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { present } from "../std/assert.ts";
import { commitMessage, taskToLand } from "./attempt/landing-task.ts";
import type { ActionOf, RunMemory } from "./attempt/state.ts";
import { recordLandings } from "./bookkeeping.ts";
import { scratchFolder } from "./paths.ts";
import { markerOf, type Reviewed, type RunContext, record } from "./run-context.ts";
import type { Answer } from "./run-loop.ts";

export class Integration {
  readonly #context: RunContext;
  readonly #memory: RunMemory;
  readonly #gateRuns = new Map<string, AbortController>();
  readonly #sharedBefore: string;
  #report: (answer: Answer) => void = () => {};
  #watch: ReturnType<typeof setInterval> | null = null;

  /** `sharedBefore` is git's shared state when the run started. */
  constructor(context: RunContext, memory: RunMemory, sharedBefore: string) {
    this.#context = context;
    this.#memory = memory;
    this.#sharedBefore = sharedBefore;
  }

  connect(report: (answer: Answer) => void): void {
    this.#report = report;
  }

  async build(action: ActionOf<"candidate.build">, at: string): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, onto } = action;
    const candidate = await buildCandidate(c.repository, {
      base: this.#reviewed(unit).base,
      commit: action.commit,
      onto,
      scratch: scratchFolder(c.places, c.run),
      message: commitMessage(c, unit),
      identity: c.identity,
      date: at,
      ref: candidateRef(c.run, car),
      sign: c.config.merge.sign,
    });
    if (candidate.kind === "built") {
      const { commit, tree } = candidate;
      return { event: { type: "candidate.built", unit, attempt, car, onto, commit, tree } };
    }
    const reason =
      candidate.kind === "empty"
        ? "the target already has this change"
        : `conflicts with what landed meanwhile in ${candidate.paths.map((p) => p.path).join(", ")}`;
    const detail = candidate.kind === "empty" ? reason : `${reason}\n\n${candidate.text}`;
    this.#memory.suspect(action, { verdict: "text_conflict", reason, detail });
    return { event: { type: "candidate.conflicted", unit, attempt, car, onto, reason } };
  }

  async judge(action: ActionOf<"gates.run">): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, tree } = action;
    const task = taskToLand(c, unit);
    const key = gateKey(action);
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, c.signal]);
    this.#gateRuns.set(key, abort);
    try {
      const result = await runGates(c.settlement, {
        unit,
        attempt,
        car,
        tree,
        base: action.onto,
        change: this.#reviewed(unit),
        testCmd: task.testCmd,
        marker: `${markerOf(c.run, unit, attempt)}/gates.${car ?? "own"}`,
        signal,
      });
      const verdicts = Object.fromEntries(result.verdicts.map((v) => [v.gate, v.status]));
      if (!result.passed && !signal.aborted) {
        this.#memory.suspect(action, {
          verdict: "gate_failed",
          reason: result.reason,
          detail: rejectionText(result.verdicts),
          gates: result.verdicts.map(gateRecord),
        });
      }
      return {
        event: {
          type: "gates.finished",
          unit,
          attempt,
          car,
          tree,
          verdicts,
          passed: result.passed,
          blame: result.blame,
          reason: result.reason,
        },
      };
    } finally {
      this.#gateRuns.delete(key);
    }
  }

  #reviewed(unit: string): Reviewed {
    return present(this.#memory.reviewed.get(unit), `reviewed commit of ${unit}`);
  }

  cancel(action: ActionOf<"gates.cancel">): void {
    this.#gateRuns.get(gateKey(action))?.abort();
  }

  async land(action: ActionOf<"landing.perform">): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, from, to } = action;
    const refused = (
      cause: "target_moved" | "proof_failed",
      reason: string,
      tip = from,
    ): Answer => ({
      event: { type: "landing.refused", unit, attempt, car, cause, reason, tip },
    });
    const now = await repositoryFingerprint(c.repository);
    if (now !== this.#sharedBefore) {
      const diff = describeFingerprintChange(this.#sharedBefore, now);
      record(c, { unit: null, attempt: null, type: "repository.changed", data: { diff } });
      this.#report({
        event: { type: "run.interrupted", cause: "repository_changed", reason: diff },
      });
      return refused("proof_failed", "git's shared configuration changed while workers ran");
    }
    record(c, {
      unit,
      attempt,
      type: "landing.started",
      data: { target: c.target, from, to, car, tree: action.tree },
    });
    faultPoint("land.recorded");
    const landing = await landCandidate(c.repository, {
      target: c.target,
      from,
      to,
      allowed: this.#allowed(unit),
      scratch: scratchFolder(c.places, c.run),
      message: `dgov: land ${unit}`,
      onLock: (pid) => record(c, { unit, attempt, type: "landing.lock", data: { pid } }),
    });
    faultPoint("land.done");
    switch (landing.kind) {
      case "landed":
        this.#memory.hasLanded(unit, to);
        this.#recordLanding(unit, to);
        return { event: { type: "landing.finished", unit, attempt, car, commit: to } };
      case "target_moved": {
        const tip = landing.tip ?? (await branchTip(c.repository, c.target));
        if (tip === null) return refused("proof_failed", `the branch ${c.target} is gone`);
        return refused("target_moved", `${c.target} moved to ${tip.slice(0, 10)}`, tip);
      }
      case "proof_failed":
        return refused("proof_failed", landing.reason);
      case "blocked_by_checkout":
        this.#watchCheckout(landing.paths);
        return {
          event: {
            type: "landing.refused",
            unit,
            attempt,
            car,
            cause: "blocked_by_checkout",
            reason: `${landing.reason}: ${landing.paths.join(", ")}`,
            tip: from,
          },
        };
    }
  }

  /** The readable history is of units; a reviewer's fix is none. */
  #recordLanding(unit: string, commit: string): void {
    const c = this.#context;
    const { role, digest } = present(c.tasks.get(unit), `task of ${unit}`);
    if (role !== "worker") return;
    recordLandings({ ...c, plan: c.plan.name }, [{ unit, digest, commit }]);
  }

  /** Whether the unit may have changed a path (repo-relative): landing proves it once more. */
  #allowed(unit: string): (path: string) => boolean {
    const c = this.#context;
    const { claims, summary } = taskToLand(c, unit);
    const policy = scopePolicy(c.config, {
      claims,
      projectDir: c.projectDir,
      unitSummary: summary,
    });
    return (path) => writeClaimed(path, policy);
  }

  /** Looks once a second whether something that blocked a landing changed. */
  #watchCheckout(paths: string[]): void {
    const c = this.#context;
    const look = (): string =>
      [...paths, ".git/HEAD"].map((path) => stamp(join(c.repository.topLevel, path))).join();
    const before = look();
    this.stopWatching();
    this.#watch = setInterval(() => {
      if (look() === before) return;
      this.stopWatching();
      this.#report({ event: { type: "checkout.changed" } });
    }, 1000);
  }

  /** Ends the watch over the operator's checkout. */
  stopWatching(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
  }
}

function gateKey(of: { unit: string; attempt: number; car: number | null }): string {
  return `${of.unit} ${of.attempt} ${of.car ?? "own"}`;
}

function stamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "-" : `${found.ino}:${found.size}:${found.mtimeMs}`;
}

function gateRecord(verdict: GateVerdict): Record<string, unknown> {
  return {
    gate: verdict.gate,
    status: verdict.status,
    command: verdict.command,
    exit: verdict.exit,
    reason: verdict.reason,
    tail: verdict.tail,
    output: verdict.output,
    diagnostics: verdict.diagnostics,
    blame: verdict.blame,
  };
}
