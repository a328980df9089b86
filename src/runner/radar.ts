/**
 * The conflict radar: while workers run, it merges their unfinished work with each other's and with the target,
 * as integration would, and records the conflicts it predicts: those that neither side has alone.
 *
 * It decides nothing. It looks again only when a tree changed, never compares the same trees twice, and a failed
 * look only causes a warning.
 */

import { treesOfCommits } from "../git/commit.ts";
import { mergeTrees } from "../git/landing/merge.ts";
import type { Oid } from "../git/objects.ts";
import { branchTip } from "../git/refs.ts";
import { diffTrees } from "../git/trees.ts";
import { attemptChanges } from "../git/worktrees/changes.ts";
import { treeWith } from "../git/worktrees/snapshot.ts";
import type { PhaseChange } from "../kernel/state.ts";
import {
  beyond,
  bySeverity,
  hasSymbolTable,
  judgeMerge,
  readMerge,
  type Subject,
} from "../settlement/merge-check.ts";
import { errorMessage } from "../std/text.ts";
import type { LiveAttempt } from "./attempt/state.ts";
import { scratchFolder } from "./paths.ts";
import { type RunContext, record } from "./run-context.ts";

/** Milliseconds between two looks. */
const lookEveryMs = 2000;
/** Attempts that are compared with each other; further ones only with the target. */
const comparedPartiesMax = 16;
/** Changed files above which an attempt is not looked at. */
const changesMax = 200;
/** Entries in each cache of comparisons. */
const cacheMax = 1000;

/** Work that has not landed: an attempt's worktree, or a reviewed commit in the train. */
interface Party {
  unit: string;
  attempt: number;
  base: Oid;
  tree: Oid;
  /** Its worker may still change it. */
  live: boolean;
}

/** The difference of two trees, as far as it decides whether a merge has to be tried. */
interface TreeDifference {
  paths: ReadonlySet<string>;
  /** It has files with readable symbols. */
  symbols: boolean;
}

export class Radar {
  readonly #context: RunContext;
  readonly #predictions = new Predictions();
  /** Units with a reviewed commit in the train. */
  readonly #waiting = new Set<string>();
  /** By unit: its live attempt when it was last read. */
  readonly #snapshots = new Map<string, Party>();
  readonly #conflicts = new Map<string, Promise<Conflict[]>>();
  readonly #alone = new Map<string, Promise<Subject[]>>();
  readonly #differences = new Map<string, Promise<TreeDifference>>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #look: Promise<void> | null = null;
  #lastState = "";

