/**
 * The conflict radar: while workers run, what each has so far is merged with what the others have
 * and with the target, as integration will. A conflict is said before it costs a verdict.
 *
 * It decides nothing. It looks only when something changed, never twice at the same two trees, and
 * a look that fails is a look that saw nothing.
 */
import { attemptChanges } from "../git/changes.ts";
import { treesOfCommits } from "../git/commit.ts";
import { mergeTrees } from "../git/merge.ts";
import type { Oid } from "../git/objects.ts";
import { branchTip } from "../git/refs.ts";
import { treeWith } from "../git/snapshot.ts";
import { diffTrees } from "../git/trees.ts";
import type { PhaseChange } from "../kernel/state.ts";
import { judgeMerge, readMerge, supportedLanguage } from "../settlement/merge-check.ts";
import { scratchFolder } from "./paths.ts";
import { type LiveAttempt, type Reviewed, type RunContext, record } from "./run-context.ts";

/** Between two looks. */
const lookEveryMs = 2000;
/** Attempts compared with each other; the rest only with the target. */
const partiesMax = 16;
/** Changed files of an attempt, above which it is left alone. */
const changesMax = 200;
/** Comparisons remembered. */
const comparedMax = 1000;

/** Work under way: what it was based on, and what it is now. */
interface Party {
  unit: string;
  attempt: number;
  base: Oid;
  tree: Oid;
  /** A worker may still change it. */
  live: boolean;
}

/** A difference of trees, as far as it tells whether another can be in conflict with it. */
interface Changed {
  paths: ReadonlySet<string>;
  /** Files are among them whose symbols can be read. */
  symbols: boolean;
}

/** What the radar is told of the run. */
export interface RadarSource {
  live: {
    /** Attempts whose workers may still write. */
    all(): Iterable<LiveAttempt>;
    /** Units whose workers used a tool: their files may be others now. Looking takes them out. */
    touched: Set<string>;
  };
  reviewed: ReadonlyMap<string, Reviewed>;
}

export class Radar {
  readonly #context: RunContext;
  readonly #source: RadarSource;
  readonly #forecast = new Predictions();
  /** Units whose reviewed commit waits to land. */
  readonly #waiting = new Set<string>();
  readonly #snapshots = new Map<string, Party>();
  readonly #compared = new Map<string, Promise<Conflict[]>>();
  readonly #changed = new Map<string, Promise<Changed>>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #look: Promise<void> | null = null;
  #seen = "";

