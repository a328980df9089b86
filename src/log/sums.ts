/** Rows that are counted together. Pure. */

/** One row for each key, in an order of its own; `add` makes two rows of one key into one. */
export function summed<T>(
  rows: readonly T[],
  keyOf: (row: T) => unknown[],
  add: (a: T, b: T) => T,
): T[] {
  const sums = new Map<string, T>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? row : add(sum, row));
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}
