import { expect, test } from "bun:test";
import { leavesRepository } from "./proof.ts";

test.each<[string, string, boolean]>([
  ["a", "b", false],
  ["a", "dir/b", false],
  ["d/a", "../b", false],
  ["d/e/a", "../../b", false],
  ["a", ".", false],
  ["a", "..", true],
  ["d/a", "../..", true],
  ["d/a", "../../b", true],
  ["a", "/etc/passwd", true],
  ["a", "", true],
  ["a", "link/../b", true],
  ["a", "./../b", true],
  ["a", ".git/config", true],
  ["d/a", "../.GIT", true],
  ["a", ".github/x", false],
])("C4: a link at %s to %p leaves the repository: %p", (path, target, expected) => {
  expect(leavesRepository(path, target)).toBe(expected);
});
