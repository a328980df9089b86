/** What a benchmark says, and how it is taken. */

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** How many measurements `value` is the median of. */
  runs: number;
  /** What `value` is a ratio to, when it is one. */
  ratio_to: string | null;
  /** What it should be, e.g. `<= 1.0`; null when it is only recorded. */
  aim: string | null;
}

export interface Benchmark {
  name: string;
  run(): Promise<Figure[]>;
}

/** The middle value (mean of the two middle ones). */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** Milliseconds a body takes. */
export async function timed(body: () => unknown): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/**
 * Medians of several bodies measured in turn, round by round, so that a noisy machine disturbs all
 * of them alike and their ratios stay honest.
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

/** Whether a value meets an aim like `<= 1.5`. */
export function meets(value: number, aim: string): boolean {
  const [relation, limit = "0"] = aim.split(" ");
  return relation === "<=" ? value <= Number(limit) : value >= Number(limit);
}
