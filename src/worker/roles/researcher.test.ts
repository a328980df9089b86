import { expect, test } from "bun:test";
import { parseResearchResult, researchBytesMax } from "./researcher.ts";

const evidence = [{ file: "a.ts", line: 3, text: "here" }];

test("an object is read as it is meant", () => {
  const given = {
    answer: "yes",
    evidence: [...evidence, "odd", { file: 1 }],
    open_questions: ["why"],
  };
  expect(parseResearchResult(given, "summary")).toEqual({
    answer: "yes",
    evidence,
    openQuestions: ["why"],
  });
});

test("without an object the summary is the answer", () => {
  expect(parseResearchResult(undefined, "plain")).toEqual({
    answer: "plain",
    evidence: [],
    openQuestions: [],
  });
});

test("JSON in the summary is found", () => {
  const text = `\`\`\`json\n${JSON.stringify({ answer: "yes", evidence })}\n\`\`\``;
  expect(parseResearchResult(undefined, text)).toMatchObject({ answer: "yes", evidence });
});

test.each([
  ["quotes", '"'.repeat(100_000), "t"],
  ["bytes of a character", "\u{1F600}".repeat(50_000), "\u4e2d"],
  ["control characters", "\u0001".repeat(100_000), "\u0001"],
])("C13 the result is bounded in bytes, whatever it is made of: %s", (_, answer, text) => {
  const huge = {
    answer,
    evidence: Array(99).fill({ file: "f", text: text.repeat(1999) }),
    open_questions: Array(99).fill(answer),
  };
  const result = parseResearchResult(huge, "");
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(researchBytesMax);
  expect(result.answer.length).toBeGreaterThan(1000);
});

test("evidence stays as long as there is room for it", () => {
  const many = Array(99).fill({ file: "a.ts", line: 1, text: "x".repeat(1000) });
  const { evidence: kept } = parseResearchResult({ answer: "yes", evidence: many }, "");
  expect(kept.length).toBe(31);
});
