/**
 * Performs the actions on a reviewed commit: candidate, gates, landing.
 *
 * A landing is recorded before it is done and proven from git at that moment. It is refused when the state that
 * workers share with the operator changed.
 */
import { writeClaimed } from "../claims/verdict.ts";
import { scopePolicy } from "../config/execution-policy.ts";
import { endsRun } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import { blockedText, landCandidate, reconcileLanding } from "../git/landing/land.ts";
import { buildCandidate } from "../git/landing/merge.ts";
import { writeNotes } from "../git/landing/notes.ts";
import type { LandingScope } from "../git/landing/proof.ts";
import { branchTip, candidateRef } from "../git/refs.ts";
import { emptyCandidate, sharedStateChanged } from "../kernel/reasons.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { requiredGates, runGates } from "../settlement/gates/run-gates.ts";
import { rejectionText } from "../settlement/rejection.ts";
import { advanceLayers } from "../settlement/trees/layers/advance.ts";
import { present } from "../std/assert.ts";
import { isoTime } from "../std/clock.ts";
import { lstatIfPresent } from "../std/files.ts";
import { startLimit } from "../std/limit.ts";
import { errorMessage, short } from "../std/text.ts";
import { commitMessage, commitNote, taskToLand } from "./attempt/landing-task.ts";
import type { Reviewed } from "./attempt/state.ts";
import { acceptedIn } from "./operator/takeover.ts";
import { restoreAccess, scratchFolder } from "./paths.ts";
import { verdictData } from "./records.ts";
import { markerOf, type RunContext, record, recordDurably, warn } from "./run-context.ts";
import type { ActionOf, Answer } from "./run-loop.ts";

/** Milliseconds between two looks at a checkout that blocked a landing. */
const watchEveryMs = 1000;

/** Executions of a step of a landing that fails; the cause may be gone the second time. */
const triesMax = 2;

/** Fields of a gate's verdict in `attempt.rejected`. */
const rejectionFields = [
  "gate",
  "status",
  "command",
  "exit",
  "reason",
  "tail",
  "output",
  "diagnostics",
  "blame",
] as const;

export class Integration {
  readonly #context: RunContext;
  readonly #gateRuns = new Map<string, AbortController>();
  #report: (answer: Answer) => void = () => {};
  #watch: ReturnType<typeof setInterval> | null = null;
  /** Stamps of the paths that block landings, when they were found. */
  readonly #watched = new Map<string, string>();
  /** Ends the wait for a change of them; null when there is none. */
  #endWait: ((changed: boolean) => void) | null = null;
  /** Ends the limit of the waits since the last landing; null before the first. */
  #endWaitLimit: (() => void) | null = null;
  #waitOver = false;
  /** The building of a layer; null when none is built. */
  #advancing: Promise<void> | null = null;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Sets the function that delivers events which answer no action. */
  connect(report: (answer: Answer) => void): void {
    this.#report = report;
  }

