import { describe, expect, test } from "bun:test";
import { importIndex } from "../languages/import-index.ts";
import { languageOf } from "../languages/language.ts";
import { isTestCode } from "../languages/test-path.ts";
import { fileMetrics } from "./file-metrics.ts";
import { components, longestChain, moduleOf, type SourceFile } from "./graph.ts";
import { type Figures, gini, measureFiles } from "./metrics.ts";

type Texts = Record<string, string>;

async function sources(texts: Texts): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const [path, text] of Object.entries(texts)) {
    const metrics = await fileMetrics(languageOf(path), text);
    if (metrics !== null) files.push({ path, metrics, counted: !isTestCode(path) });
  }
  return files;
}

async function figures(texts: Texts): Promise<Figures> {
  const manifests = new Map(Object.entries(texts).filter(([path]) => path.endsWith("go.mod")));
  const index = importIndex(Object.keys(texts), manifests);
  return measureFiles(await sources(texts), index, { includeTests: false }).figures;
}

/** Syntax of a language for files with functions and imports of the form `folder/name`. */
interface Dialect {
  file(folder: string, name: string): string;
  text(o: { folder: string; imports?: [string, string][]; functions?: string[] }): string;
  /** A function with this number of branches. */
  fn(name: string, branches: number): string;
  /** Code that references a function. */
  use(name: string): string;
}

const ecma: Dialect = {
  file: (folder, name) => `${folder}/${name}.ts`,
  text: ({ imports = [], functions = [] }) =>
    [...imports.map(([f, n]) => `import { ${n} } from "../${f}/${n}.ts";`), ...functions].join(
      "\n",
    ),
  fn: (name, branches) =>
    `function ${name}(x: number) {\n${"  if (x) x += 1;\n".repeat(branches)}  return x;\n}`,
  use: (name) => `${name}(1);`,
};

const dialects: Record<string, Dialect> = {
  typescript: ecma,
  javascript: {
    ...ecma,
    file: (folder, name) => `${folder}/${name}.js`,
    text: ({ imports = [], functions = [] }) =>
      [...imports.map(([f, n]) => `const ${n} = require("../${f}/${n}.js");`), ...functions].join(
        "\n",
      ),
    fn: (name, branches) =>
      `function ${name}(x) {\n${"  if (x) x += 1;\n".repeat(branches)}  return x;\n}`,
  },
  python: {
    file: (folder, name) => `${folder}/${name}.py`,
    text: ({ imports = [], functions = [] }) =>
      [...imports.map(([f, n]) => `import ${f}.${n}`), ...functions].join("\n"),
    fn: (name, branches) =>
      `def ${name}(x):\n${"    if x:\n        x += 1\n".repeat(branches)}    return x\n`,
    use: (name) => `${name}(1)`,
  },
  rust: {
    file: (folder, name) => `src/${folder}/${name}.rs`,
    text: ({ imports = [], functions = [] }) =>
      [...imports.map(([f, n]) => `use crate::${f}::${n};`), ...functions].join("\n"),
    fn: (name, branches) =>
      `fn ${name}(mut x: u32) -> u32 {\n${"  if x > 0 { x += 1; }\n".repeat(branches)}  x\n}`,
    use: (name) => `const V${name}: u32 = ${name}(1);`,
  },
  go: {
    file: (folder, name) => `${folder}${name}/${name}.go`,
    text: ({ folder, imports = [], functions = [] }) =>
      [
        `package ${folder}`,
        ...imports.map(([f, n]) => `import "example.com/m/${f}${n}"`),
        ...functions,
      ].join("\n"),
    fn: (name, branches) =>
      `func ${name}(x int) int {\n${"  if x > 0 { x++ }\n".repeat(branches)}  return x\n}`,
    use: (name) => `var v${name} = ${name}(1)`,
  },
  java: {
    file: (folder, name) => `${folder}/${name}.java`,
    text: ({ folder, imports = [], functions = [] }) =>
      [
        `package ${folder};`,
        ...imports.map(([f, n]) => `import ${f}.${n};`),
        `class C { ${functions.join("\n")} }`,
      ].join("\n"),
    fn: (name, branches) =>
      `int ${name}(int x) {\n${"  if (x > 0) x++;\n".repeat(branches)}  return x;\n}`,
    use: (name) => `int v${name} = ${name}(1);`,
  },
};

