/** The semantic corpus follows its README: well-formed cases, and merges that are clean as text. */
import { describe, expect, test } from "bun:test";
import { type Case, kinds, languages, parseCase, readCorpus, type Tree } from "./corpus.ts";
import { mergeText } from "./merge.ts";

const corpus = readCorpus();
const heldOut = corpus.filter((one) => one.heldOut);
const tuned = corpus.filter((one) => !one.heldOut);

test("the corpus has enough cases of every language and origin", () => {
  expect(corpus.length).toBeGreaterThanOrEqual(66);
  expect(of("origin", "public-shape", corpus).length).toBeGreaterThanOrEqual(24);
  expect(of("kind", "text_conflict", corpus).length).toBeLessThanOrEqual(3);
  for (const language of languages) {
    const { length } = of("language", language, corpus);
    expect(length).toBeGreaterThanOrEqual(11);
    // A12: every language has an attempt that leaves a caller behind while the target is unchanged.
    const alone = of("language", language, of("kind", "signature_drift", corpus)).filter(
      (one) => changed(one.base, one.ours).length === 0,
    );
    expect(alone).not.toEqual([]);
  }
});

test.each([
  ["held-out", heldOut],
  ["tuned", tuned],
])("the %s cases have both outcomes in every language, and every kind", (_, part) => {
  for (const language of languages) {
    expect(of("expect", "conflict", of("language", language, part))).not.toEqual([]);
    expect(of("expect", "innocent", of("language", language, part))).not.toEqual([]);
  }
  for (const kind of kinds) expect(of("kind", kind, part)).not.toEqual([]);
  const innocent = of("expect", "innocent", part).length / part.length;
  expect(innocent).toBeGreaterThan(0.4);
  expect(innocent).toBeLessThan(0.6);
});

test("the cases of a language are numbered from 1, and every third one is held out", () => {
  for (const language of languages) {
    const cases = of("language", language, corpus);
    const numbers = cases.map(({ path }) => Number(/\d+/.exec(path)?.[0]));
    expect(numbers).toEqual(cases.map((_, index) => index + 1));
    expect(cases.map((one) => one.heldOut)).toEqual(numbers.map((one) => one % 3 === 0));
  }
});

describe("corpus cases", () => {
  test.each(corpus.map((one) => [one.path, one] as const))(
    "the corpus case %s is well-formed",
    (_, one) => {
      expect(one.path).toMatch(new RegExp(`^${one.language}/\\d\\d-[a-z0-9-]+\\.txt$`));
      expect(one.base.size).toBeGreaterThan(0);
      expect(one.shape).toMatch(/\.$/);
      // The attempt always changes something; the target may be unchanged.
      expect(changed(one.base, one.theirs)).not.toEqual([]);
      if (one.symbol !== null && one.kind !== "text_conflict") {
        expect(mentions(one, one.symbol)).toBe(true);
      }
    },
  );

  test.each(corpus.map((one) => [one.path, one] as const))(
    "the corpus case %s merges as text unless it is a text conflict",
    (_, one) => {
      const { conflicts } = mergeText(one);
      if (one.kind === "text_conflict") expect(conflicts).not.toEqual([]);
      else expect(conflicts).toEqual([]);
    },
  );
});

test.each([
  ["no sections", "language: go", 'x.txt: no file section; write "-- base/<path> --"'],
  [
    "a line that is not a field",
    "language: go\nhello\n-- base/a --",
    'x.txt:2: expected "field: value"',
  ],
  [
    "a file written twice",
    "language: go\n-- base/a --\n1\n-- base/a --\n2",
    "x.txt:4: a is written twice",
  ],
  [
    "a kind in an innocent case",
    "language: go\norigin: written\nshape: s.\nexpect: innocent\nkind: text_conflict\n-- base/a --\n",
    'x.txt: "kind" is only for cases that conflict',
  ],
])("a corpus case with %s is rejected by name and line", (_, text, message) => {
  expect(() => parseCase("x.txt", text)).toThrow(message);
});

test("a side overlays the base, and deleted files are absent from it", () => {
  const text = [
    "language: go\norigin: written\nshape: s.\nexpect: innocent",
    "-- base/a --\n1",
    "-- base/b --\n2",
    "-- theirs/a --\n(deleted)",
    "-- theirs/c --\n3",
  ].join("\n");
  const { base, ours, theirs } = parseCase("x.txt", text);
  expect(Object.fromEntries(base)).toEqual({ a: "1\n", b: "2\n" });
  expect(ours).toEqual(base);
  expect(Object.fromEntries(theirs)).toEqual({ b: "2\n", c: "3\n" });
});

/** Cases with one value in a field. */
function of<Name extends "language" | "origin" | "expect" | "kind">(
  name: Name,
  value: Case[Name],
  cases: readonly Case[],
): Case[] {
  return cases.filter((one) => one[name] === value);
}

/** Paths with different texts in two trees. */
function changed(from: Tree, to: Tree): string[] {
  const paths = new Set([...from.keys(), ...to.keys()]);
  return [...paths].filter((path) => from.get(path) !== to.get(path));
}

/** True when a name occurs in the text or the path of a file that a side of the case changed. */
function mentions(one: Case, name: string): boolean {
  return [one.ours, one.theirs].some((side) =>
    changed(one.base, side).some((path) =>
      [path, one.base.get(path), side.get(path)].some((text) => text?.includes(name)),
    ),
  );
}
