/**
 * Simulated environment of the kernel: a target branch, merges, gates and workers.
 *
 * A tree is the set of changes in it, so whether gates pass depends on the tree alone. The world does
 * not know the kernel's state; it receives actions and answers with events.
 */
import type { Action } from "../../src/kernel/action.ts";
import type { Blame, Event, GateStatus, WorkerOutcome } from "../../src/kernel/event.ts";
import { decided, type Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";

type Of<T extends Action["type"]> = Extract<Action, { type: T }>;
type Run = Extract<Event, { type: "run.started" }>;

interface Commit {
  parent: string;
  tree: string;
}

const badOutcomes: readonly WorkerOutcome[] = [
  "incomplete",
  "blocked",
  "exhausted",
  "exhausted",
  "no_progress",
  "provider_failed",
  "refused_by_provider",
  "crashed",
  "timed_out",
];

export class World {
  tip: string;
  /** Every commit that the target has pointed to. */
  readonly tips: Set<string>;
  readonly commits = new Map<string, Commit>();
  readonly #bases = new Map<string, string>();
  readonly #fixing = new Map<string, boolean>();
  readonly #built = new Map<string, string>();
  /** Units blocked by a checkout, those blocked permanently, and units that have tried to land. */
  readonly #obstructed = new Set<string>();
  readonly #stubborn = new Set<string>();
  readonly #tried = new Set<string>();
  readonly #good = new Map<string, boolean>();
  #next = 0;

  readonly #seed: number;
  readonly #random: Random;
  readonly #rates: Scenario["rates"];
  readonly #run: Run;

  constructor(seed: number, random: Random, { start, rates }: Scenario) {
    this.#seed = seed;
    this.#random = random;
    this.#rates = rates;
    this.#run = start;
    this.tip = start.tip;
    this.tips = new Set([start.tip]);
    this.commits.set(start.tip, { parent: "", tree: "t" });
  }

  /** Performs an action at once. Returns null for actions without an answer. */
  perform(action: Action): Event | null {
    switch (action.type) {
      case "attempt.prepare":
        return this.#prepare(action);
      case "worker.start":
        return this.#work(action);
      case "self_review.start": {
        const approved = !this.#random.chance(this.#rates.selfReview);
        return { type: "self_review.finished", ...of(action), approved, reason: "as it thinks" };
      }
      case "attempt.review":
        return this.#review(action);
      case "candidate.build":
        return this.#build(action);
      case "gates.run":
        return this.#judge(action);
      case "landing.perform":
        return this.#land(action);
      case "checkout.await": {
        const changed = this.#random.chance(0.5);
        if (changed) this.clear();
        return { type: "checkout.waited", wait: action.wait, changed };
      }
      case "run.finish":
        return { type: "run.finished", status: action.status };
      case "worker.stop":
      case "gates.cancel":
        return null;
      default:
        return action satisfies never;
    }
  }

  /** The operator commits to the target; returns the event by which dgov may learn of it. */
  move(): Event {
    const name = `${this.#random.chance(this.#rates.red) ? "red" : "x"}${this.#next}`;
    this.#moveTo(this.#commit(this.tip, name));
    return { type: "target.moved", tip: this.tip };
  }

  /** The operator cleans some checkouts. */
  clear(): Event {
    for (const unit of this.#obstructed) {
      if (this.#stubborn.has(unit) || this.#random.chance(0.4)) continue;
      this.#obstructed.delete(unit);
    }
    return { type: "checkout.changed" };
  }

  /** Tree of a commit. */
  treeOf(commit: string): string {
    return this.commits.get(commit)?.tree ?? `no such commit: ${commit}`;
  }

  #commit(parent: string, change: string): string {
    const id = `c${this.#next++}`;
    this.commits.set(id, { parent, tree: `${this.treeOf(parent)}+${change}` });
    return id;
  }

  #moveTo(commit: string): void {
    this.tip = commit;
    this.tips.add(commit);
  }

  #prepare(action: Of<"attempt.prepare">): Event {
    if (this.#random.chance(this.#rates.unprepared)) {
      const retriable = this.#random.chance(0.7);
      return { type: "attempt.unprepared", ...of(action), reason: "no room", retriable };
    }
    this.#bases.set(changeOf(action), this.tip);
    this.#fixing.set(action.unit, action.fixing);
    return { type: "attempt.prepared", ...of(action), base: this.tip };
  }

  #work(action: Of<"worker.start">): Event {
    const answer = { type: "worker.exited", ...of(action), fork: action.fork } as const;
    const { role } = this.#run.dag.units.find(({ id }) => id === action.unit) ?? { role: "worker" };
    const judges = role === "reviewer" && this.#fixing.get(action.unit) !== true;
    if (judges && this.#random.chance(this.#rates.disapprove)) {
      return { ...answer, outcome: "disapproved", reason: "it is not right" };
    }
    const fine = !this.#random.chance(this.#rates.worker);
    const outcome = fine ? "complete" : this.#random.pick(badOutcomes);
    return { ...answer, outcome, reason: "so" };
  }

  #review(action: Of<"attempt.review">): Event {
    const mayBeSatisfied = this.#fixing.get(action.unit) !== true;
    if (mayBeSatisfied && this.#random.chance(this.#rates.satisfied)) {
      return { type: "review.satisfied", ...of(action), commit: this.#run.tip };
    }
    if (this.#random.chance(this.#rates.review)) {
      const verdict = "scope_violation";
      const retriable = this.#random.chance(0.5);
      const no = { verdict, reason: "a path not claimed", retriable } as const;
      return { type: "review.finished", ...of(action), passed: false, ...no };
    }
    const commit = this.#once(`own ${changeOf(action)}`, () =>
      this.#commit(this.#baseOf(action), changeOf(action)),
    );
    const tree = this.treeOf(commit);
    return { type: "review.finished", ...of(action), passed: true, commit, tree };
  }

  #build(action: Of<"candidate.build">): Event {
    const { car, onto } = action;
    if (this.#random.chance(this.#rates.environment)) {
      return { type: "candidate.failed", ...of(action), car, onto, reason: "no disk" };
    }
    const change = changeOf(action);
    const before = new Set(changesIn(this.treeOf(this.#baseOf(action))));
    const others = changesIn(this.treeOf(onto)).filter((other) => !before.has(other));
    const conflicting = others.find((other) =>
      decided(this.#seed, this.#rates.conflict, `conflict ${change} ${other}`),
    );
    if (conflicting !== undefined) {
      const reason = `conflicts with ${conflicting}`;
      return { type: "candidate.conflicted", ...of(action), car, onto, reason };
    }
    const commit = this.#once(`${change} on ${onto}`, () => this.#commit(onto, change));
    const tree = this.treeOf(commit);
    return { type: "candidate.built", ...of(action), car, onto, commit, tree };
  }

  #judge(action: Of<"gates.run">): Event {
    const { car, tree, onto } = action;
    const answer = { type: "gates.finished", ...of(action), car, tree } as const;
    if (this.#random.chance(this.#rates.environment)) {
      const verdicts = this.#verdicts("errored");
      return { ...answer, verdicts, passed: false, blame: "environment", reason: "no disk" };
    }
    if (this.#isGood(tree)) {
      const verdicts = this.#verdicts(null);
      const blame = car === null ? this.#random.pick(["integration", null] as const) : null;
      return { ...answer, verdicts, passed: true, blame, reason: "" };
    }
    const onBase = car !== null && this.tips.has(onto) ? "base" : "other_base";
    const blames: readonly (Blame | null)[] = ["attempt", "attempt", null];
    const blame = this.#isGood(this.treeOf(onto)) ? this.#random.pick(blames) : onBase;
    const reason = "tests failed";
    return { ...answer, verdicts: this.#verdicts("failed"), passed: false, blame, reason };
  }

  /** The event that reports the object gates of a candidate before its other gates; null when one fails. */
  screen(action: Action): Event | null {
    if (action.type !== "gates.run" || action.car === null || this.#run.screening !== true)
      return null;
    const { car, tree } = action;
    if (changesIn(tree).some((change) => this.#isObjectionable(change))) return null;
    return { type: "candidate.screened", ...of(action), car, tree };
  }

  #isObjectionable(change: string): boolean {
    return (
      change.startsWith("tasks") &&
      decided(this.#seed, this.#rates.objection, `objection ${change}`)
    );
  }

  #land(action: Of<"landing.perform">): Event {
    const { car, unit, from, to } = action;
    const refused = { type: "landing.refused", ...of(action), car } as const;
    if (this.tip !== from) {
      return { ...refused, cause: "target_moved", reason: "the target moved", tip: this.tip };
    }
    if (this.#random.chance(this.#rates.proof)) {
      return { ...refused, cause: "proof_failed", reason: "not what it said", tip: this.tip };
    }
    if (!this.#tried.has(unit) && this.#random.chance(this.#rates.checkout)) {
      this.#obstructed.add(unit);
      if (this.#random.chance(0.3)) this.#stubborn.add(unit);
    }
    this.#tried.add(unit);
    if (this.#obstructed.has(unit)) {
      return { ...refused, cause: "blocked_by_checkout", reason: "a dirty file", tip: this.tip };
    }
    this.#moveTo(to);
    return { type: "landing.finished", ...of(action), car, commit: to };
  }

  /** True when the gates pass on a tree: no bad change, no red commit, no clash of two changes. */
  #isGood(tree: string): boolean {
    const known = this.#good.get(tree);
    if (known !== undefined) return known;
    const changes = changesIn(tree);
    const good = !changes.some(
      (change, at) =>
        change.startsWith("red") ||
        (change.startsWith("tasks") && decided(this.#seed, this.#rates.bad, `bad ${change}`)) ||
        this.#isObjectionable(change) ||
        changes
          .slice(0, at)
          .some((other) => decided(this.#seed, this.#rates.clash, `clash ${other} ${change}`)),
    );
    this.#good.set(tree, good);
    return good;
  }

  #verdicts(first: GateStatus | null): Record<string, GateStatus> {
    const passes: readonly GateStatus[] = ["passed", "passed", "flaky", "not_applicable"];
    return Object.fromEntries(
      this.#run.gates.map((gate, at) => [
        gate,
        at === 0 && first !== null ? first : this.#random.pick(passes),
      ]),
    );
  }

  #baseOf(action: { unit: string; attempt: number }): string {
    return this.#bases.get(changeOf(action)) ?? "never prepared";
  }

  #once(what: string, make: () => string): string {
    const made = this.#built.get(what) ?? make();
    this.#built.set(what, made);
    return made;
  }
}

function of({ unit, attempt }: { unit: string; attempt: number }): {
  unit: string;
  attempt: number;
} {
  return { unit, attempt };
}

/** Name of an attempt's change in trees. */
function changeOf({ unit, attempt }: { unit: string; attempt: number }): string {
  return `${unit}#${attempt}`;
}

function changesIn(tree: string): string[] {
  return tree.split("+").slice(1);
}
