/** Order among units: topological, cycles as their real path, and who comes before whom. Pure. */

export interface Graph {
  ids: readonly string[];
  deps: ReadonlyMap<string, readonly string[]>;
}

/** Units so that each comes after its dependencies, otherwise as given; cyclic ones are left out. */
export function topological(graph: Graph): string[] {
  const waiting = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  for (const id of graph.ids) {
    const deps = new Set(graph.deps.get(id));
    waiting.set(id, deps.size);
    for (const dep of deps) {
      const list = dependents.get(dep) ?? [];
      list.push(id);
      dependents.set(dep, list);
    }
  }
  const position = new Map(graph.ids.map((id, at) => [id, at]));
  const ready = new Heap(
    graph.ids.filter((id) => waiting.get(id) === 0),
    position,
  );
  const order: string[] = [];
  for (let id = ready.take(); id !== undefined; id = ready.take()) {
    order.push(id);
    for (const dependent of dependents.get(id) ?? []) {
      const left = (waiting.get(dependent) ?? 0) - 1;
      waiting.set(dependent, left);
      if (left === 0) ready.add(dependent);
    }
  }
  return order;
}

/** The first id in plan order comes out first. */
class Heap {
  readonly #items: string[] = [];
  readonly #position: ReadonlyMap<string, number>;

  constructor(items: readonly string[], position: ReadonlyMap<string, number>) {
    this.#position = position;
    for (const item of items) this.add(item);
  }

  add(item: string): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#rank(above) <= this.#rank(at)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  take(): string | undefined {
    const items = this.#items;
    if (items.length === 0) return undefined;
    this.#swap(0, items.length - 1);
    const top = items.pop();
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < items.length && this.#rank(left) < this.#rank(least)) least = left;
      if (right < items.length && this.#rank(right) < this.#rank(least)) least = right;
      if (least === at) return top;
      this.#swap(at, least);
      at = least;
    }
  }

  #rank(at: number): number {
    return this.#position.get(this.#items[at] ?? "") ?? 0;
  }

  #swap(a: number, b: number): void {
    const items = this.#items;
    [items[a], items[b]] = [items[b] as string, items[a] as string];
  }
}

/** One cycle per strongly tied knot, each as the path one walks: `a -> b -> a` is `[a, b, a]`. */
export function cycles(graph: Graph): string[][] {
  const done = new Set(topological(graph));
  const found: string[][] = [];
  for (const start of graph.ids) {
    if (done.has(start)) continue;
    const path: string[] = [];
    const at = new Map<string, number>();
    let id: string | undefined = start;
    // Every unit left over depends on another one left over: walking back must meet itself.
    while (id !== undefined && !at.has(id) && !done.has(id)) {
      at.set(id, path.length);
      path.push(id);
      id = graph.deps.get(id)?.find((dep) => !done.has(dep));
    }
    for (const seen of path) done.add(seen);
    if (id !== undefined && at.has(id)) found.push([...path.slice(at.get(id)), id]);
  }
  return found;
}

/** Answers whether one unit must come before another. Walks back from the later one, no further than needed. */
export function precedence(graph: Graph): (first: string, later: string) => boolean {
  const position = new Map(topological(graph).map((id, at) => [id, at]));
  const known = new Map<string, boolean>();
  return (first, later) => {
    const key = `${first}\n${later}`;
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    const limit = position.get(first) ?? 0;
    const seen = new Set<string>();
    const stack = [later];
    let found = false;
    for (let id = stack.pop(); id !== undefined && !found; id = stack.pop()) {
      for (const dep of graph.deps.get(id) ?? []) {
        if (dep === first) {
          found = true;
          break;
        }
        if (seen.has(dep) || (position.get(dep) ?? 0) <= limit) continue;
        seen.add(dep);
        stack.push(dep);
      }
    }
    known.set(key, found);
    return found;
  };
}
