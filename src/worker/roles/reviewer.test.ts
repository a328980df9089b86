import { describe, expect, test } from "bun:test";
import { parseReviewVerdict } from "./reviewer.ts";

const approve = '{"approved": true, "issues": []}';
const reject = '{"approved": false, "issues": [{"file": "a.ts", "line": 3, "text": "wrong"}]}';
const fenced = (json: string) => `Here is my verdict:\n\`\`\`json\n${json}\n\`\`\`\n`;

describe("review verdict", () => {
  test.each<[string, unknown]>([
    ["an object", JSON.parse(approve)],
    ["JSON text", approve],
    ["fenced JSON", fenced(approve)],
    ["the word alone", "Approved."],
  ])("A16 %s approves", (_, answer) => {
    expect(parseReviewVerdict(answer)?.approved).toBe(true);
  });

  test.each<[string, unknown]>([
    ["an object", JSON.parse(reject)],
    ["fenced JSON", fenced(reject)],
    ["an object with JSON text in it", { summary: fenced(reject) }],
    ["NOT approved", "NOT approved"],
    ["I cannot approve this", "I cannot approve this"],
    ["not yet approved", "This is not yet approved."],
    ["disapproved", "Disapproved"],
    ["an approval quoted before a rejection", `${approve}\nbut really ${reject}`],
    ["an approval quoted after a rejection", `${reject}\nunlike ${approve}`],
  ])("A16 %s rejects", (_, answer) => {
    expect(parseReviewVerdict(answer)?.approved).toBe(false);
  });

  test.each<[string, unknown]>([
    ["prose with the word in it", "The tests approved by the team look fine"],
    ["an approval quoted from the change", `The file has ${approve} in it, which is odd.`],
    ["approved as text", { approved: "true" }],
    ["an empty text", ""],
    ["null", null],
    ["a list", [true]],
    ["broken JSON", '{"approved": true'],
  ])("A16 %s is not a verdict", (_, answer) => {
    expect(parseReviewVerdict(answer)).toBeNull();
  });

  test("issues are read from strings and from objects", () => {
    const issues = ["plain", { path: "b.ts", message: "odd", line: 2 }, { other: 1 }];
    expect(parseReviewVerdict({ approved: false, issues })?.issues).toEqual([
      { file: null, line: null, text: "plain" },
      { file: "b.ts", line: 2, text: "odd" },
      { file: null, line: null, text: '{"other":1}' },
    ]);
  });

  test("C13 issues are kept up to the size limit and the rest is counted", () => {
    const issues = Array(2000).fill({ file: "a.ts", text: "\u4e2d".repeat(1000) });
    const kept = parseReviewVerdict({ approved: false, issues })?.issues ?? [];
    expect(kept.length).toBe(6);
    expect(kept.at(-1)?.text).toBe("1995 more issues were left out");
  });
});
