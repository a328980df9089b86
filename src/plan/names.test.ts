import { expect, test } from "bun:test";
import { isSafeName, safeName } from "./names.ts";

test.each(["a", "A-1", "0_x", "rate-limiter"])("C10 %s is a safe name", (name) => {
  expect(isSafeName(name)).toBe(true);
});

test.each(["", ".", "..", "../x", "a/b", "a\\b", "-a", "_a", "a.b", "a b", "ä", "a\n", "archive"])(
  "C10 %j is not a safe name",
  (name) => {
    expect(isSafeName(name)).toBe(false);
  },
);

test.each([
  ["Rate limiter", "Rate-limiter"],
  ["../../etc/passwd", "etc-passwd"],
  ["/abs", "abs"],
  ["Größe ändern", "Gro-e-andern"],
  ["\u0000\u001b[31m", "31m"],
  ["archive", "plan"],
  ["日本", "plan"],
  ["--", "plan"],
  ["x".repeat(200), "x".repeat(50)],
])("C10 the safe name of %j is %s", (text, name) => {
  expect(safeName(text, "plan")).toBe(name);
  expect(isSafeName(name)).toBe(true);
});
