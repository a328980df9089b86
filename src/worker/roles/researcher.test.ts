import { expect, test } from "bun:test";
import { parseResearchResult, researchBytesMax } from "./researcher.ts";

const evidence = [{ file: "a.ts", line: 3, text: "here" }];

test("an object is read, without malformed evidence", () => {
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

test("the summary is the answer when there is no object", () => {
  expect(parseResearchResult(undefined, "plain")).toEqual({
    answer: "plain",
    evidence: [],
    openQuestions: [],
  });
});

test("a JSON object in the summary is the result", () => {
  const text = `\`\`\`json\n${JSON.stringify({ answer: "yes", evidence })}\n\`\`\``;
  expect(parseResearchResult(undefined, text)).toMatchObject({ answer: "yes", evidence });
});

test.each([
  ["quotes", '"'.repeat(100_000), "t"],
  ["multi-byte characters", "\u{1F600}".repeat(50_000), "\u4e2d"],
  ["control characters", "\u0001".repeat(100_000), "\u0001"],
])("C13 a result of %s is bounded in bytes", (_, answer, text) => {
  const huge = {
    answer,
    evidence: Array(99).fill({ file: "f", text: text.repeat(1999) }),
    open_questions: Array(99).fill(answer),
  };
  const result = parseResearchResult(huge, "");
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(researchBytesMax);
  expect(result.answer.length).toBeGreaterThan(1000);
});

test("evidence is kept up to the size limit", () => {
  const many = Array(99).fill({ file: "a.ts", line: 1, text: "x".repeat(1000) });
  const { evidence: kept } = parseResearchResult({ answer: "yes", evidence: many }, "");
  expect(kept.length).toBe(31);
});