  constructor(context: RunContext) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#look ??= this.look()
        .catch((error: unknown) => {
          this.#note("warning", { text: `the conflict radar failed: ${errorMessage(error)}` });
        })
        .finally(() => {
          this.#look = null;
        });
    }, lookEveryMs).unref();
  }

  /** Stops the timer and waits for an unfinished look. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#look;
  }

  /** Follows a unit through its phases. */
  observe({ unit, to }: PhaseChange): void {
    if (to === "queued" || to === "integrating" || to === "validating" || to === "landing") {
      this.#waiting.add(unit);
      this.#snapshots.delete(unit);
      return;
    }
    this.#waiting.delete(unit);
    if (to === "working" || to === "reviewing" || to === "self_reviewing") return;
    this.#snapshots.delete(unit);
    this.#predictions.forget(unit);
  }

  /** Reads what changed, compares every pair, and records what is new. */
  async look(): Promise<void> {
    const c = this.#context;
    const live = c.attempts.all().filter((one) => c.tasks.get(one.unit)?.role === "worker");
    if (live.length === 0) return;
    const tip = await branchTip(c.repository, c.target);
    if (tip === null) return;
    const alone = live.length + this.#waiting.size === 1 && live[0]?.tree.base === tip;
    if (alone) return;
    for (const one of live) await this.#snapshot(one);
    const parties = [...this.#snapshots.values(), ...(await this.#waitingParties())];
    const state = [tip, ...parties.map(({ unit, tree }) => `${unit} ${tree}`)].join("\n");
    if (state === this.#lastState) return;
    this.#lastState = state;
    await this.#compareAll(parties, tip);
    this.#note("radar.looked", { units: parties.map(({ unit }) => unit) });
  }

  /** Reads an attempt's worktree. An error counts only while the attempt is live. */
  async #snapshot(live: LiveAttempt): Promise<void> {
    try {
      await this.#readWorktree(live);
    } catch (error) {
      if (this.#isLive(live)) throw error;
    }
  }

  #isLive(live: LiveAttempt): boolean {
    return !live.abort.signal.aborted && this.#context.attempts.all().includes(live);
  }

  async #readWorktree(live: LiveAttempt): Promise<void> {
    const { unit, attempt, tree } = live;
    const { repository, attempts } = this.#context;
    const known = this.#snapshots.get(unit);
    if (known?.attempt === attempt && !attempts.touched.has(unit)) return;
    attempts.touched.delete(unit);
    const changes = await attemptChanges(repository, tree);
    this.#snapshots.delete(unit);
    if (changes.length > changesMax) return;
    const paths = changes
      .filter(({ kind }) => kind === "file" || kind === "symlink")
      .map(({ path }) => path);
    if (paths.length === 0 || !this.#isLive(live)) return;
    const snapshot = await treeWith(repository, tree, paths);
    this.#snapshots.set(unit, { unit, attempt, base: tree.base, tree: snapshot, live: true });
  }

  async #waitingParties(): Promise<Party[]> {
    const { repository, memory } = this.#context;
    const parties: Party[] = [];
    for (const unit of this.#waiting) {
      const found = memory.reviewed.get(unit);
      if (found === undefined) continue;
      const { attempt, base, commit } = found;
      const [tree = ""] = await treesOfCommits(repository, [commit]);
      parties.push({ unit, attempt, base, tree, live: false });
    }
    return parties;
  }

  async #compareAll(parties: readonly Party[], tip: Oid): Promise<void> {
    const pairs: Pair[] = [];
    const found: Prediction[] = [];
    const compare = async (party: Party, other: Party | null): Promise<void> => {
      const pair = { unit: party.unit, with: other?.unit ?? null };
      const conflicts = await this.#compare(party, other, tip);
      if (conflicts === null) return;
      pairs.push(pair);
      found.push(...conflicts.map((conflict) => ({ ...pair, ...conflict })));
    };
    for (const party of parties) await compare(party, null);
    const few = parties.slice(0, comparedPartiesMax);
    for (const [i, party] of few.entries()) {
      // Two units in the train are merged by it soon.
      const others = few.slice(i + 1).filter((other) => party.live || other.live);
      for (const other of others) await compare(party, other);
    }
    const { made, cleared } = this.#predictions.update(pairs, found);
    for (const [type, predictions] of [
      ["conflict.predicted", made],
      ["conflict.cleared", cleared],
    ] as const) {
      for (const { unit, ...data } of predictions) {
        const attempt = parties.find((party) => party.unit === unit)?.attempt ?? null;
        record(this.#context, { unit, attempt, type, data });
      }
    }
  }

  /**
   * Conflicts of a party with another, or with the target (`other` null). Null when they cannot be known,
   * because one of the two conflicts with the target itself.
   */
  async #compare(party: Party, other: Party | null, tip: Oid): Promise<Conflict[] | null> {
    if (other === null) {
      return party.base === tip ? [] : this.#conflictsOf(party.base, tip, party.tree);
    }
    const mine = await this.#rebased(party, tip);
    const theirs = await this.#rebased(other, tip);
    return mine === null || theirs === null ? null : this.#conflictsOf(tip, theirs, mine);
  }

  /** A party's tree merged onto the tip; null when they conflict. */
  async #rebased(party: Party, tip: Oid): Promise<Oid | null> {
    if (party.base === tip) return party.tree;
    const { repository, paths, run } = this.#context;
    const [base = "", ours = ""] = await treesOfCommits(repository, [party.base, tip]);
    const scratch = scratchFolder(paths, run);
    const merge = await mergeTrees(repository, { base, ours, theirs: party.tree, scratch });
    return merge.kind === "clean" ? merge.tree : null;
  }

  #conflictsOf(base: Oid, ours: Oid, theirs: Oid): Promise<Conflict[]> {
    return cached(this.#conflicts, `${base} ${ours} ${theirs}`, () =>
      this.#mergeAndCheck(base, ours, theirs),
    );
  }

  /** The difference between two trees. */
  #differenceOf(from: Oid, to: Oid): Promise<TreeDifference> {
    return cached(this.#differences, `${from} ${to}`, async () => {
      const entries = await diffTrees(this.#context.repository, from, to);
      return {
        paths: new Set(entries.map(({ path }) => path)),
        symbols: entries.some(({ path }) => hasSymbolTable(path)),
      };
    });
  }

  /** Textual and semantic conflicts of a merge, given as commits or trees. */
  async #mergeAndCheck(baseOf: Oid, oursOf: Oid, theirsOf: Oid): Promise<Conflict[]> {
    const { repository, paths, run } = this.#context;
    const trees = await treesOfCommits(repository, [baseOf, oursOf, theirsOf]);
    const [base = "", ours = "", theirs = ""] = trees;
    const [mine, other] = await Promise.all([
      this.#differenceOf(base, theirs),
      this.#differenceOf(base, ours),
    ]);
    const semantic = mine.symbols && other.symbols;
    if (!semantic && [...mine.paths].every((path) => !other.paths.has(path))) return [];
    const scratch = scratchFolder(paths, run);
    const merge = await mergeTrees(repository, { base, ours, theirs, scratch });
    if (merge.kind === "conflicted") {
      return merge.paths.map(({ path }) => {
        const message = `both change ${path}`;
        return { kind: "text_conflict", path, symbol: null, message };
      });
    }
    if (!semantic) return [];
    const changes = await readMerge(repository, { base, ours, theirs, merged: merge.tree });
    const { findings } = await judgeMerge(repository, changes);
    const { blocking } = bySeverity(findings, this.#context.config.semantic);
    if (blocking.length === 0) return [];
    const alone = await Promise.all([ours, theirs].map((tree) => this.#foundAlone(base, tree)));
    return beyond(blocking, alone.flat()).map(({ kind, path, symbol, message }) => {
      return { kind, path, symbol, message };
    });
  }

  /** The findings of one side without the other, in its change of the base. */
  #foundAlone(base: Oid, tree: Oid): Promise<Subject[]> {
    return cached(this.#alone, `${base} ${tree}`, async () => {
      const { repository } = this.#context;
      const trees = { base, ours: base, theirs: tree, merged: tree };
      const { findings } = await judgeMerge(repository, await readMerge(repository, trees));
      return findings;
    });
  }

  #note(type: string, data: Record<string, unknown>): void {
    const { run, plan, log } = this.#context;
    log.note({ run, plan: plan.name, unit: null, attempt: null, type, data });
  }
}

