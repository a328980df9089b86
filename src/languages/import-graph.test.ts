import { describe, expect, test } from "bun:test";
import { importGraph } from "./import-graph.ts";
import { importIndex } from "./import-index.ts";
import { importsOf } from "./imports.ts";

async function graphOf(texts: Record<string, string>) {
  const files = Object.entries(texts).map(async ([path, text]) => {
    return { path, imports: (await importsOf(path, text)) ?? [] };
  });
  return importGraph(await Promise.all(files), importIndex(Object.keys(texts), new Map()));
}

describe("the import graph", () => {
  const chain = {
    "a.ts": "",
    "b.ts": 'import "./a"',
    "c.ts": 'import "./b"; import "./d"',
    "d.ts": 'import "./c"',
    "e.ts": "",
  };

  test("the graph lists the imports and the importers of a file", async () => {
    const graph = await graphOf(chain);
    expect([...graph.uses("c.ts")]).toEqual(["b.ts", "d.ts"]);
    expect([...graph.usedBy("c.ts")]).toEqual(["d.ts"]);
    expect([...graph.uses("none.ts")]).toEqual([]);
  });

  test.each<[string[], number | undefined, string[]]>([
    [["a.ts"], undefined, ["b.ts", "c.ts", "d.ts"]],
    [["a.ts"], 1, ["b.ts"]],
    [["a.ts"], 2, ["b.ts", "c.ts"]],
    [["c.ts"], undefined, ["c.ts", "d.ts"]],
    [["e.ts"], undefined, []],
    [["gone.ts"], undefined, []],
  ])("the dependents of %j within %j steps are %j", async (changed, depth, expected) => {
    const graph = await graphOf(chain);
    expect([...graph.dependentsOf(changed, depth)].sort()).toEqual(expected);
  });

  test("the __init__.py of a package depends on its modules, its own imports are not followed", async () => {
    const graph = await graphOf({
      "p/__init__.py": "from .x import f",
      "p/x.py": "",
      "p/y.py": "",
      "test_y.py": "import p.y",
    });
    expect([...graph.dependentsOf(["p/__init__.py"])].sort()).toEqual([
      "p/__init__.py",
      "p/x.py",
      "p/y.py",
      "test_y.py",
    ]);
    expect([...graph.dependentsOf(["p/x.py"])]).toEqual(["p/__init__.py"]);
  });

  test("conftest.py makes tests depend on what it imports", async () => {
    const graph = await graphOf({
      "app.py": "",
      "tests/conftest.py": "import app",
      "tests/test_a.py": "",
    });
    expect([...graph.dependentsOf(["app.py"])]).toEqual(["tests/conftest.py", "tests/test_a.py"]);
  });

  test("a cycle of files in one package terminates", async () => {
    const graph = await graphOf({
      "a/a.go": "package a",
      "a/b.go": "package a",
      "a/b_test.go": "package a",
    });
    expect([...graph.dependentsOf(["a/a.go"])].sort()).toEqual(["a/a.go", "a/b.go", "a/b_test.go"]);
  });
});
