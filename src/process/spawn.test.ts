import { expect, test } from "bun:test";
import { substitutePlaceholders } from "./spawn.ts";

test.each<[string, Record<string, string | string[]>, string]>([
  ["pytest {file}", { file: "a b.py" }, "pytest 'a b.py'"],
  ["x {files}", { files: ["a", "it's"] }, "x 'a' 'it'\\''s'"],
  ["x {files}", { files: [] }, "x "],
  ["x {file}", { file: "-rf" }, "x './-rf'"],
  ["x {file}", { file: "$(touch /tmp/x)" }, "x '$(touch /tmp/x)'"],
  ["x {file} {other} $HOME", { file: "{other}" }, "x '{other}' {other} $HOME"],
  ["x {toString}", {}, "x {toString}"],
  ["x {constructor} {__proto__}", { file: "a" }, "x {constructor} {__proto__}"],
])("substitutePlaceholders turns %p with %p into %p", (command, values, expected) => {
  expect(substitutePlaceholders(command, values)).toBe(expected);
});
