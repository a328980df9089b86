import { expect, test } from "bun:test";
import { signedOff } from "./objects.ts";

const identity = { name: "A <B>", email: "a@example.com" };
const line = "Signed-off-by: A B <a@example.com>";

test.each([
  ["a paragraph of its own", "fix: a", `fix: a\n\n${line}\n`],
  [
    "a paragraph of its own, when the subject looks like a trailer",
    "Fix: a\n",
    `Fix: a\n\n${line}\n`,
  ],
  [
    "a paragraph of its own below text",
    "fix: a\n\nWhy: so.\nMore.\n",
    `fix: a\n\nWhy: so.\nMore.\n\n${line}\n`,
  ],
  [
    "the trailers",
    "fix: a\n\nText.\n\nDgov-Plan: p\nDgov-Run: r\n",
    `fix: a\n\nText.\n\nDgov-Plan: p\nDgov-Run: r\n${line}\n`,
  ],
  ["trailers with a continued line", "a\n\nX-Y: 1\n 2\n", `a\n\nX-Y: 1\n 2\n${line}\n`],
  [
    "those of another person",
    "a\n\nSigned-off-by: C <c@d>",
    `a\n\nSigned-off-by: C <c@d>\n${line}\n`,
  ],
  ["nothing twice", `a\n\n${line}\nX-Y: 1\n`, `a\n\n${line}\nX-Y: 1\n`],
  [
    "a paragraph below its own quotation",
    `a\n\n${line}\n\nText.\n`,
    `a\n\n${line}\n\nText.\n\n${line}\n`,
  ],
  ["an empty message", "", `\n\n${line}\n`],
])("F9 a sign-off is added to %s", (_, message, expected) => {
  expect(signedOff(message, identity)).toBe(expected);
});
