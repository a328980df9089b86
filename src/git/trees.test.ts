import { expect, test } from "bun:test";
import { cutText } from "./trees.ts";

test.each([
  ["abc", 4, "abc"],
  ["abcd", 4, "abcd"],
  ["abcde", 4, "abcd\n[... 1 bytes left out ...]\n"],
  ["abcé", 4, "abc\n[... 1 bytes left out ...]\n"],
])("%s in %d bytes is %j", (text, bytesMax, cut) => {
  expect(cutText(Buffer.from(text), bytesMax)).toBe(cut);
});
