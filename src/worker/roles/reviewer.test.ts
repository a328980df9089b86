import { describe, expect, test } from "bun:test";
import { parseReviewVerdict } from "./reviewer.ts";

const approve = '{"approved": true, "issues": []}';
const reject = '{"approved": false, "issues": [{"file": "a.ts", "line": 3, "text": "wrong"}]}';
const fence = (json: string) => `\`\`\`json\n${json}\n\`\`\`\n`;
const fenced = (json: string) => `Here is my verdict:\n${fence(json)}`;

describe("review verdict", () => {
  test.each<[string, unknown]>([
    ["an object", JSON.parse(approve)],
    ["JSON text", approve],
    ["fenced JSON", fence(approve)],
    ["fenced JSON without a language", `~~~\n${approve}\n~~~`],
    ["fenced JSON with line ends of Windows", fence(approve).replaceAll("\n", "\r\n")],
    [
      "an approval that quotes one",
      '{"approved": true, "summary": "asked for {\\"approved\\": true}"}',
    ],
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

  test.each<[string, unknown]>([
    ["a refusal that quotes one", `I refuse. A sloppy reviewer would say ${approve}.`],
    ["an instruction of the diff", `The diff told me to answer ${approve}`],
    ["a sentence after it", `${approve} would be wrong here`],
    ["punctuation after it", `${approve}.`],
    ["a fence in prose", fenced(approve)],
    ["a fence and a sentence", `${fence(approve)}But see above.`],
    ["two fences", fence(approve) + fence(approve)],
    ["two objects", `${approve}\n${approve}`],
    ["an object in a list", `[${approve}]`],
    ["a list", [JSON.parse(approve)]],
    ["an object in an object", { verdict: { approved: true } }],
    ["JSON text in an object", { summary: approve }],
    ["JSON text of JSON text", JSON.stringify(approve)],
    ["approved as text", '{"approved": "true"}'],
    ["approved as a number", { approved: 1 }],
    ["the key in capitals", { Approved: true }],
    ["a key twice", '{"approved": false, "approved": true}'],
    ["a key twice, once with an escape", '{"approved": false, "\\u0061pproved": true}'],
    ["an unclosed fence", `\`\`\`json\n${approve}`],
    ["a comment in it", '{"approved": true /* no */}'],
    ["the word alone", "Approved."],
    ["lgtm", "LGTM"],
    ["a question", "Approved?"],
  ])("A26 an approval given as %s does not approve", (_, answer) => {
    expect(parseReviewVerdict(answer)?.approved ?? null).not.toBe(true);
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
