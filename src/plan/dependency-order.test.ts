import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { precedenceOf, topologicalOrder } from "./dependency-order.ts";

describe("orderOf", () => {
  test("puts dependencies first and keeps the given order otherwise", () => {
    expect(topologicalOrder([[2], [], [1]]).order).toEqual([1, 2, 0]);
    expect(topologicalOrder([[], [], []]).order).toEqual([0, 1, 2]);
  });

  test("gives each cycle as the path one walks (E7)", () => {
    // 0 -> 1 -> 2 -> 0, and 3 -> 4 -> 3 behind it, 5 outside.
    expect(topologicalOrder([[1], [2], [0], [0, 4], [3], [3]]).cycles).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  test("finds a cycle of one unit", () => {
    expect(topologicalOrder([[0]]).cycles).toEqual([[0]]);
  });

  test("a chain of 100,000 units is no problem (E7)", () => {
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
  test("agrees with walking the graph", () => {
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