function ecmaReexports(count: number): string {
  const lines = Array.from({ length: count }, (_, at) => `export { m${at} } from "./m${at}.ts";`);
  return lines.join("\n");
}

/** Texts of a project of files `folder/name` with imports and functions. */
function project(
  dialect: Dialect,
  files: Record<string, { imports?: string[]; functions?: string[] }>,
): Texts {
  const texts: Texts = { "go.mod": "module example.com/m\n", "src/lib.rs": "" };
  const crates = new Map<string, string[]>();
  for (const [id, { imports = [], functions = [] }] of Object.entries(files)) {
    const [folder = "", name = ""] = id.split("/");
    crates.set(folder, [...(crates.get(folder) ?? []), name]);
    const pairs = imports.map((one) => one.split("/") as [string, string]);
    texts[dialect.file(folder, name)] = dialect.text({ folder, imports: pairs, functions });
  }
  if (dialect === dialects["rust"]) {
    texts["src/lib.rs"] = [...crates.keys()].map((folder) => `mod ${folder};`).join("\n");
    for (const [folder, names] of crates) {
      texts[`src/${folder}/mod.rs`] = names.map((name) => `pub mod ${name};`).join("\n");
    }
    texts["Cargo.toml"] = '[package]\nname = "m"\n';
  }
  return texts;
}

