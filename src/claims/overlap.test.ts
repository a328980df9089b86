import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { covers } from "./cover.ts";
import { claimIndex, overlaps } from "./overlap.ts";
import { type Claim, parseClaims } from "./path.ts";

function claim(text: string): Claim {
  const [parsed] = parseClaims([text]);
  if (parsed === undefined) throw new Error(`bad claim ${text}`);
  return parsed;
}

/** Pairs of owners with overlapping claims, the lower owner first. */
function overlappingPairs(list: readonly Claim[]): string[] {
  const index = claimIndex<number>();
  for (const [owner, each] of list.entries()) index.add(each, owner);
  return list.flatMap((each, owner) =>
    [...index.overlapping(each)].flatMap(({ owners }) =>
      owners.filter((other) => other > owner).map((other) => `${owner} ${other}`),
    ),
  );
}

describe("overlaps", () => {
  test.each([
    ["src/a.py", "src/a.py"],
    ["src/a.py", "SRC/A.PY"],
    ["src/café.py", "src/cafe\u0301.py"],
    ["src", "src/a.py"],
    ["src/*.py", "src/a*"],
    ["src/*.py", "src/a.py"],
    ["src/**/a.py", "src/b/c/a.py"],
    ["src/[a-c].py", "src/[c-e].py"],
    ["src/[A-C].py", "src/b.py"],
    ["src/[!a-z]", "src/b"],
    ["app/[id]/x", "app/[id]"],
    ["**", ".env"],
    ["*/x", "src/*"],
    ["**/a.md", "**/b.py"],
  ])("%j and %j overlap", (a, b) => {
    expect([overlaps(claim(a), claim(b)), overlaps(claim(b), claim(a))]).toEqual([true, true]);
  });

  test.each([
    ["src/a.py", "src/b.py"],
    ["src/a", "src/ab"],
    ["src/*.py", "src/*.ts"],
    ["src/a*", "src/b*"],
    ["src/[a-c].py", "src/[d-e].py"],
    ["src/[!a-zA-Z]", "src/b"],
    ["src/?", "src/ab"],
    ["a/**", "b/**"],
  ])("%j and %j do not overlap", (a, b) => {
    expect([overlaps(claim(a), claim(b)), overlaps(claim(b), claim(a))]).toEqual([false, false]);
  });
});

const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 3 }),
  },
  { weight: 1, arbitrary: fc.constant("**") },
  { weight: 1, arbitrary: fc.constantFrom("[ab]", "[!a]", "[a]b") },
);
const claims = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((parts) => claim(parts.join("/")));

/** Sample paths of up to three names; all paths over the alphabet would be too many. */
const paths = (() => {
  const names = [
    "a",
    "b",
    "c",
    "aa",
    "ab",
    "ba",
    "bb",
    "ac",
    "ca",
    "aab",
    "aba",
    "abb",
    "bab",
    "baa",
    "aaa",
    "bbb",
    "bba",
    "cab",
  ];
  const found: string[] = [];
  for (const x of names) {
    found.push(x);
    for (const y of names) {
      found.push(`${x}/${y}`);
      for (const z of ["a", "b", "ab", "bb"]) found.push(`${x}/${y}/${z}`);
    }
  }
  return found;
})();

describe("overlaps of random claims", () => {
  test("overlap is symmetric, and every claim overlaps itself", () => {
    fc.assert(
      fc.property(claims, claims, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        expect(overlaps(a, a)).toBe(true);
      }),
    );
  });

  test("two claims that cover a common path overlap", () => {
    fc.assert(
      fc.property(claims, claims, fc.constantFrom(...paths), (a, b, path) => {
        fc.pre(covers(a, path) && covers(b, path));
        expect(overlaps(a, b)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("two claims overlap exactly when a sample path is covered by both", () => {
    const plain = fc.array(
      fc
        .string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 2 })
        .filter((s) => s !== "**"),
      { minLength: 1, maxLength: 2 },
    );
    fc.assert(
      fc.property(plain, plain, (x, y) => {
        const [a, b] = [claim(x.join("/")), claim(y.join("/"))];
        const shared = paths.some((path) => covers(a, path) && covers(b, path));
        expect(overlaps(a, b)).toBe(shared);
      }),
      { numRuns: 300 },
    );
  });

  test("a claim index finds the same overlaps as a comparison of every pair", () => {
    fc.assert(
      fc.property(fc.array(claims, { maxLength: 12 }), (list) => {
        const expected = list.flatMap((x, i) =>
          list.flatMap((y, j) => (j > i && overlaps(x, y) ? [`${i} ${j}`] : [])),
        );
        expect(overlappingPairs(list).sort()).toEqual(expected.sort());
      }),
    );
  });

  // A comparison of all pairs would exceed the time limit.
  test("a claim index finds the overlaps of 100,000 claims within the time limit", () => {
    const list = Array.from({ length: 100_000 }, (_, i) =>
      claim(i % 10 === 0 ? `pkg${i}/**/x${i}.ts` : `pkg${i}/src/file${i}.ts`),
    );
    expect(overlappingPairs(list)).toEqual([]);
  });
});
