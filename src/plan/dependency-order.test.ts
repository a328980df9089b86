import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProposedDependencies, precedenceOf, topologicalOrder } from "./dependency-order.ts";

describe("topologicalOrder", () => {
  test("dependencies come first; units without a dependency between them keep their order", () => {
    expect(topologicalOrder([[2], [], [1]]).order).toEqual([1, 2, 0]);
    expect(topologicalOrder([[], [], []]).order).toEqual([0, 1, 2]);
  });

  test("each cycle is returned as a path along dependencies (E7)", () => {
    // Cycles 0 -> 1 -> 2 -> 0 and 3 -> 4 -> 3, which depends on the first; 5 is in none.
    expect(topologicalOrder([[1], [2], [0], [0, 4], [3], [3]]).cycles).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  test("a unit that depends on itself is a cycle", () => {
    expect(topologicalOrder([[0]]).cycles).toEqual([[0]]);
  });

  test("a chain of 100,000 units does not overflow the stack (E7)", () => {
    const edges = Array.from({ length: 100_000 }, (_, i) => (i === 99_999 ? [] : [i + 1]));
    const { order, cycles } = topologicalOrder(edges);
    expect([order[0], order.length, cycles]).toEqual([99_999, 100_000, []]);
  });
});

const dags = fc
  .integer({ min: 1, max: 40 })
  .chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, i) =>
        i === 0
          ? fc.constant([])
          : fc.uniqueArray(fc.integer({ min: 0, max: i - 1 }), { maxLength: 3 }),
      ),
    ),
  );

describe("precedenceOf", () => {
  test("precedence equals reachability in the graph", () => {
    fc.assert(
      fc.property(dags, (edges) => {
        const { order, cycles } = topologicalOrder(edges);
        expect(cycles).toEqual([]);
        const precedence = precedenceOf(edges, order);
        const reaches = (later: number, first: number): boolean =>
          (edges[later] ?? []).some((dep) => dep === first || reaches(dep, first));
        for (let a = 0; a < edges.length; a++) {
          for (let b = 0; b < edges.length; b++) {
            expect(precedence.precedes(a, b)).toBe(reaches(b, a));
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

test("E20 proposed dependencies make no cycle with each other or with the plan", () => {
  const all = fc.tuple(
    fc.array(fc.uniqueArray(fc.nat(5), { maxLength: 2 }), { minLength: 6, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(5), fc.nat(5))),
  );
  fc.assert(
    fc.property(all, ([written, wanted]) => {
      const edges = written.map((deps, unit) => deps.filter((dep) => dep < unit));
      const proposals = new ProposedDependencies(edges);
      const made = edges.map((deps) => [...deps]);
      for (const [unit, dep] of wanted) {
        const without = topologicalOrder(
          made.map((deps, at) => (at === unit ? [...deps, dep] : deps)),
        );
        const allowed = proposals.propose(unit, dep);
        expect(allowed).toBe(without.cycles.length === 0);
        if (allowed) made[unit]?.push(dep);
      }
    }),
  );
});