describe.each(Object.entries(dialects))("in %s", (name, dialect) => {
  const chain = (length: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, at) => [
        `a/f${at}`,
        { imports: at + 1 < length ? [`a/f${at + 1}`] : [] },
      ]),
    );

  test("an import cycle lowers acyclicity, a chain does not", async () => {
    const open = await figures(project(dialect, { ...chain(3) }));
    const closed = await figures(project(dialect, { ...chain(3), "a/f2": { imports: ["a/f0"] } }));
    // Rust: a `mod` declaration imports the child, a `use` path does not import the parent.
    expect(open).toMatchObject({ cycles: 0, components: { acyclicity: 1 } });
    expect(closed).toMatchObject({ cycles: 1, components: { acyclicity: 0.5 } });
  });

  test("a longer chain lowers depth", async () => {
    const short = await figures(project(dialect, chain(3)));
    const long = await figures(project(dialect, chain(9)));
    expect(long.components.depth).toBeLessThan(short.components.depth);
    expect(short.maxDepth).toBe(2);
  });

  test("edges across folders lower modularity", async () => {
    const tidy = project(dialect, {
      "a/x": { imports: ["a/y"] },
      "a/y": {},
      "b/x": { imports: ["b/y"] },
      "b/y": {},
    });
    const tangled = project(dialect, {
      "a/x": { imports: ["b/y"] },
      "a/y": {},
      "b/x": { imports: ["a/y"] },
      "b/y": {},
    });
    if (name === "go") return; // A package is a folder: every import crosses.
    const [before, after] = [await figures(tidy), await figures(tangled)];
    expect(after.components.modularity).toBeLessThan(before.components.modularity);
    expect(after.crossModuleEdges).toBe(before.crossModuleEdges + 2);
  });

  test("a function of 200 lines lowers equality", async () => {
    const small = ["f", "g", "h"].map((one) => dialect.fn(one, 1));
    const before = await figures(project(dialect, { "a/x": { functions: small } }));
    const functions = [...small, dialect.fn("big", 198)];
    const after = await figures(project(dialect, { "a/x": { functions } }));
    expect(after.components.equality).toBeLessThan(before.components.equality);
    expect(after.quality).toBeLessThan(before.quality + 1e-9);
    expect(after.longFunctions).toBe(1);
    expect(after.complexFunctions).toBe(1);
  });

  test("an unreferenced function lowers redundancy", async () => {
    const used = [dialect.fn("f", 1), dialect.use("f")];
    const before = await figures(project(dialect, { "a/x": { functions: used } }));
    const functions = [...used, dialect.fn("lost", 2)];
    const after = await figures(project(dialect, { "a/x": { functions } }));
    expect(before).toMatchObject({ deadFunctions: 0, components: { redundancy: 1 } });
    // Java has only methods, and methods are never dead.
    const expected = name === "java" ? [0, 1] : [1, 0.5];
    expect([after.deadFunctions, after.components.redundancy]).toEqual(expected);
  });

  test("a copy of a function under another name lowers redundancy", async () => {
    const used = [dialect.fn("f", 2), dialect.use("f"), dialect.use("other")];
    const before = await figures(project(dialect, { "a/x": { functions: used } }));
    const copied = { functions: [dialect.fn("other", 2)] };
    const files = { "a/x": { functions: used }, "a/y": copied };
    const after = await figures(project(dialect, files));
    expect(before.components.redundancy).toBe(1);
    expect(after).toMatchObject({ duplicateFunctions: 1, components: { redundancy: 0.5 } });
  });

  test("a god file is counted and lowers quality", async () => {
    const folders = Array.from({ length: 8 }, (_, at) => `m${at}`);
    const files = Object.fromEntries(
      folders.flatMap((m) => [
        [`${m}/x`, { imports: [`${m}/y`] }],
        [`${m}/y`, {}],
      ]),
    );
    const before = await figures(project(dialect, files));
    const god = { "a/god": { imports: Object.keys(files) } };
    const after = await figures(project(dialect, { ...files, ...god }));
    expect([before.godFiles, after.godFiles]).toEqual([0, 1]);
    if (name === "go") return; // In this project each Go file is a module of its own.
    expect(after.components.modularity).toBeLessThan(before.components.modularity);
    expect(after.quality).toBeLessThan(before.quality);
  });

  test("figures do not depend on the order or the names of files and functions", async () => {
    const files = {
      "a/x": { imports: ["b/y"], functions: [dialect.fn("f", 3), dialect.use("f")] },
      "b/y": { imports: ["a/z"], functions: [dialect.fn("g", 1)] },
      "a/z": { functions: [dialect.fn("h", 3)] },
    };
    const texts = project(dialect, files);
    const before = await figures(texts);
    const backwards = Object.fromEntries(Object.entries(texts).reverse());
    expect(await figures(backwards)).toEqual(before);
    const renamed = JSON.parse(
      JSON.stringify(files)
        .replaceAll("b/y", "zz/why")
        .replaceAll("a/z", "a/aardvark")
        .replaceAll(/\bf\b/g, "firstly")
        .replaceAll(/\bg\b/g, "secondly"),
    ) as typeof files;
    expect(await figures(project(dialect, renamed))).toEqual(before);
  });
});

