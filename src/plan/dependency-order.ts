/** Order of units by their dependencies: a topological order, cycles and precedence. Pure. */

/** For each unit, by index, the indices of its dependencies. */
export type Edges = readonly (readonly number[])[];

export interface Order {
  /** Dependencies before dependents, otherwise by index. Contains every unit even when there are cycles. */
  order: number[];
  /** One cycle per strongly connected component, as a path along dependencies that omits the return to its start. */
  cycles: number[][];
}

/** Tarjan's algorithm for strongly connected components, without recursion since chains may be 10,000 units long. */
export function topologicalOrder(edges: Edges): Order {
  const order: number[] = [];
  const cycles: number[][] = [];
  const seenAt = new Int32Array(edges.length).fill(-1);
  const lowest = new Int32Array(edges.length);
  const onPath = new Uint8Array(edges.length);
  const path: number[] = [];
  let clock = 0;
  const enter = (unit: number): { unit: number; next: number } => {
    seenAt[unit] = lowest[unit] = clock++;
    onPath[unit] = 1;
    path.push(unit);
    return { unit, next: 0 };
  };
  for (let root = 0; root < edges.length; root++) {
    if (seenAt[root] !== -1) continue;
    const stack = [enter(root)];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { unit } = top;
      const dep = edges[unit]?.[top.next++];
      if (dep !== undefined) {
        if (seenAt[dep] === -1) stack.push(enter(dep));
        else if (onPath[dep] === 1) lower(lowest, unit, seenAt[dep] ?? 0);
        continue;
      }
      stack.pop();
      const below = stack.at(-1);
      if (below !== undefined) lower(lowest, below.unit, lowest[unit] ?? 0);
      if (lowest[unit] !== seenAt[unit]) continue;
      const component = path.splice(path.lastIndexOf(unit));
      for (const member of component) onPath[member] = 0;
      order.push(...component.reverse());
      if (component.length > 1 || edges[unit]?.includes(unit))
        cycles.push(shortestCycle(edges, component));
    }
  }
  return { order, cycles };
}

function lower(values: Int32Array, at: number, value: number): void {
  if (value < (values[at] ?? 0)) values[at] = value;
}

/** The shortest cycle through the component's lowest unit, along dependencies. */
function shortestCycle(edges: Edges, component: readonly number[]): number[] {
  const members = new Set(component);
  const start = Math.min(...component);
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const unit = queue[at] ?? start;
    for (const dep of edges[unit] ?? []) {
      if (dep === start) return pathTo(unit, start, cameFrom);
      if (!members.has(dep) || cameFrom.has(dep)) continue;
      cameFrom.set(dep, unit);
      queue.push(dep);
    }
  }
  return [start];
}

function pathTo(end: number, start: number, cameFrom: ReadonlyMap<number, number>): number[] {
  const path = [end];
  for (let unit = end; unit !== start; ) {
    unit = cameFrom.get(unit) ?? start;
    path.push(unit);
  }
  return path.reverse();
}

/** Precedence of units by their direct and indirect dependencies. */
export interface Precedence {
  /** Position of a unit in the topological order. */
  rank(unit: number): number;
  /** True when `later` depends on `first`, directly or indirectly. */
  precedes(first: number, later: number): boolean;
}

/**
 * Precedence in a graph without cycles. The transitive closure, a bit set per unit, is computed on the first
 * call of `precedes`; for 10,000 units it takes 12 MB and about ten milliseconds.
 */
export function precedenceOf(edges: Edges, order: readonly number[]): Precedence {
  const ranks = new Int32Array(edges.length);
  for (const [rank, unit] of order.entries()) ranks[unit] = rank;
  const rank = (unit: number): number => ranks[unit] ?? 0;
  let closure: Uint32Array[] | null = null;
  return {
    rank,
    precedes(first, later) {
      const at = rank(first);
      if (at >= rank(later)) return false;
      closure ??= closureOf(edges, order, rank);
      return (((closure[later]?.[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1;
    },
  };
}

/** One row per unit: bit r is set when the unit of rank r precedes it. A row has bits only for lower ranks. */
function closureOf(
  edges: Edges,
  order: readonly number[],
  rank: (unit: number) => number,
): Uint32Array[] {
  const rows: Uint32Array[] = new Array(edges.length);
  for (const [at, unit] of order.entries()) {
    const row = new Uint32Array((at >>> 5) + 1);
    for (const dep of edges[unit] ?? []) {
      const known = rows[dep];
      if (known === undefined) continue;
      for (let word = 0; word < known.length; word++)
        row[word] = (row[word] ?? 0) | (known[word] ?? 0);
      const bit = rank(dep);
      row[bit >>> 5] = (row[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
    rows[unit] = row;
  }
  return rows;
}

/** Maximum number of proposals that are checked; there are none beyond it. */
const proposalsMax = 200;

/** Dependencies that diagnostics of one plan propose. All of them together make no cycle. */
export class ProposedDependencies {
  readonly #edges: Edges;
  readonly #proposed = new Map<number, Set<number>>();
  #count = 0;

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  /** Proposes that `unit` depends on `dep`. False when that would close a cycle with the plan and earlier proposals. */
  propose(unit: number, dep: number): boolean {
    const own = this.#proposed.get(unit) ?? new Set<number>();
    if (own.has(dep)) return true;
    if (this.#count === proposalsMax || this.#reaches(dep, unit)) return false;
    this.#count++;
    this.#proposed.set(unit, own.add(dep));
    return true;
  }

  #reaches(from: number, to: number): boolean {
    const seen = new Set<number>();
    const stack = [from];
    for (let unit = stack.pop(); unit !== undefined; unit = stack.pop()) {
      if (unit === to) return true;
      if (seen.has(unit)) continue;
      seen.add(unit);
      stack.push(...(this.#edges[unit] ?? []), ...(this.#proposed.get(unit) ?? []));
    }
    return false;
  }
}
