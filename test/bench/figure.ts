/** Results of benchmarks, and functions to measure them. */

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** Number of measurements; `value` is their median. */
  runs: number;
  /** The reference when `value` is a ratio. */
  ratio_to: string | null;
  /** Expected value, e.g. `<= 1.0`; null for figures without one. */
  aim: string | null;
}

export interface Benchmark {
  name: string;
  run(): Promise<Figure[]>;
}

/** Median: the middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** Duration of a function in milliseconds. */
export async function timed(body: () => unknown): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/**
 * Medians of several functions measured in turns, round by round, so that noise of the machine affects
 * all of them equally and their ratios stay valid.
 */
export async function interleaved<K extends string>(
  bodies: Record<K, () => unknown>,
  rounds: number,
): Promise<Record<K, number>> {
  const names = Object.keys(bodies) as K[];
  const times = new Map<K, number[]>(names.map((name) => [name, []]));
  for (const name of names) await bodies[name]();
  for (let round = 0; round < rounds; round++) {
    for (const name of names) times.get(name)?.push(await timed(bodies[name]));
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<
    K,
    number
  >;
}

/** True when a value meets an aim like `<= 1.5`. */
export function meets(value: number, aim: string): boolean {
  const [relation, limit = "0"] = aim.split(" ");
  return relation === "<=" ? value <= Number(limit) : value >= Number(limit);
}