describe("figures", () => {
  test.each([
    [[1, 1, 1, 1], 0],
    [[0, 0, 0, 1], 0.75],
    [[1, 2, 3, 4], 0.25],
    [[4, 1, 3, 2], 0.25],
    [[1, 3], 0.25],
    [[7], 0],
    [[], 0],
    [[0, 0], 0],
  ])("the Gini coefficient of %p is %d", (values, expected) => {
    expect(gini(values)).toBeCloseTo(expected, 12);
  });

  test("Newman's modularity equals the manual calculation", async () => {
    // m = 3; a: 2 out, 1 in, b: 1 out, 2 in; 2 within: Q = 2/3 - (2*1 + 1*2)/9 = 2/9.
    const texts = project(ecma, {
      "a/x": { imports: ["a/y", "b/x"] },
      "a/y": {},
      "b/x": { imports: ["b/y"] },
      "b/y": {},
    });
    const { q, components: parts } = await figures(texts);
    expect(q).toBe(0.222222);
    expect(parts.modularity).toBe(0.481481);
  });

  test("modularity is 0 for a single module and 0.5 for two separate ones", async () => {
    const pair = { "a/x": { imports: ["a/y"] }, "a/y": {} };
    expect((await figures(project(ecma, pair))).q).toBe(0);
    const two = { ...pair, "b/x": { imports: ["b/y"] }, "b/y": {} };
    expect((await figures(project(ecma, two))).q).toBe(0.5);
  });

  test("a project without edges and functions has quality 1", async () => {
    expect(await figures({ "src/a.ts": "export const a = 1;\n" })).toMatchObject({
      q: 1,
      quality: 1,
      components: { modularity: 1, acyclicity: 1, depth: 1, equality: 1, redundancy: 1 },
    });
  });

  test("equality is computed from file lengths when there are no functions", async () => {
    const { components: parts } = await figures({ "a.ts": "1\n", "b.ts": "1\n2\n3\n" });
    expect(parts.equality).toBe(0.75);
  });

  test("quality is the geometric mean of the components", async () => {
    const { quality, components: c } = await figures(
      project(ecma, {
        "a/x": { imports: ["a/y"], functions: [ecma.fn("f", 3), ecma.fn("g", 0), ecma.use("g")] },
        "a/y": { imports: ["a/x"] },
      }),
    );
    const product = c.modularity * c.acyclicity * c.depth * c.equality * c.redundancy;
    expect(quality).toBeCloseTo(product ** 0.2, 4);
    expect(c).toEqual({
      modularity: 0.333333,
      acyclicity: 0.5,
      depth: 1,
      equality: 0.7,
      redundancy: 0.5,
    });
  });

  test("dependencies on stable modules are not counted as coupling", async () => {
    const base = { "core/x": {}, "a/x": { imports: ["core/x"] }, "b/x": { imports: ["core/x"] } };
    expect((await figures(project(ecma, base))).coupling).toBe(0);
    const one = { "core/x": {}, "a/x": { imports: ["core/x"] } };
    expect((await figures(project(ecma, one))).coupling).toBe(1);
    const unstable = { ...base, "core/x": { imports: ["c/x"] }, "c/x": {} };
    expect((await figures(project(ecma, unstable))).coupling).toBe(1);
    // Two modules depend on c, so c is stable, and therefore core.
    const both = { ...unstable, "d/x": { imports: ["c/x"] } };
    expect((await figures(project(ecma, both))).coupling).toBe(0);
  });

  test("a file with more than 20 dependents is a hotspot unless it is stable", async () => {
    const users = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`a/u${at}`, { imports: ["a/hub"] }]),
      );
    const leaves = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`a/l${at}`, {}]));
    const hub = { "a/hub": { imports: Object.keys(leaves) } };
    expect((await figures(project(ecma, { ...users(21), ...leaves, ...hub }))).hotspots).toBe(1);
    expect((await figures(project(ecma, { ...users(21), "a/hub": {} }))).hotspots).toBe(0);
    expect((await figures(project(ecma, { ...users(20), ...leaves, ...hub }))).hotspots).toBe(0);
  });

  const acyclic = { cycles: 0, godFiles: 0, components: { acyclicity: 1 } };

  test.each<[string, number, Texts]>([
    [
      "a Rust crate root and a module that uses its type",
      1,
      {
        "Cargo.toml": '[package]\nname = "m"\n',
        "src/lib.rs": "pub mod b;\npub struct T;\n",
        "src/b.rs": "use crate::T;\npub fn f(_: T) {}\n",
      },
    ],
    [
      "a Rust module folder one level below its crate root",
      1,
      {
        "Cargo.toml": '[package]\nname = "m"\n',
        "src/lib.rs": "mod b;\npub use b::c::F;\npub struct T;\n",
        "src/b/mod.rs": "pub mod c;\n",
        "src/b/c.rs": "use crate::T;\npub struct F(T);\n",
      },
    ],
    [
      "a Python package that re-exports a module which uses the package",
      1,
      {
        "p/__init__.py": "from .core import f\nVERSION = 1\n",
        "p/core.py": "from p import VERSION\n\ndef f():\n    return VERSION\n",
      },
    ],
    [
      "an index file with 20 re-exports",
      20,
      Object.fromEntries([
        ["src/index.ts", ecmaReexports(20)],
        ...Array.from({ length: 20 }, (_, at) => [`src/m${at}.ts`, `export const m${at} = 1;\n`]),
      ]),
    ],
    [
      "a program's entry point with 20 imports",
      20,
      Object.fromEntries([
        ["app/main.ts", ecmaReexports(20)],
        ...Array.from({ length: 20 }, (_, at) => [`app/m${at}.ts`, `export const m${at} = 1;\n`]),
      ]),
    ],
  ])("A33 %s is neither a cycle nor a god file", async (_, importEdges, texts) => {
    expect(await figures(texts)).toMatchObject({ ...acyclic, importEdges });
  });

  test("A33 a cycle between two modules of a Python package is still one", async () => {
    const found = await figures({
      "p/__init__.py": "from .a import f\n",
      "p/a.py": "from .b import g\n\ndef f():\n    return g()\n",
      "p/b.py": "from .a import f\n\ndef g():\n    return f()\n",
    });
    expect(found.cycles).toBe(1);
  });

  test("A33 the quality of a small library of unreferenced functions is not 0", async () => {
    const found = await figures({
      "lib.py": "def f(x):\n    return x\n\ndef g(x):\n    return -x\n",
    });
    expect(found).toMatchObject({ deadFunctions: 2, components: { redundancy: 0 } });
    expect(found.quality).toBeCloseTo(0.01 ** (1 / 5), 3);
  });

  test("A33 test functions are not dead, public functions of Rust and methods neither", async () => {
    const texts = {
      "Cargo.toml": '[package]\nname = "m"\n',
      "src/lib.rs": "pub fn f() {}\nstruct S;\nimpl S { fn m(&self) {} }\n",
      "tests/t.rs": "fn helper_of_a_runner() {}\n#[test]\nfn t() {}\n",
      "test_a.py": "def test_a():\n    assert True\n",
    };
    const index = importIndex(Object.keys(texts), new Map());
    const files = (await sources(texts)).map((file) => ({ ...file, counted: true }));
    const { deadFunctions } = measureFiles(files, index, { includeTests: true }).figures;
    expect(deadFunctions).toBe(0);
  });

  test("test files are not counted, but their references are", async () => {
    const texts = { "src/a.ts": "export function f() { return 1; }\n" };
    const tested = { ...texts, "test/a.test.ts": 'import { f } from "../src/a.ts";\nf();\n' };
    expect((await figures(texts)).deadFunctions).toBe(1);
    expect(await figures(tested)).toMatchObject({ files: 1, edges: 0, deadFunctions: 0 });
  });

  test.each([
    ["src/a.ts", ""],
    ["src/a/b.ts", "a"],
    ["src/a/b/c.ts", "a/b"],
    ["pkg/a.py", ""],
    ["src/main/java/com/acme/A.java", "com/acme"],
    ["tools/a.ts", "tools"],
    ["a.ts", ""],
  ])("the module of %s is %p", (path, module) => expect(moduleOf(path)).toBe(module));

  test("a chain and a cycle of 10,000 files do not overflow the stack", () => {
    const chain = Array.from({ length: 10_000 }, (_, at) => (at < 9_999 ? [at + 1] : []));
    expect(longestChain(chain, components(chain))).toBe(9_999);
    const circle = chain.map((to) => (to.length === 0 ? [0] : to));
    expect(components(circle)).toHaveLength(1);
    expect(longestChain(circle, components(circle))).toBe(0);
  });
});