  constructor(context: RunContext, source: RadarSource) {
    this.#context = context;
    this.#source = source;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#look ??= this.look()
        .catch((error: unknown) => this.#complain(error))
        .finally(() => {
          this.#look = null;
        });
    }, lookEveryMs).unref();
  }

  /** Ends the looking, and waits for a look under way. */
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
    this.#forecast.forget(unit);
  }

  /** One look: snapshots of what changed, every pair compared, what is new said. */
  async look(): Promise<void> {
    const c = this.#context;
    const live = [...this.#source.live.all()].filter(
      (one) => c.tasks.get(one.unit)?.role === "worker",
    );
    if (live.length === 0) return;
    const tip = await branchTip(c.repository, c.target);
    if (tip === null) return;
    const alone = live.length + this.#waiting.size === 1 && live[0]?.tree.base === tip;
    if (alone) return;
    for (const one of live) await this.#snapshot(one);
    const parties = [...this.#snapshots.values(), ...(await this.#parked())];
    const state = [tip, ...parties.map(({ unit, tree }) => `${unit} ${tree}`)].join("\n");
    if (state === this.#seen) return;
    this.#seen = state;
    await this.#compareAll(parties, tip);
    this.#note("radar.looked", { units: parties.map(({ unit }) => unit) });
  }

  /** Takes in what an attempt has so far. Its directory may go while it is looked at. */
  async #snapshot(live: LiveAttempt): Promise<void> {
    try {
      await this.#read(live);
    } catch (error) {
      if (this.#isLive(live)) throw error;
    }
  }

  #isLive(live: LiveAttempt): boolean {
    return !live.abort.signal.aborted && [...this.#source.live.all()].includes(live);
  }

  async #read(live: LiveAttempt): Promise<void> {
    const { unit, attempt, tree } = live;
    const known = this.#snapshots.get(unit);
    if (known?.attempt === attempt && !this.#source.live.touched.has(unit)) return;
    this.#source.live.touched.delete(unit);
    const r = this.#context.repository;
    const changes = await attemptChanges(r, tree);
    this.#snapshots.delete(unit);
    if (changes.length > changesMax) return;
    const paths = changes
      .filter(({ kind }) => kind === "file" || kind === "symlink")
      .map(({ path }) => path);
    if (paths.length === 0 || !this.#isLive(live)) return;
    const snapshot = await treeWith(r, tree, paths);
    this.#snapshots.set(unit, { unit, attempt, base: tree.base, tree: snapshot, live: true });
  }

  async #parked(): Promise<Party[]> {
    const parked: Party[] = [];
    for (const unit of this.#waiting) {
      const found = this.#source.reviewed.get(unit);
      if (found === undefined) continue;
      const { attempt, base, commit } = found;
      const [tree = ""] = await treesOfCommits(this.#context.repository, [commit]);
      parked.push({ unit, attempt, base, tree, live: false });
    }
    return parked;
  }

  async #compareAll(parties: readonly Party[], tip: Oid): Promise<void> {
    const pairs: Pair[] = [];
    const found: Prediction[] = [];
    const compare = async (of: Party, other: Party | null): Promise<void> => {
      const pair = { unit: of.unit, with: other?.unit ?? null };
      const conflicts = await this.#compare(of, other, tip);
      if (conflicts === null) return;
      pairs.push(pair);
      found.push(...conflicts.map((conflict) => ({ ...pair, ...conflict })));
    };
    for (const party of parties) await compare(party, null);
    const few = parties.slice(0, partiesMax);
    for (const [i, party] of few.entries()) {
      // Two that both wait to land are judged together soon enough.
      const others = few.slice(i + 1).filter((other) => party.live || other.live);
      for (const other of others) await compare(party, other);
    }
    const { made, cleared } = this.#forecast.update(pairs, found);
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

  /** What two pieces of work, or one and the target, would be in conflict about; null: not known. */
  async #compare(of: Party, other: Party | null, tip: Oid): Promise<Conflict[] | null> {
    if (other === null) {
      return of.base === tip ? [] : this.#merged(of.base, tip, of.tree);
    }
    // Both as they would stand on the tip; one that does not fit there has been said already.
    const mine = await this.#onto(of, tip);
    const theirs = await this.#onto(other, tip);
    return mine === null || theirs === null ? null : this.#merged(tip, theirs, mine);
  }

  async #onto(party: Party, tip: Oid): Promise<Oid | null> {
    if (party.base === tip) return party.tree;
    const [base = "", ours = ""] = await treesOfCommits(this.#context.repository, [
      party.base,
      tip,
    ]);
    const merge = await mergeTrees(this.#context.repository, {
      ...{ base, ours, theirs: party.tree },
      scratch: scratchFolder(this.#context.places, this.#context.run),
    });
    return merge.kind === "clean" ? merge.tree : null;
  }

  /** What a tree changes of another, found out once. */
  #changes(from: Oid, to: Oid): Promise<Changed> {
    const key = `${from} ${to}`;
    let changes = this.#changed.get(key);
    if (changes === undefined) {
      if (this.#changed.size >= comparedMax) this.#changed.clear();
      changes = diffTrees(this.#context.repository, from, to).then((entries) => ({
        paths: new Set(entries.map(({ path }) => path)),
        symbols: entries.some(({ path }) => supportedLanguage(path) !== null),
      }));
      this.#changed.set(key, changes);
    }
    return changes;
  }

  #merged(base: Oid, ours: Oid, theirs: Oid): Promise<Conflict[]> {
    const key = `${base} ${ours} ${theirs}`;
    const known = this.#compared.get(key);
    if (known !== undefined) return known;
    if (this.#compared.size >= comparedMax) this.#compared.clear();
    const asked = this.#mergeAndCheck(base, ours, theirs);
    this.#compared.set(key, asked);
    return asked;
  }

  async #mergeAndCheck(baseOf: Oid, oursOf: Oid, theirsOf: Oid): Promise<Conflict[]> {
    const c = this.#context;
    const trees = await treesOfCommits(c.repository, [baseOf, oursOf, theirsOf]);
    const [base = "", ours = "", theirs = ""] = trees;
    const [mine, other] = await Promise.all([
      this.#changes(base, theirs),
      this.#changes(base, ours),
    ]);
    const meaning = mine.symbols && other.symbols;
    if (!meaning && [...mine.paths].every((path) => !other.paths.has(path))) return [];
    const scratch = scratchFolder(c.places, c.run);
    const merge = await mergeTrees(c.repository, { base, ours, theirs, scratch });
    if (merge.kind === "conflicted") {
      return merge.paths.map(({ path }) => {
        const message = `both change ${path}`;
        return { kind: "text_conflict", path, symbol: null, message };
      });
    }
    if (!meaning) return [];
    const changes = await readMerge(c.repository, { base, ours, theirs, merged: merge.tree });
    const { conflicts } = await judgeMerge(c.repository, changes);
    return conflicts.map(({ kind, path, symbol, message }) => ({ kind, path, symbol, message }));
  }

  #complain(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    this.#note("warning", { text: `the conflict radar could not look: ${words}` });
  }

  #note(type: string, data: Record<string, unknown>): void {
    const { run, plan, log } = this.#context;
    log.note({ run, plan: plan.name, unit: null, attempt: null, type, data });
  }
}

