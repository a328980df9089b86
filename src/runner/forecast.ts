/** What the conflict radar has said, and what a further look changes about it. Pure. */

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

export class Forecast {
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
