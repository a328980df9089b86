/** The semantic gate on the corpus: each tuned case as expected, the held-out cases above the target rates. */
import { describe, expect, test } from "bun:test";
import { precisionOf, recallOf, scoreOf } from "../bench/semantic.ts";
import { checkCase } from "./check-case.ts";
import { readCorpus } from "./corpus.ts";

const cases = readCorpus();

describe("semantic gate on the corpus", () => {
  test.each(cases.filter(({ heldOut }) => !heldOut).map((one) => [one.path, one] as const))(
    "A11 A12 the semantic gate judges %s as expected",
    async (_path, one) => {
      const verdict = await checkCase(one);
      expect(verdict.rejected, verdict.messages.join("\n")).toBe(one.expect === "conflict");
      if (one.kind === null || one.symbol === null) return;
      expect(verdict.kinds).toContain(one.kind);
      expect(verdict.messages.join("\n")).toContain(one.symbol);
    },
  );

  test("A11 A12 the semantic gate reaches its target rates on the held-out cases", async () => {
    const score = await scoreOf(cases.filter(({ heldOut }) => heldOut));
    expect(score.innocentRejected).toBe(0);
    expect(precisionOf(score)).toBeGreaterThanOrEqual(0.95);
    expect(recallOf(score)).toBeGreaterThanOrEqual(0.9);
  });
});
