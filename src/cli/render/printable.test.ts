import { expect, test } from "bun:test";
import { printable } from "./printable.ts";

test.each([
  ["plain\n\ttext é 日", "plain\n\ttext é 日"],
  ["\u001b[2Jgone", "\\u{1b}[2Jgone"],
  ["a\rb", "a\\u{d}b"],
  ["\u202egnp.exe", "\\u{202e}gnp.exe"],
  ["half \ud800", "half \ufffd"],
])("%j is shown as %j", (text, shown) => {
  expect(printable(text)).toBe(shown);
});
