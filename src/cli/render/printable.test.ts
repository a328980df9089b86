import { describe, expect, test } from "bun:test";
import { printable, printableJson } from "./printable.ts";

describe("printable", () => {
  test.each([
    ["plain\n\ttext é 日", "plain\n\ttext é 日"],
    ["\u001b[2Jgone", "\\u{1b}[2Jgone"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u009b2Jgone", "\\u{9b}2Jgone"],
    ["a\rb", "a\\u{d}b"],
    ["a\r\nb", "a\nb"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["half \ud800", "half \ufffd"],
  ])("%j is shown as %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test("a sequence that never ends hides nothing", () => {
    expect(printable("\u001b]0;title\nrejected: types")).toBe("\\u{1b}]0;title\nrejected: types");
  });

  test("what was made printable stays as it is", () => {
    const once = printable("\u001b]52;c;aGk=\u0007\u202e\u{e0041}");
    expect(printable(once)).toBe(once);
  });
});

describe("printableJson", () => {
  test.each([["plain é"], ["\u001b[2J\u009b2J\u007f"], ["\u202e\u2028\u{e0041}"]])(
    "%j is the same value, and ASCII where it would steer",
    (text) => {
      const json = printableJson(JSON.stringify({ text }));
      expect(JSON.parse(json)).toEqual({ text });
      expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    },
  );
});