/**
 * The promise stored under a key, or the one that `compute` starts. One that rejects is forgotten. A full cache is
 * emptied.
 */
function cached<Value>(
  cache: Map<string, Promise<Value>>,
  key: string,
  compute: () => Promise<Value>,
): Promise<Value> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= cacheMax) cache.clear();
  const value = compute();
  cache.set(key, value);
  value.catch(() => {
    if (cache.get(key) === value) cache.delete(key);
  });
  return value;
}

/** A conflict that two pieces of work would have if both landed as they are. */
interface Conflict {
  kind: string;
  path: string;
  /** Null for a conflict of text. */
  symbol: string | null;
  message: string;
}

export interface Prediction extends Conflict {
  unit: string;
  /** The other unit; null for the target branch. */
  with: string | null;
}

/** Two parties that were compared. */
interface Pair {
  unit: string;
  with: string | null;
}

/** The predictions that were recorded and still hold. Pure. */
export class Predictions {
  readonly #held = new Map<string, Prediction>();

  /**
   * Compares the conflicts found for the given pairs with the predictions held. Returns the new ones, and those of
   * these pairs that no longer hold. A conflict with a unit that has landed since is found against the target;
   * it is the same conflict and not new.
   */
  update(
    pairs: readonly Pair[],
    found: readonly Prediction[],
  ): { made: Prediction[]; cleared: Prediction[] } {
    const subjects = new Set([...this.#held.values()].map(subjectKey));
    const made: Prediction[] = [];
    for (const prediction of found) {
      const inherited = prediction.with === null && subjects.has(subjectKey(prediction));
      const key = keyOf(prediction);
      if (inherited || this.#held.has(key)) continue;
      this.#held.set(key, prediction);
      made.push(prediction);
    }
    const compared = new Set(pairs.map(pairKey));
    const holding = new Set(found.map(keyOf));
    const cleared = [...this.#held].filter(
      ([key, prediction]) => compared.has(pairKey(prediction)) && !holding.has(key),
    );
    for (const [key] of cleared) this.#held.delete(key);
    return { made, cleared: cleared.map(([, prediction]) => prediction) };
  }

  /** Removes the predictions of a unit whose attempt is over. */
  forget(unit: string): void {
    for (const [key, prediction] of this.#held) {
      if (prediction.unit === unit) this.#held.delete(key);
    }
  }
}

function pairKey({ unit, with: other }: Pair): string {
  return `${unit}\0${other ?? ""}`;
}

function subjectKey({ unit, kind, path, symbol }: Prediction): string {
  return [unit, kind, path, symbol ?? ""].join("\0");
}

function keyOf(prediction: Prediction): string {
  return `${subjectKey(prediction)}\0${prediction.with ?? ""}`;
}
