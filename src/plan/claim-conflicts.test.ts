import { expect, test } from "bun:test";
import fc from "fast-check";
import { overlaps } from "../claims/overlap.ts";
import { parseClaims } from "../claims/path.ts";
import {
  type ClaimConflict,
  claimsByOwner,
  readConflicts,
  writeConflicts,
} from "./claim-conflicts.ts";
import { precedenceOf, topologicalOrder } from "./dependency-order.ts";
import { type ClaimKind, type PlanTask, writeKinds } from "./plan.ts";

const paths = fc.constantFrom("a", "a/b", "a/*", "a/[bc]", "b", "**/c", "b/c", "A");
const kinds = fc.constantFrom<ClaimKind>("edit", "create", "read");

/** A plan of up to nine tasks: the dependencies (on earlier tasks) and claims of each. */
const plans = fc.array(
  fc.record({
    deps: fc.uniqueArray(fc.nat(8), { maxLength: 2 }),
    claims: fc.array(fc.tuple(kinds, paths), { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 2, maxLength: 9 },
);

type Written = { deps: number[]; claims: [ClaimKind, string][] }[];

function setUp(written: Written) {
  const edges = written.map(({ deps }, index) => deps.filter((dep) => dep < index));
  const tasks = written.map(({ claims }, index) => {
    const parsed = claims.flatMap(([kind, text]) =>
      parseClaims([text]).map((claim) => ({ kind, text, claim })),
    );
    return { index, id: `t${index}`, parsed } as unknown as PlanTask;
  });
  const precedence = precedenceOf(edges, topologicalOrder(edges).order);
  const independent = (a: number, b: number): boolean =>
    a !== b && !precedence.precedes(a, b) && !precedence.precedes(b, a);
  return { tasks, precedence, independent };
}

function pairs(shared: ClaimConflict[], ordered: boolean): string[] {
  const found = shared.flatMap(({ owned, others }) =>
    others.map(({ task }) =>
      ordered ? `${owned.task.id} ${task.id}` : [owned.task.id, task.id].sort().join(" "),
    ),
  );
  return [...new Set(found)].sort();
}

/** Conflicting pairs of tasks, found by comparing every pair. */
function bruteForce(
  { tasks, independent }: ReturnType<typeof setUp>,
  ours: readonly ClaimKind[],
  ordered: boolean,
): string[] {
  const found = tasks.flatMap((a) =>
    tasks
      .filter((b) => independent(a.index, b.index))
      .filter((b) =>
        a.parsed.some(
          (x) =>
            ours.includes(x.kind) &&
            b.parsed.some((y) => y.kind !== "read" && overlaps(x.claim, y.claim)),
        ),
      )
      .map((b) => (ordered ? `${a.id} ${b.id}` : [a.id, b.id].sort().join(" "))),
  );
  return [...new Set(found)].sort();
}

test("writeConflicts finds the same conflicts as a comparison of every pair", () => {
  fc.assert(
    fc.property(plans, (written) => {
      const plan = setUp(written);
      const writes = claimsByOwner(plan.tasks, writeKinds, plan.precedence);
      const found = pairs(writeConflicts(plan.tasks, writes, plan.precedence), false);
      const expected = bruteForce(plan, writeKinds, false);
      expect(expected).toEqual(expect.arrayContaining(found));
      expect(found.length > 0).toBe(expected.length > 0);
    }),
    { numRuns: 400 },
  );
});

test("readConflicts finds the same readers as a comparison of every pair", () => {
  fc.assert(
    fc.property(plans, (written) => {
      const plan = setUp(written);
      const writes = claimsByOwner(plan.tasks, writeKinds, plan.precedence);
      const reads = claimsByOwner(plan.tasks, ["read"], plan.precedence);
      const found = pairs(readConflicts(plan.tasks, { reads, writes }, plan.precedence), true);
      const expected = bruteForce(plan, ["read"], true);
      expect(expected).toEqual(expect.arrayContaining(found));
      const readers = (list: string[]): string[] => [
        ...new Set(list.map((pair) => pair.split(" ")[0] ?? "")),
      ];
      expect(readers(found)).toEqual(readers(expected));
    }),
    { numRuns: 400 },
  );
});