  /** Merges a reviewed commit onto the base of its car. */
  async build(action: ActionOf<"candidate.build">, at: string): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, onto } = action;
    const candidate = await buildCandidate(c.repository, {
      base: this.#reviewed(unit).base,
      commit: action.commit,
      onto,
      scratch: scratchFolder(c.paths, c.run),
      message: commitMessage(c, unit),
      identity: c.identity,
      date: at,
      ref: candidateRef(c.run, car),
      policy: c.config.merge,
      signal: c.signal,
    });
    if (candidate.kind === "built") {
      const { commit, tree } = candidate;
      return { event: { type: "candidate.built", unit, attempt, car, onto, commit, tree } };
    }
    const reason =
      candidate.kind === "empty"
        ? emptyCandidate
        : `merge conflict with the candidate's base in ${candidate.paths.map((p) => p.path).join(", ")}`;
    const detail = candidate.kind === "empty" ? reason : `${reason}\n\n${candidate.text}`;
    c.memory.setPendingRejection(action, { verdict: "text_conflict", reason, detail });
    return { event: { type: "candidate.conflicted", unit, attempt, car, onto, reason } };
  }

  /** Runs the gates on a tree. */
  async judge(action: ActionOf<"gates.run">): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, tree, commit, behind } = action;
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
        commit,
        base: action.onto,
        change: this.#reviewed(unit),
        testCmd: task.testCmd,
        marker: `${markerOf(c.run, unit, attempt)}/gates.${car ?? "own"}`,
        signal,
        accepted: acceptedIn(c.takenOver, [unit]),
        alone: car === null,
        behind: () =>
          behind === null || c.memory.landed.get(behind) === action.onto ? null : behind,
        onScreened: () => {
          if (car === null) return;
          this.#report({ event: { type: "candidate.screened", unit, attempt, car, tree } });
        },
      });
      const verdicts = {
        ...notOfUnit(c, task.testCmd),
        ...Object.fromEntries(result.verdicts.map((v) => [v.gate, v.status])),
      };
      // On a red base the attempt alone says nothing: the failure of its candidate stays the reason.
      const { passed, reason } = result;
      const keeps = car === null && result.blame === "other_base";
      if (!passed && !keeps && !signal.aborted) {
        if (result.blame === "attempt") c.memory.rejectedTrees.set(unit, { tree, here: true });
        c.memory.setPendingRejection(action, {
          verdict: "gate_failed",
          reason: result.reason,
          detail: rejectionText(result.verdicts),
          gates: result.verdicts.map((verdict) => verdictData(verdict, rejectionFields)),
        });
      }
      const attributes = car === null && passed && c.memory.blameIntegration(action);
      const blame = attributes ? "integration" : result.blame;
      return {
        event: {
          type: "gates.finished",
          unit,
          attempt,
          car,
          tree,
          verdicts,
          passed,
          blame,
          reason,
        },
      };
    } finally {
      this.#gateRuns.delete(key);
    }
  }

  #reviewed(unit: string): Reviewed {
    return present(this.#context.memory.reviewed.get(unit), `${unit} has a reviewed commit`);
  }

  /** Stops a run of the gates, which then answers soon. */
  cancel(action: ActionOf<"gates.cancel">): void {
    this.#gateRuns.get(gateKey(action))?.abort();
  }

  /**
   * Moves the target to a candidate. After an error, git says whether the target has moved; if not, the landing is
   * tried once more, then refused. Throws when git does not answer: recovery settles that landing.
   */
  async land(action: ActionOf<"landing.perform">): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, from } = action;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#land(action);
      } catch (error) {
        if (endsRun(error) || c.signal.aborted) throw error;
        const reason = errorMessage(error);
        warn(c, action, `landing failed: ${reason}`);
        restoreAccess(c.paths);
        const done = await this.#reconcile(action);
        if (done === "landed") return await this.#landed(action);
        if (tries < triesMax) continue;
        const event = {
          type: "landing.refused",
          unit,
          attempt,
          car,
          cause: "proof_failed",
        } as const;
        return { event: { ...event, reason: `it could not be landed: ${reason}`, tip: from } };
      }
    }
  }

  /** Asks git whether a landing that failed has moved the target, twice if the first answer is an error. */
  async #reconcile({ to }: ActionOf<"landing.perform">): Promise<"landed" | "not_landed"> {
    const c = this.#context;
    for (let tries = 1; ; tries++) {
      try {
        return await reconcileLanding(c.repository, { target: c.target, to });
      } catch (error) {
        if (tries === triesMax) throw error;
      }
    }
  }

  /** Records in memory and in the readable history that a candidate has landed. */
  async #landed({ unit, attempt, car, to }: ActionOf<"landing.perform">): Promise<Answer> {
    this.#context.memory.setLanded(unit, to);
    this.#endWaits();
    this.#advanceLayers(unit, attempt);
    try {
      await this.#recordLanding(unit, to);
    } catch (error) {
      warn(
        this.#context,
        { unit, attempt },
        `the landing is not in the history: ${errorMessage(error)}`,
      );
    }
    return { event: { type: "landing.finished", unit, attempt, car, commit: to } };
  }

  /** Builds the layer of what has landed, beside the run; of several landings at a time, that of the last. */
  #advanceLayers(unit: string, attempt: number): void {
    const c = this.#context;
    this.#advancing ??= (async () => {
      for (let last = ""; !c.signal.aborted; ) {
        const tip = c.memory.lastLanded;
        if (tip === null || tip === last) return;
        last = tip;
        const failed = await advanceLayers(c.settlement, {
          tree: await treeOfCommit(c.repository, tip),
          marker: `${c.run}/layers`,
          signal: c.signal,
        });
        if (failed !== null && !c.signal.aborted) {
          warn(c, { unit, attempt }, `no layer of ${short(tip)} was built: ${failed}`);
        }
      }
    })()
      .catch((error: unknown) => {
        const reason = errorMessage(error);
        warn(c, { unit, attempt }, `no layer of what landed was built: ${reason}`);
      })
      .finally(() => {
        this.#advancing = null;
      });
  }

  async #land(action: ActionOf<"landing.perform">): Promise<Answer> {
    const c = this.#context;
    const { unit, attempt, car, from, to } = action;
    const refused = (
      cause: "target_moved" | "target_gone" | "proof_failed" | "repository_changed",
      reason: string,
      tip = from,
    ): Answer => ({
      event: { type: "landing.refused", unit, attempt, car, cause, reason, tip },
    });
    const { diff, records } = await c.shared.check();
    for (const one of records) record(c, one);
    if (diff !== "") {
      this.#report({
        event: { type: "run.interrupted", cause: "repository_changed", reason: diff },
      });
      return refused("repository_changed", sharedStateChanged);
    }
    const note = commitNote(c, unit);
    await recordDurably(c, {
      unit,
      attempt,
      type: "landing.started",
      data: { target: c.target, from, to, car, tree: action.tree, ...(note !== null && { note }) },
    });
    faultPoint("land.recorded");
    c.shared.addOwn(to);
    // Before the branch moves, so that no commit is on it without its trailers. A note without a landing says nothing.
    if (note !== null) {
      const written = { identity: c.identity, date: isoTime(c.clock.now()) };
      c.shared.addOwn(await writeNotes(c.repository, [{ commit: to, text: note }], written));
    }
    const landing = await landCandidate(c.repository, {
      target: c.target,
      from,
      to,
      allowed: this.#allowed(unit),
      scratch: scratchFolder(c.paths, c.run),
      message: `dgov: land ${unit}`,
      onLock: (pid) => record(c, { unit, attempt, type: "landing.lock", data: { pid } }),
    });
    faultPoint("land.done");
    switch (landing.kind) {
      case "landed":
        return await this.#landed(action);
      case "target_moved": {
        const tip = landing.tip ?? (await branchTip(c.repository, c.target));
        if (tip === null) return refused("target_gone", `branch ${c.target} no longer exists`);
        return refused("target_moved", `${c.target} moved to ${short(tip)}`, tip);
      }
      case "proof_failed":
        return refused("proof_failed", landing.reason);
      case "blocked_by_checkout":
        this.#watchPlaces(landing.watch);
        return {
          event: {
            type: "landing.refused",
            unit,
            attempt,
            car,
            cause: "blocked_by_checkout",
            reason: blockedText(landing),
            tip: from,
          },
        };
    }
  }

  /** Adds a worker's landing to the readable history. A reviewer's fix is not a unit's landing. */
  async #recordLanding(unit: string, commit: string): Promise<void> {
    const c = this.#context;
    const { role, digest } = present(c.tasks.get(unit), `${unit} has a task`);
    if (role === "worker") await c.ownFiles.record(c, [{ unit, digest, commit }]);
  }

  /** The unit's write claims as a predicate on paths of the repository, for the proof of a landing. */
  #allowed(unit: string): LandingScope {
    const c = this.#context;
    const { claims, summary } = taskToLand(c, unit);
    const policy = scopePolicy(c.config, {
      claims,
      projectDir: c.projectDir,
      unitSummary: summary,
    });
    return (path, kind) => writeClaimed(path, policy, kind);
  }

  /**
   * Reports when one of these paths, or of those that blocked another landing, has changed on disk: as the answer of
   * a wait for that, or as `checkout.changed`.
   */
  #watchPlaces(paths: readonly string[]): void {
    for (const path of paths) {
      if (!this.#watched.has(path)) this.#watched.set(path, fileStamp(path));
    }
    this.#watch ??= setInterval(() => {
      if ([...this.#watched].every(([path, before]) => fileStamp(path) === before)) return;
      this.#stopWatching();
      if (this.#endWait === null) this.#report({ event: { type: "checkout.changed" } });
      else this.#endWait(true);
    }, watchEveryMs);
  }

  #stopWatching(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    this.#watched.clear();
  }

  /**
   * Waits until a path that blocks a landing changes. The waits since the last landing share one limit, so that a
   * program that keeps writing such a file does not prolong the run.
   */
  async awaitCheckout({ wait }: ActionOf<"checkout.await">): Promise<Answer> {
    const { checkoutWaitS, signal } = this.#context;
    this.#endWaitLimit ??= startLimit(checkoutWaitS * 1000, () => {
      this.#waitOver = true;
      this.#endWait?.(false);
    });
    const changed = await new Promise<boolean>((resolve) => {
      this.#endWait = resolve;
      signal.addEventListener("abort", () => resolve(false), { once: true });
      if (signal.aborted || this.#waitOver) resolve(false);
      // Nothing is watched: the change was seen before the wait began, or no path is known to be in the way.
      else if (this.#watched.size === 0) setTimeout(() => resolve(true), watchEveryMs);
    });
    this.#endWait = null;
    return { event: { type: "checkout.waited", wait, changed } };
  }

  #endWaits(): void {
    this.#endWaitLimit?.();
    this.#endWaitLimit = null;
    this.#waitOver = false;
  }

  /** Ends watches and limits; a layer that is being built is completed for the next run, unless this one was interrupted. */
  async close(): Promise<void> {
    await this.#advancing;
    this.#stopWatching();
    this.#endWaits();
  }
}

/** The gates that the run needs because of other units' `test_cmd`: they do not apply to a unit without one. */
function notOfUnit(c: RunContext, testCmd: string | null): Record<string, "not_applicable"> {
  const own = requiredGates(c.config, [testCmd]);
  const all = requiredGates(
    c.config,
    c.plan.tasks.map((task) => task.testCmd),
  );
  const others = all.filter((gate) => !own.includes(gate));
  return Object.fromEntries(others.map((gate) => [gate, "not_applicable" as const]));
}

function gateKey(of: { unit: string; attempt: number; car: number | null }): string {
  return `${of.unit} ${of.attempt} ${of.car ?? "own"}`;
}

function fileStamp(path: string): string {
  const found = lstatIfPresent(path);
  return found === undefined ? "-" : `${found.ino}:${found.size}:${found.mtimeMs}`;
}
