import { describe, expect, test } from "bun:test";
import { assignedValues, secretRemover, secretRemovingStream } from "./secrets.ts";

describe("assignedValues", () => {
  test.each([
    ["KEY=abcdefgh", ["abcdefgh"]],
    ["KEY=abcdefg", []],
    ["  export A.B-c = 'with # hash'  ", ["with # hash"]],
    ['A="two words" # a comment', ["two words"]],
    ["A=value123   # a comment", ["value123"]],
    ["A=`in backticks`", ["in backticks"]],
    ["# A=commented-out", []],
    [
      'PEM="-----BEGIN X-----\nMIIEabcd\n-----END X-----"',
      ["-----BEGIN X-----", "MIIEabcd", "-----END X-----"],
    ],
    ['PEM="first-line\\nsecond-line"', ["first-line\\nsecond-line", "first-line", "second-line"]],
    ["DB=postgres://u:hunter22@host/db", ["postgres://u:hunter22@host/db", "hunter22"]],
    ["A=windows-1\r\nB=windows-2\r\n", ["windows-1", "windows-2"]],
    ["no assignment here", []],
  ])("F2 values of %j", (text, values) => {
    expect(assignedValues(text)).toEqual(values);
  });
});

describe("secretRemover", () => {
  test("F2 secrets are replaced in every spelling, one within another as a whole", () => {
    const remove = secretRemover(["p@ssword1", "p@ssword1-and-more", "short"]);
    const hex = Buffer.from("p@ssword1").toString("hex");
    expect(remove(`p@ssword1-and-more p%40ssword1 ${hex} ${btoa("p@ssword1")} short`)).toBe(
      "[redacted] [redacted] [redacted] [redacted] short",
    );
  });

  test("F2 a secret that arrives in two chunks is replaced", () => {
    const out: string[] = [];
    const stream = secretRemovingStream(["secret-äö-1"], (chunk) =>
      out.push(`${Buffer.from(chunk)}`),
    );
    for (const byte of Buffer.from("a secret-äö-1\nthen secret-äö-1"))
      stream.write(Buffer.from([byte]));
    stream.end();
    expect(out.join("")).toBe("a [redacted]\nthen [redacted]");
  });
});
