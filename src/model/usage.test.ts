import { expect, test } from "bun:test";
import { costOf } from "./usage.ts";

const usage = { promptTokens: 1_000_000, cachedTokens: 400_000, completionTokens: 100_000 };

test("cached tokens are charged at the cached price only", () => {
  expect(costOf(usage, { input: 2, cached: 0.5, output: 10 })).toBeCloseTo(1.2 + 0.2 + 1);
});

test("the cost is null without a price", () => {
  expect(costOf(usage, null)).toBeNull();
});
