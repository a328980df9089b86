import { describe, expect, test } from "bun:test";
import { resolveUnit } from "./locate.ts";

const ids = [
  "tasks/main.add-feature",
  "tasks/main.add-tests",
  "docs/main.add-tests",
  "docs/v1.2.x",
];

describe("resolveUnit", () => {
  test.each([
    ["tasks/main.add-feature", "tasks/main.add-feature"],
    ["add-feature", "tasks/main.add-feature"],
    ["main.add-feature", "tasks/main.add-feature"],
    ["docs/main.add-tests", "docs/main.add-tests"],
    ["v1.2.x", "docs/v1.2.x"],
    ["x", "docs/v1.2.x"],
  ])("%j resolves to the unit %s", (typed, id) => {
    expect(resolveUnit(ids, typed)).toBe(id);
  });

  test.each([
    [["tasks/main.a"], "landed units are tasks/main.a"],
    [[], "there are no landed units"],
  ])("of the landed units %j it names those in its hint", (landed, hint) => {
    expect(() => resolveUnit(landed, "add-feature", "landed unit")).toThrow(
      expect.objectContaining({ message: "no landed unit add-feature", hint }),
    );
  });

  test.each([
    [
      "add-tests",
      "USAGE",
      "the unit add-tests is ambiguous: tasks/main.add-tests, docs/main.add-tests",
    ],
    ["add-feture", "NOT_FOUND", "no unit add-feture"],
    ["feature", "NOT_FOUND", "no unit feature"],
  ])("%j fails with %s", (typed, code, message) => {
    expect(() => resolveUnit(ids, typed)).toThrow(expect.objectContaining({ code, message }));
  });
});
