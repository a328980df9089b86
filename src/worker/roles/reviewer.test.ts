import { describe, expect, test } from "bun:test";
import { parseReviewVerdict } from "./reviewer.ts";

const approve = '{"approved": true, "issues": []}';
const reject = '{"approved": false, "issues": [{"file": "a.ts", "line": 3, "text": "wrong"}]}';
const fenced = (json: string) => `Here is my verdict:\n\`\`\`json\n${json}\n\`\`\`\n`;

describe("A16 review verdict", () => {
  test.each<[string, unknown, boolean | null]>([
    ["an object", JSON.parse(approve), true],
    ["a rejecting object", JSON.parse(reject), false],
    ["JSON text", approve, true],
    ["fenced JSON", fenced(approve), true],
    ["a rejection in a fence", fenced(reject), false],
    ["an object holding JSON text", { summary: fenced(reject) }, false],
    ["the word alone", "Approved.", true],
    ["NOT approved", "NOT approved", false],
    ["I cannot approve this", "I cannot approve this", false],
    ["not yet approved", "This is not yet approved.", false],
    ["disapproved", "Disapproved", false],
    ["prose with the word in it", "The tests approved by the team look fine", null],
    ["a quoted approval before a rejection", `${approve}\nbut really ${reject}`, false],
    ["a rejection before a quoted approval", `${reject}\nunlike ${approve}`, false],
    ["an approval quoted from the change", `The file has ${approve} in it, which is odd.`, null],
    ["approved as text", { approved: "true" }, null],
    ["nothing", "", null],
    ["null", null, null],
    ["a list", [true], null],
    ["broken JSON", '{"approved": true', null],
  ])("%s gives the expected approval", (_, answer, approved) => {
    expect(parseReviewVerdict(answer)?.approved ?? null).toBe(approved);
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
