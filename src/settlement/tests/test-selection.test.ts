import { describe, expect, test } from "bun:test";
import type { ImportGraph } from "../../syntax/import-graph.ts";
import { type ChangedPath, chooseTests, testFiles } from "./test-selection.ts";

/** A graph in which `users` depend on what changes, and `known` files are imported by somebody. */
function graph(users: string[], known: string[] = []): ImportGraph {
  return {
    uses: () => new Set(),
    usedBy: (path) => new Set(known.includes(path) ? ["somebody"] : []),
    dependentsOf: () => new Set(users),
  };
}

const edited = (path: string): ChangedPath => ({ path, onBase: true, inTree: true });
const added = (path: string): ChangedPath => ({ path, onBase: false, inTree: true });
const deleted = (path: string): ChangedPath => ({ path, onBase: true, inTree: false });

describe("choosing tests", () => {
  const tests = new Set(["p/test_a.py", "p/test_b.py"]);
  test.each<[string, ChangedPath[], ImportGraph, string[], string[], string | null]>([
    [
      "who reaches it",
      [edited("p/a.py")],
      graph(["p/a2.py", "p/test_a.py"]),
      ["test_a.py"],
      ["test_a.py"],
      null,
    ],
    ["a new test", [added("p/test_b.py")], graph([]), ["test_b.py"], [], null],
    [
      "A7 a deleted test",
      [deleted("p/test_c.py")],
      graph([]),
      [],
      [],
      "no test imports a changed file",
    ],
    ["A6 nobody", [edited("p/a.py")], graph(["p/a2.py"]), [], [], "no test imports a changed file"],
    [
      "A6 the unseen",
      [edited("p/test_a.py"), edited("Makefile")],
      graph([]),
      [],
      [],
      "cannot determine the tests affected by Makefile",
    ],
    [
      "A6 a script",
      [edited("p/test_a.py"), edited("x.sh")],
      graph([]),
      [],
      [],
      "cannot determine the tests affected by x.sh",
    ],
    [
      "imported data",
      [edited("p/x.json")],
      graph(["p/test_a.py"], ["p/x.json"]),
      ["test_a.py"],
      ["test_a.py"],
      null,
    ],
    [
      "prose",
      [edited("README.md"), edited("p/test_a.py")],
      graph([]),
      ["test_a.py"],
      ["test_a.py"],
      null,
    ],
  ])("%s", (_what, changed, imports, files, onBase, full) => {
    const chosen = chooseTests({ changed, tests, graph: imports, prefix: "p/" });
    expect(chosen).toEqual({ files, onBase, full });
  });
});

describe("what a runner may be given", () => {
  const config = { testDir: "tests/", sourceExtensions: [".py", ".js", ".sh"] };
  test.each<[string, string[], string[]]>([
    [
      "files named like tests, wherever they are",
      ["tests/test_a.py", "tests/conftest.py", "tests/helpers.py", "src/b_test.py", "src/b.py"],
      ["tests/test_a.py", "src/b_test.py"],
    ],
    [
      "where none is named like one, every source file of the folder",
      ["tests/a.js", "tests/deep/b.js", "tests/data.json", "tests/x.sh", "src/a.js"],
      ["tests/a.js", "tests/deep/b.js"],
    ],
  ])("%s", (_what, names, expected) => {
    expect(testFiles(config, names)).toEqual(expected);
  });
});
