import { expect, test } from "bun:test";
import { parseResearch, researchCharsMax } from "./researcher.ts";

const evidence = [{ file: "a.ts", line: 3, text: "here" }];

test("an object is read as it is meant", () => {
  const given = {
    answer: "yes",
    evidence: [...evidence, "odd", { file: 1 }],
    open_questions: ["why"],
  };
  expect(parseResearch(given, "summary")).toEqual({
    answer: "yes",
    evidence,
    openQuestions: ["why"],
  });
});

test("without an object the summary is the answer", () => {
  expect(parseResearch(undefined, "plain")).toEqual({
    answer: "plain",
    evidence: [],
    openQuestions: [],
  });
});

test("JSON in the summary is found", () => {
  const text = `\`\`\`json\n${JSON.stringify({ answer: "yes", evidence })}\n\`\`\``;
  expect(parseResearch(undefined, text)).toMatchObject({ answer: "yes", evidence });
});

test("the result is bounded, whatever it is made of", () => {
  const huge = {
    answer: '"'.repeat(100_000),
    evidence: Array(99).fill({ file: "f", text: "t".repeat(1999) }),
  };
  expect(JSON.stringify(parseResearch(huge, "")).length).toBeLessThanOrEqual(researchCharsMax);
});