// ------------------------------------------------------------
// What the conflict radar has said, and what a further look changes about it. Pure.

/** A conflict that two pieces of work would have if both landed as they are now. */
export interface Conflict {
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

/** A pair that was looked at, whatever was found. */
export interface Pair {
  unit: string;
  with: string | null;
}

export class Predictions {
  readonly #said = new Map<string, Prediction>();

  /**
   * Takes in what a look found for the pairs it looked at. Gives what is new, and what was said of
   * these pairs and no longer holds. What was said of a unit that has landed since is the same
   * conflict when it is found against the target.
   */
  update(
    pairs: readonly Pair[],
    found: readonly Prediction[],
  ): { made: Prediction[]; cleared: Prediction[] } {
    const known = new Set([...this.#said.values()].map(subject));
    const made: Prediction[] = [];
    for (const prediction of found) {
      const inherited = prediction.with === null && known.has(subject(prediction));
      const key = keyOf(prediction);
      if (inherited || this.#said.has(key)) continue;
      this.#said.set(key, prediction);
      made.push(prediction);
    }
    const looked = new Set(pairs.map(pairKey));
    const now = new Set(found.map(keyOf));
    const cleared = [...this.#said].filter(([key, p]) => looked.has(pairKey(p)) && !now.has(key));
    for (const [key] of cleared) this.#said.delete(key);
    return { made, cleared: cleared.map(([, prediction]) => prediction) };
  }

  /** A unit whose work is over: what was said of it is settled, one way or the other. */
  forget(unit: string): void {
    for (const [key, prediction] of this.#said) {
      if (prediction.unit === unit) this.#said.delete(key);
    }
  }
}

function pairKey({ unit, with: other }: Pair): string {
  return `${unit}\0${other ?? ""}`;
}

function subject({ unit, kind, path, symbol }: Prediction): string {
  return [unit, kind, path, symbol ?? ""].join("\0");
}

function keyOf(prediction: Prediction): string {
  return `${subject(prediction)}\0${prediction.with ?? ""}`;
}
