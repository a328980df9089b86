import { describe, expect, test } from "bun:test";
import type { ImportGraph } from "../../languages/import-graph.ts";
import { type ChangedPath, chooseTests, testFiles } from "./test-selection.ts";

/** An import graph in which `users` depend on the changed files and some file imports each of `known`. */
function graph(users: string[], known: string[] = []): ImportGraph {
  return {
    uses: () => new Set(),
    usedBy: (path) => new Set(known.includes(path) ? ["importer"] : []),
    dependentsOf: () => new Set(users),
  };
}

const edited = (path: string): ChangedPath => ({ path, onBase: true, inTree: true });
const added = (path: string): ChangedPath => ({ path, onBase: false, inTree: true });
const deleted = (path: string): ChangedPath => ({ path, onBase: true, inTree: false });

describe("chooseTests", () => {
  const tests = new Set(["p/test_a.py", "p/test_b.py"]);
  test.each<[string, ChangedPath[], ImportGraph, string[], string[], string | null]>([
    [
      "a test that reaches the changed file",
      [edited("p/a.py")],
      graph(["p/a2.py", "p/test_a.py"]),
      ["test_a.py"],
      ["test_a.py"],
      null,
    ],
    ["an added test", [added("p/test_b.py")], graph([]), ["test_b.py"], [], null],
    [
      "A7 all tests, when a test is deleted",
      [deleted("p/test_c.py")],
      graph([]),
      [],
      [],
      "no test imports a changed file",
    ],
    [
      "A6 all tests, when none reaches the changed file",
      [edited("p/a.py")],
      graph(["p/a2.py"]),
      [],
      [],
      "no test imports a changed file",
    ],
    [
      "A6 all tests, when a file without imports changed",
      [edited("p/test_a.py"), edited("Makefile")],
      graph([]),
      [],
      [],
      "cannot determine the tests affected by Makefile",
    ],
    [
      "A6 all tests, when a script changed",
      [edited("p/test_a.py"), edited("x.sh")],
      graph([]),
      [],
      [],
      "cannot determine the tests affected by x.sh",
    ],
    [
      "tests that import a changed data file",
      [edited("p/x.json")],
      graph(["p/test_a.py"], ["p/x.json"]),
      ["test_a.py"],
      ["test_a.py"],
      null,
    ],
    [
      "no more tests when documentation changed",
      [edited("README.md"), edited("p/test_a.py")],
      graph([]),
      ["test_a.py"],
      ["test_a.py"],
      null,
    ],
  ])("the selection is: %s", (_what, changed, imports, files, onBase, full) => {
    const chosen = chooseTests({ changed, noted: [], tests, graph: imports, prefix: "p/" });
    expect(chosen).toEqual({ files, onBase, full });
  });

  test("the tests of an unchanged file with a note are selected, too", () => {
    const dependents: Record<string, string[]> = {
      "p/a.py": ["p/test_a.py"],
      "p/b.py": ["p/test_b.py"],
    };
    const imports: ImportGraph = {
      ...graph([]),
      dependentsOf: (paths) => new Set([...paths].flatMap((path) => dependents[path] ?? [])),
    };
    const selected = (noted: string[]) =>
      chooseTests({ changed: [edited("p/a.py")], noted, tests, graph: imports, prefix: "p/" })
        .files;
    expect(selected([])).toEqual(["test_a.py"]);
    expect(selected(["p/b.py"])).toEqual(["test_a.py", "test_b.py"]);
    expect(selected(["p/test_b.py"])).toEqual(["test_a.py", "test_b.py"]);
  });
});

describe("testFiles", () => {
  const config = { testDir: "tests/", sourceExtensions: [".py", ".js", ".sh"] };
  test.each<[string, string[], string[]]>([
    [
      "files named like tests in any folder",
      ["tests/test_a.py", "tests/conftest.py", "tests/helpers.py", "src/b_test.py", "src/b.py"],
      ["tests/test_a.py", "src/b_test.py"],
    ],
    [
      "every source file below test_dir, when none is named like a test",
      ["tests/a.js", "tests/deep/b.js", "tests/data.json", "tests/x.sh", "src/a.js"],
      ["tests/a.js", "tests/deep/b.js"],
    ],
  ])("the files a runner can be given are: %s", (_what, names, expected) => {
    expect(testFiles(config, names)).toEqual(expected);
  });
});
