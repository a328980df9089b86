import { describe, expect, test } from "bun:test";
import { type AnswerPart, readAnswer } from "./answer-body.ts";

/** The parts of a text that comes in pieces of `size` bytes. */
async function partsOf(text: string, size = 1): Promise<AnswerPart[]> {
  const bytes = new TextEncoder().encode(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  }
  return Array.fromAsync(readAnswer(pieces()));
}

const chunk = (value: unknown): AnswerPart => ({ kind: "chunk", value, whole: false });
const done: AnswerPart = { kind: "done" };

describe("readAnswer", () => {
  test.each<[string, string, AnswerPart[]]>([
    [
      "events",
      'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n',
      [chunk({ a: 1 }), chunk({ a: 2 }), done],
    ],
    ["carriage returns", 'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n', [chunk({ a: 1 }), done]],
    ["a byte order mark", '\ufeffdata: {"a":1}\n\n', [chunk({ a: 1 })]],
    [
      "comments, ids and retries",
      ': alive\n\nid: 7\nretry: 3\ndata: {"a":1}\n\n',
      [chunk({ a: 1 })],
    ],
    ["no space after the colon", 'data:{"a":1}\n\n', [chunk({ a: 1 })]],
    ["one event over two lines", 'data: {"a":\ndata: 1}\n\n', [chunk({ a: 1 })]],
    [
      "events without a line between them",
      'data: {"a":1}\ndata: {"a":2}\n\n',
      [chunk({ a: 1 }), chunk({ a: 2 })],
    ],
    ["no end of the last line", 'data: {"a":1}', [chunk({ a: 1 })]],
    ["letters of several bytes", 'data: {"a":"ü🙂"}\n\n', [chunk({ a: "ü🙂" })]],
    ["a named error", 'event: error\ndata: {"m":1}\n\n', [{ kind: "error", value: { m: 1 } }]],
    [
      "an error that is no JSON",
      "error: out of memory\n\n",
      [{ kind: "error", value: "out of memory" }],
    ],
    ["empty data", "data:\n\ndata: [DONE]\n\n", [done]],
    ["a document", '\n\n {"a":\n\n1}', [{ kind: "chunk", value: { a: 1 }, whole: true }]],
    ["nothing", "", []],
    ["a web page", "<html>\n<body>data</body>\n\n", []],
  ])("reads %s, however it is cut into pieces", async (_, text, wanted) => {
    for (const size of [1, 2, 7, 1000]) expect(await partsOf(text, size)).toEqual(wanted);
  });

  test.each([
    ["an event", 'data: {"a\n\n'],
    ["a document", '{"a":'],
  ])("throws at %s that is cut", (_, text) => {
    expect(partsOf(text)).rejects.toThrow(SyntaxError);
  });
});
